/** The program of a thread that moves what was committed from the log to the database file. */
import type Sqlite from 'better-sqlite3';

/** How many pages the log has, and how many of them are in the database file. */
export interface LogPages {
  readonly log: number;
  readonly checkpointed: number;
}

/**
 * Copies what it can at each message, without stopping readers or the writer. A thread starts this
 * function from its source text; see serveSearches.
 */
export function serveCheckpoints(
  { parentPort, workerData }: typeof import('node:worker_threads'),
  require: NodeJS.Require,
): void {
  const { driver, path }: { driver: string; path: string } = workerData;
  const Database: typeof Sqlite = require(driver);
  const db = new Database(path, { fileMustExist: true });
  db.pragma('synchronous = FULL');
  const checkpoint = db.prepare<[], LogPages>('PRAGMA wal_checkpoint(PASSIVE)');
  parentPort?.on('message', () => {
    try {
      parentPort.postMessage(checkpoint.get());
    } catch (error) {
      if (!(error instanceof Database.SqliteError)) throw error;
      // A full volume, for example. It is tried again later.
      parentPort.postMessage(undefined);
    }
  });
}
