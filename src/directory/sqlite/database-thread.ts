/** Threads that use the database file beside the one that serves requests. */
// The banner of the bundle declares createRequire itself.
import { createRequire as requireFrom } from 'node:module';
import { Worker } from 'node:worker_threads';

/**
 * The program of a thread, whose workerData is DatabaseOfThread. It is started from its source text,
 * so that it needs no file of its own: nothing outside of the function may be used.
 */
type ThreadProgram = (
  threads: typeof import('node:worker_threads'),
  require: NodeJS.Require,
) => void;

export interface DatabaseOfThread {
  /** The path of the module better-sqlite3. */
  readonly driver: string;
  readonly path: string;
}

interface ThreadOptions {
  readonly name: string;
  readonly heapMb: number;
  /** What else the program needs in its workerData. */
  readonly data?: object;
}

const DRIVER = requireFrom(import.meta.url).resolve('better-sqlite3');

/** Throws if the process may have no more threads. */
export function startDatabaseThread(
  program: ThreadProgram,
  path: string,
  { name, heapMb, data }: ThreadOptions,
): Worker {
  const workerData: DatabaseOfThread = { ...data, driver: DRIVER, path };
  return new Worker(`(${program})(require('node:worker_threads'), require)`, {
    eval: true,
    name,
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: heapMb },
  });
}
