/** Questions that nobody has long to wait for. */

/** A scraper gives up after ten seconds, most after less. */
const DEADLINE_MS = 2_000;

/**
 * The question, to be asked over and over: undefined when it fails or is not answered before the
 * deadline. It is put once at a time, so that a database that hangs isn't given more and more to
 * do.
 */
export function impatient<T>(
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
