/** The frame of a program that sets a stage, looks at what happens on it, and clears it away, however it ends. */

/** What is to be undone, the last first. */
export type Closing = (() => unknown)[];

/** Exits with 0 when the work answers true, otherwise with 1; with 130 at a signal. */
export async function runTrial(
  name: string,
  work: (closing: Closing) => Promise<boolean>,
): Promise<never> {
  const closing: Closing = [];
  const close = async () => {
    for (const undo of closing.splice(0).reverse()) await undo();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => void close().finally(() => process.exit(130)));
  let exitCode = 1;
  try {
    if (await work(closing)) exitCode = 0;
  } catch (error) {
    process.stderr.write(`${name}: ${error instanceof Error ? error.stack : String(error)}\n`);
  }
  await close();
  process.exit(exitCode);
}
