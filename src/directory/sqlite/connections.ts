/**
 * The two connections to a database file. One writes, in groups; the other one reads what is
 * committed.
 */
import { existsSync } from 'node:fs';
import Database from 'better-sqlite3';
import { type SQL, sql } from 'drizzle-orm';
import { type BetterSQLite3Database, drizzle } from 'drizzle-orm/better-sqlite3';
import { SQLiteSyncDialect } from 'drizzle-orm/sqlite-core';
import { DatabaseRefusedError } from '../database-errors.ts';
import { composer } from '../sql/compose.ts';
import { openDatabaseFile } from './database-file.ts';
import { asRefusal, asScimError } from './errors.ts';
import { FreeSpace, type SpaceEvents } from './free-space.ts';
import { checkCurrent } from './migrate.ts';
import { Writer } from './writer.ts';

/**
 * One connection: `orm` for fixed statements, `all` and `run` for statements that are composed at
 * run time.
 */
export interface SqliteConnection {
  readonly raw: Database.Database;
  readonly orm: BetterSQLite3Database;
  all<Row>(statement: SQL<Row>): Row[];
  run(statement: SQL): number;
}

export interface SqliteEvents extends SpaceEvents {
  /** Called if other users can read the files, with the reason why that can't be changed. */
  readonly onReadableByOthers?: (reason: string) => void;
}

export interface Connections {
  readonly writer: Writer;
  readonly write: SqliteConnection;
  readonly read: SqliteConnection;
  /** Runs the synchronous read. Rejects with 503 if the database fails. */
  reading<T>(run: () => T): Promise<T>;
  close(): void;
}

/**
 * Throws DatabaseRefusedError if retrying can't help, and SqliteError if the file can't be opened
 * at the moment.
 */
export function openConnections(
  path: string,
  now: () => number,
  events: SqliteEvents = {},
): Connections {
  const { onReadableByOthers } = events;
  const prepare = (db: Database.Database) => db.pragma('journal_mode = WAL');
  const file = openDatabaseFile(path, { now, prepare, onReadableByOthers });
  const write = file.db;
  let read: Database.Database | undefined;
  try {
    read = new Database(path, { readonly: true });
    for (const db of [write, read]) {
      db.pragma('cache_size = -65536');
      db.pragma('mmap_size = 268435456');
    }
  } catch (error) {
    read?.close();
    file.close();
    throw error;
  }
  const [writing, readable] = [connection(write), connection(read)];
  return {
    writer: new Writer(write, new FreeSpace(events)),
    write: writing,
    read: readable,
    reading,
    close: () => {
      readable.raw.close();
      file.close();
    },
  };
}

/** Only reads, so that another process may be using the file. */
type ReadConnections = Pick<Connections, 'read' | 'reading' | 'close'>;

/**
 * Reads a file of this version's schema beside the process that is using it. Throws
 * DatabaseRefusedError if it is no directory, or one of another version.
 */
export function openReadConnections(path: string): ReadConnections {
  if (!existsSync(path)) throw new DatabaseRefusedError('there is no such file');
  const db = new Database(path, { readonly: true });
  try {
    db.pragma('busy_timeout = 5000');
    checkCurrent(db);
  } catch (error) {
    db.close();
    throw asRefusal(error);
  }
  return { read: connection(db), reading, close: () => db.close() };
}

async function reading<T>(run: () => T): Promise<T> {
  try {
    return run();
  } catch (error) {
    throw asScimError(error);
  }
}

const MAX_PREPARED = 500;
/**
 * SQLite plans a statement again at every bind (30 µs) unless its parameters are expressions. `+`
 * has no other effect.
 */
const PARAMETER = '+?';
class StablePlanDialect extends SQLiteSyncDialect {
  override escapeParam(): string {
    return PARAMETER;
  }
}
const compose = composer(new StablePlanDialect(), () => PARAMETER);

/** The same for a placeholder in the WHERE clause of a statement that Drizzle prepares. */
export const parameter = (name: string): SQL => sql`+${sql.placeholder(name)}`;

function connection(raw: Database.Database): SqliteConnection {
  const prepared = new Map<string, Database.Statement>();
  const prepare = (text: string): Database.Statement => {
    const known = prepared.get(text);
    const statement = known ?? raw.prepare(text);
    // The oldest statement is dropped first; a hit moves to the end.
    prepared.delete(text);
    prepared.set(text, statement);
    const [oldest] = prepared.keys();
    if (prepared.size > MAX_PREPARED && oldest !== undefined) prepared.delete(oldest);
    return statement;
  };
  return {
    raw,
    orm: drizzle(raw),
    all: <Row>(statement: SQL<Row>) => {
      const query = compose(statement);
      return prepare(query.sql).all(...query.params) as Row[];
    },
    run: (statement) => {
      const query = compose(statement);
      return prepare(query.sql).run(...query.params).changes;
    },
  };
}
