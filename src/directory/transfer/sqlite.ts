/** The ends of a transfer on SQLite. */
import { existsSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { DamagedSourceError, DatabaseRefusedError } from '../database-errors.ts';
import { openDatabaseFile } from '../sqlite/database-file.ts';
import { asRefusal, isCorrupt } from '../sqlite/errors.ts';
import { type Lock, lockDatabase } from '../sqlite/lock.ts';
import { checkCurrent } from '../sqlite/migrate.ts';
import { BATCH_ROWS, type TransferSource, type TransferTarget } from './ends.ts';
import {
  type Kind,
  neutralRows,
  readStatement,
  type TransferRow,
  type TransferTable,
} from './tables.ts';

/**
 * Reads a file of this version's schema, which another process may be using: it sees what is
 * committed now, and doesn't hold up the writer. With `onInUse`, it keeps other processes from using
 * the file meanwhile, or calls `onInUse` if one already does. Throws DatabaseRefusedError if the
 * file is no directory, or one of another version, or damaged.
 */
export function openSqliteSource(path: string, onInUse?: () => void): TransferSource {
  if (!existsSync(path)) throw new DatabaseRefusedError('there is no such file');
  const db = new Database(path, { readonly: true });
  const held = onInUse && lockIfFree(path, onInUse);
  const close = () => {
    db.close();
    held?.release();
  };
  try {
    db.pragma('busy_timeout = 5000');
    db.exec('BEGIN');
    checkCurrent(db);
    const source = sourceOn(db, close);
    return { ...source, rows: (table) => undamaged(source.rows(table)) };
  } catch (error) {
    close();
    throw isCorrupt(error) ? new DamagedSourceError(error) : asRefusal(error);
  }
}

async function* undamaged<T>(rows: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* rows;
  } catch (error) {
    throw isCorrupt(error) ? new DamagedSourceError(error) : error;
  }
}

/**
 * Creates the file, or opens the directory in it. Throws DatabaseRefusedError if another process
 * uses it, or if it is no directory of this version.
 */
export function openSqliteTarget(
  path: string,
  now: () => number,
  { lock }: { readonly lock: boolean } = { lock: true },
): TransferTarget {
  const prepare = (db: Database.Database) => db.pragma('cache_size = -16384');
  const { db, close } = openDatabaseFile(path, { now, prepare, locks: lock });
  try {
    db.exec('BEGIN IMMEDIATE');
  } catch (error) {
    close();
    throw error;
  }
  return targetOn(db, close);
}

/** A read-only volume has no room for a lock, and no writer either. */
function lockIfFree(path: string, onInUse: () => void): Lock | undefined {
  try {
    return lockDatabase(path);
  } catch (error) {
    if (error instanceof DatabaseRefusedError) onInUse();
    return undefined;
  }
}

function sourceOn(db: Database.Database, close: () => void): TransferSource {
  return {
    rows: (table) => rowsOf(db, table),
    close: async () => close(),
  };
}

function targetOn(db: Database.Database, close: () => void): TransferTarget {
  const inserts = new Map<TransferTable, Database.Statement>();
  const insertInto = (table: TransferTable) => {
    const statement = inserts.get(table) ?? db.prepare(insertStatement(table));
    inserts.set(table, statement);
    return statement;
  };
  return {
    ...sourceOn(db, close),
    insert: async (table, rows) => {
      const statement = insertInto(table);
      for (const row of rows) statement.run(...row);
    },
    clear: async ({ name }) => {
      db.exec(`DELETE FROM ${name}`);
    },
    commit: async () => {
      db.exec('COMMIT');
    },
  };
}

async function* rowsOf(
  db: Database.Database,
  table: TransferTable,
): AsyncGenerator<readonly TransferRow[]> {
  const statement = db.prepare<[], TransferRow>(readStatement(table, fromSqlite)).raw();
  let batch: TransferRow[] = [];
  for (const row of statement.iterate()) {
    batch.push(row);
    if (batch.length < BATCH_ROWS) continue;
    yield neutralRows(table, batch);
    batch = [];
    // Signals and the other end get their turn.
    await nextTurn();
  }
  if (batch.length > 0) yield neutralRows(table, batch);
}

const fromSqlite = (expression: string, kind: Kind): string =>
  kind === 'jsonb' ? `json(${expression})` : expression;

function insertStatement({ name, columns }: TransferTable): string {
  const values = columns.map(({ kind }) => (kind === 'jsonb' ? 'jsonb(?)' : '?'));
  const list = columns.map((column) => column.name);
  return `INSERT INTO ${name} (${list.join(', ')}) VALUES (${values.join(', ')})`;
}
