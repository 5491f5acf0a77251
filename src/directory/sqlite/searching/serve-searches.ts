/** The program of a thread that searches a database file. */
import type Sqlite from 'better-sqlite3';
import type { Statement } from '../../sql/template.ts';
import type { DatabaseOfThread } from '../database-thread.ts';

interface SearchedDatabase extends DatabaseOfThread {
  /** Shared with the thread. Its only element is 1 once the thread has been told to end. */
  readonly told: Int32Array;
}

/** The rows of the statement, or its error. */
export type SearchReply =
  | { readonly rows: readonly unknown[] }
  | { readonly code: string; readonly message: string };

/**
 * Runs the statements of each search on one state of the database, until its end. A thread starts
 * this function from its source text; see startDatabaseThread.
 */
export function serveSearches(
  { parentPort, workerData }: typeof import('node:worker_threads'),
  require: NodeJS.Require,
): void {
  const { driver, path, told }: SearchedDatabase = workerData;
  const Database: typeof Sqlite = require(driver);
  let opened: Sqlite.Database | undefined;
  /** Ends the statement that calls it, and the thread, if the thread was told to end. */
  const unended = () => {
    if (Atomics.load(told, 0) !== 0) throw new Error('the search was told to end');
    return 1;
  };
  const open = () => {
    const db = new Database(path, { readonly: true });
    db.pragma('busy_timeout = 5000');
    db.pragma('mmap_size = 268435456');
    db.function('unended', unended);
    return db;
  };
  const replyTo = (statement: Statement | null): SearchReply => {
    try {
      if (statement === null) {
        if (opened?.inTransaction) opened.exec('COMMIT');
        return { rows: [] };
      }
      opened ??= open();
      if (!opened.inTransaction) opened.exec('BEGIN');
      // Preparing takes nothing beside a search that needs a thread.
      return { rows: opened.prepare(statement.sql).all(...statement.params) };
    } catch (error) {
      if (!(error instanceof Database.SqliteError)) throw error;
      return { code: error.code, message: error.message };
    }
  };
  try {
    // On Linux, a thread has a priority of its own. The one that serves requests comes first.
    const { readlinkSync }: typeof import('node:fs') = require('node:fs');
    const { setPriority }: typeof import('node:os') = require('node:os');
    setPriority(Number(readlinkSync('/proc/thread-self').split('/').at(-1)), 5);
  } catch {
    // Elsewhere, all threads are equal.
  }
  // Null stands for the end of a search.
  parentPort?.on('message', (statement: Statement | null) => {
    parentPort.postMessage(replyTo(statement));
  });
}
