/** Waiting for a condition with a deadline, in place of sleeping for a time. */

/**
 * Calls `check` until it returns without throwing, and answers what it returned. At the deadline it throws what `check` threw last.
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  { deadlineMs = 60_000, everyMs = 25 } = {},
): Promise<T> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
