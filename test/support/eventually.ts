/** Waits for a condition with a deadline, instead of sleeping. */

/**
 * Calls `check` until it doesn't throw, and returns its result. At the deadline, throws the last
 * error of `check`.
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
