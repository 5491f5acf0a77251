/** Opens a database file for writing. */
import Database from 'better-sqlite3';
import { renewLog } from './disk/write-ahead-log.ts';
import { asRefusal } from './errors.ts';
import { type Lock, lockDatabase } from './lock.ts';
import { checkOwner, migrate } from './migrate.ts';
import { createPrivately, makePrivate } from './private-files.ts';

interface FileOptions {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Sets what the caller needs before the schema is migrated. */
  readonly prepare: (db: Database.Database) => void;
  /** False for a file whose name nobody else knows yet. */
  readonly locks?: boolean;
  /** Called if other users can read the files, with the reason why that can't be changed. */
  readonly onReadableByOthers?: ((reason: string) => void) | undefined;
}

interface DatabaseFile {
  readonly db: Database.Database;
  /** Closes the file and releases its lock. */
  close(): void;
}

/**
 * Creates the file, or opens and migrates the directory in it, and keeps other processes from using
 * it. Throws DatabaseRefusedError if retrying can't help, and SqliteError if the file can't be
 * opened at the moment.
 */
export function openDatabaseFile(path: string, options: FileOptions): DatabaseFile {
  createPrivately(path);
  const db = new Database(path);
  let lock: Lock | undefined;
  const close = () => {
    db.close();
    lock?.release();
  };
  try {
    db.pragma('busy_timeout = 5000');
    checkOwner(db);
    if (options.locks !== false) {
      lock = lockDatabase(path);
      keepingLog(db, path, () => renewLog(path));
    }
    const readableByOthers = makePrivate(path);
    if (readableByOthers !== undefined) options.onReadableByOthers?.(readableByOthers);
    db.pragma('synchronous = FULL');
    options.prepare(db);
    migrate(db, options.now);
    return { db, close };
  } catch (error) {
    close();
    throw asRefusal(error);
  }
}

/** If the step fails, closes the database as it is: the log may not be on the disk. */
function keepingLog(db: Database.Database, path: string, step: () => void): void {
  try {
    step();
  } catch (error) {
    // The last connection to close copies the log to the database file, unless it can't write.
    const last = new Database(path, { readonly: true });
    last.pragma('schema_version');
    db.close();
    last.close();
    throw error;
  }
}
