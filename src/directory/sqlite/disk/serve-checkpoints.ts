/** The program of a thread that moves what was committed from the log to the database file. */
import type Sqlite from 'better-sqlite3';
import type { DatabaseOfThread } from '../database-thread.ts';

/**
 * Copies what it can at each message, without stopping readers or the writer, and replies. A thread
 * starts this function from its source text; see startDatabaseThread.
 */
export function serveCheckpoints(
  { parentPort, workerData }: typeof import('node:worker_threads'),
  require: NodeJS.Require,
): void {
  const { driver, path }: DatabaseOfThread = workerData;
  const Database: typeof Sqlite = require(driver);
  const db = new Database(path, { fileMustExist: true });
  db.pragma('synchronous = FULL');
  const checkpoint = db.prepare('PRAGMA wal_checkpoint(PASSIVE)');
  parentPort?.on('message', () => {
    try {
      checkpoint.get();
    } catch (error) {
      // A full volume, for example. It is tried again later.
      if (!(error instanceof Database.SqliteError)) throw error;
    }
    parentPort.postMessage(null);
  });
}
