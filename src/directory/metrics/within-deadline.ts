/** Questions whose answers can't be waited for long. */

/** Scrapers give up after ten seconds at most, and most of them earlier. */
const DEADLINE_MS = 2_000;

/**
 * Returns a function that asks the question. It returns undefined if the question fails or isn't
 * answered before the deadline. The question is asked once at a time, so that a database that hangs
 * isn't given more and more work.
 */
export function withinDeadline<T>(
  ask: () => Promise<T>,
  deadlineMs = DEADLINE_MS,
): () => Promise<T | undefined> {
  let asking: Promise<T | undefined> | undefined;
  return async () => {
    asking ??= ask()
      .catch(() => undefined)
      .finally(() => {
        asking = undefined;
      });
    const { promise: late, resolve } = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => resolve(undefined), deadlineMs);
    try {
      return await Promise.race([asking, late]);
    } finally {
      clearTimeout(timer);
    }
  };
}
