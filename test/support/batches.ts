/** Many calls, a few at a time, so that a busy machine doesn't keep the last ones waiting too long. */

export async function inBatches<T>(
  count: number,
  act: (index: number) => Promise<T>,
): Promise<T[]> {
  const results: T[] = [];
  while (results.length < count) {
    const next = Math.min(BATCH, count - results.length);
    const from = results.length;
    results.push(...(await Promise.all(Array.from({ length: next }, (_, at) => act(from + at)))));
  }
  return results;
}

const BATCH = 50;
