/** Only one process at a time may use a database file. Two would respond from different caches. */
import { realpathSync } from 'node:fs';
import Database from 'better-sqlite3';
import { DatabaseRefusedError } from '../database-errors.ts';
import { isSqliteError } from './errors.ts';
import { createPrivately } from './private-files.ts';

export interface Lock {
  release(): void;
}

/**
 * Locks an empty database beside the file, because Node.js has no locks of its own. The operating
 * system releases the lock when the process ends, however it ends. Throws DatabaseRefusedError if
 * another process holds the lock.
 */
export function lockDatabase(path: string): Lock {
  const lockFile = `${realpathSync(path)}-lock`;
  createPrivately(lockFile);
  const db = new Database(lockFile, { timeout: 0 });
  try {
    // Nothing is ever written, so that no journal is needed either.
    db.pragma('journal_mode = MEMORY');
    db.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    db.close();
    throw isSqliteError(error) && error.code === 'SQLITE_BUSY'
      ? new DatabaseRefusedError(
          'another process is using it; stop it, or use PostgreSQL, which several processes can share',
        )
      : error;
  }
  return { release: () => db.close() };
}
