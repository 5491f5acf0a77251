/** Runs a program that sets up servers, measures them, and cleans up however it ends. */

/** Functions that clean up. The last one runs first. */
export type Closing = (() => unknown)[];

async function close(closing: Closing): Promise<void> {
  for (const undo of closing.splice(0).reverse()) await undo();
}

/** What the work leaves to its own list ends with it, or with the outer list if the work fails. */
export async function inScope<T>(
  closing: Closing,
  work: (closing: Closing) => Promise<T>,
): Promise<T> {
  const own: Closing = [];
  closing.push(() => close(own));
  const result = await work(own);
  await close(own);
  return result;
}

/** Exits with 0 if the work returns true, otherwise with 1. A signal makes it exit with 130. */
export async function runTrial(
  name: string,
  work: (closing: Closing) => Promise<boolean>,
): Promise<never> {
  const closing: Closing = [];
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => void close(closing).finally(() => process.exit(130)));
  let exitCode = 1;
  try {
    if (await work(closing)) exitCode = 0;
  } catch (error) {
    process.stderr.write(`${name}: ${error instanceof Error ? error.stack : String(error)}\n`);
  }
  await close(closing);
  process.exit(exitCode);
}
