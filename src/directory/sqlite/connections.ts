/**
 * The two connections to a database file. One writes, in groups; the other one reads what is
 * committed.
 */
import { existsSync } from 'node:fs';
import Database from 'better-sqlite3';
import { type SQL, sql } from 'drizzle-orm';
import { type BetterSQLite3Database, drizzle } from 'drizzle-orm/better-sqlite3';
import { SQLiteSyncDialect } from 'drizzle-orm/sqlite-core';
import type { Eventual } from '../../eventual.ts';
import { unavailable } from '../../scim/error.ts';
import { MAX_WAITING_READS } from '../../scim/limits.ts';
import { DatabaseRefusedError } from '../database-errors.ts';
import { composer } from '../sql/compose.ts';
import { readerOf } from '../sql/search/reader.ts';
import { ManyRowsError, type Reader } from '../sql/search/reads.ts';
import type { Steps } from '../sql/search/steps.ts';
import { Template } from '../sql/template.ts';
import type { SearchesOfStore } from '../store/searches.ts';
import { openDatabaseFile } from './database-file.ts';
import { Checkpoints } from './disk/checkpoints.ts';
import { DurableCommits } from './disk/durable-commits.ts';
import { HeldState } from './disk/held-state.ts';
import { WriteAheadLog } from './disk/write-ahead-log.ts';
import { asRefusal, asScimError, asUnavailable } from './errors.ts';
import { FreeSpace, type SpaceEvents } from './free-space.ts';
import { checkCurrent } from './migrate.ts';
import { Searches } from './searching/searches.ts';
import { Writer } from './writer.ts';

/**
 * One connection. A template is composed and prepared once; other statements are composed whenever
 * they run.
 */
export interface SqliteConnection {
  readonly raw: Database.Database;
  readonly orm: BetterSQLite3Database;
  all<Row>(statement: SQL<Row>): Row[];
  all<In extends object, Row>(template: Template<In, Row>, input: In): Row[];
  /** Returns how many rows were written. */
  run(statement: SQL): number;
  run<In extends object>(template: Template<In, unknown>, input: In): number;
}

export interface SqliteEvents extends SpaceEvents {
  /** Called if other users can read the files, with the reason why that can't be changed. */
  readonly onReadableByOthers?: (reason: string) => void;
}

export interface Connections {
  readonly writer: Writer;
  readonly write: SqliteConnection;
  readonly read: SqliteConnection;
  /**
   * Runs the synchronous read of what is on the disk. Rejects with 503 if the database fails.
   */
  reading<T>(run: () => T): Promise<T>;
  /** Runs the statements of a read one after the other on one state of the database. */
  readonly reader: Reader;
  readonly searches: SearchesOfStore;
  close(): Promise<void>;
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
  const bound = new RowBound();
  let read: Database.Database | undefined;
  let log: WriteAheadLog | undefined;
  try {
    log = new WriteAheadLog(path);
    // The log is forced to the disk after each COMMIT; see the writer.
    write.pragma('synchronous = NORMAL');
    read = new Database(path, { readonly: true });
    read.function('unended', () => bound.check());
    write.pragma('mmap_size = 268435456');
    read.pragma('cache_size = -65536');
    // Every COMMIT after a page was split looks through the whole cache.
    write.pragma('cache_size = -16384');
  } catch (error) {
    read?.close();
    log?.close();
    file.close();
    throw error;
  }
  const [writing, readable] = [connection(write), connection(read)];
  const searches = new Searches(path);
  // Large reads are short beside searches, and don't wait for them.
  const large = new Searches(path, { waiting: MAX_WAITING_READS });
  const checkpoints = new Checkpoints(path, write, {
    get running() {
      return searches.counts.running + large.counts.running;
    },
    pause: () => {
      searches.pause();
      large.pause();
    },
    resume: () => {
      searches.resume();
      large.resume();
    },
  });
  const state = new HeldState(read);
  const writer = new Writer(write, {
    space: new FreeSpace(events),
    disk: new DurableCommits(log, state),
    tidy: (isLacking) => checkpoints.tidy(isLacking),
  });
  const atOnce = <T>(run: () => T): Eventual<T> => {
    if (state.isLost)
      return Promise.reject(unavailable(new Error('what was read last may not be on the disk')));
    return readAtOnce(() => {
      state.share();
      return run();
    });
  };
  /** A thread may have read what is not on the disk yet. */
  const settled = async <T>(found: Promise<T>): Promise<T> => {
    const value = await found.finally(() => {
      // A checkpoint is made between two transactions.
      if (checkpoints.isAwaited) void writer.write(() => undefined).catch(() => undefined);
    });
    try {
      await writer.settled;
    } catch (error) {
      throw asUnavailable(error);
    }
    return value;
  };
  return {
    writer,
    write: writing,
    read: readable,
    reading: async (run) => atOnce(run),
    reader: readerOf({
      direct: ({ steps, isBounded = false }) =>
        atOnce(() => bound.keep(isBounded, () => answered(readable, steps))),
      apart: ({ integrationId, steps, client }) =>
        settled(searches.run(integrationId, steps, client)),
      whole: ({ integrationId, steps, client }) => settled(large.run(integrationId, steps, client)),
    }),
    searches: { search: searches.counts, members: large.counts },
    close: async () => {
      await Promise.all([searches.close(), large.close(), checkpoints.close()]);
      // The last connection to close copies the log to the database file, unless it can't write.
      if (writer.isUnsure) file.close();
      readable.raw.close();
      file.close();
      log.close();
    },
  };
}

/** Only reads, so that another process may be using the file. */
interface ReadConnections extends Pick<Connections, 'read' | 'reading'> {
  close(): void;
}

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
  return { read: connection(db), reading: async (run) => readAtOnce(run), close: () => db.close() };
}

function readAtOnce<T>(run: () => T): Eventual<T> {
  try {
    return run();
  } catch (error) {
    return Promise.reject(asScimError(error));
  }
}

/** After so many calls, about 1,000 rows have been read; see SearchDialect. */
const MOST_CALLS = 64;

/** Stops a read on the thread that serves requests, if an index leads it to many rows. */
class RowBound {
  #left = Number.POSITIVE_INFINITY;

  /** The read is synchronous. Throws ManyRowsError if it is bounded and reads many rows. */
  keep<T>(isBounded: boolean, read: () => T): T {
    if (isBounded) this.#left = MOST_CALLS;
    try {
      return read();
    } finally {
      this.#left = Number.POSITIVE_INFINITY;
    }
  }

  /** Returns true as SQLite has it. */
  check(): number {
    if (this.#left-- <= 0) throw new ManyRowsError('an index led to many rows');
    return 1;
  }
}

function answered<T>(connection: SqliteConnection, steps: Steps<T>): T {
  for (let next = steps.next([]); ; ) {
    if (next.done) return next.value;
    const { template, input } = next.value;
    next = steps.next(connection.all(template, input));
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
export const compose = composer(new StablePlanDialect(), () => PARAMETER);

/** The same for a placeholder in the WHERE clause of a statement that Drizzle prepares. */
export const parameter = (name: string): SQL => sql`+${sql.placeholder(name)}`;

function connection(raw: Database.Database): SqliteConnection {
  const byText = new Map<string, Database.Statement>();
  const prepare = (text: string): Database.Statement => {
    const known = byText.get(text);
    const statement = known ?? raw.prepare(text);
    // The oldest statement is dropped first; a hit moves to the end.
    byText.delete(text);
    byText.set(text, statement);
    const [oldest] = byText.keys();
    if (byText.size > MAX_PREPARED && oldest !== undefined) byText.delete(oldest);
    return statement;
  };
  const byTemplate = new WeakMap<object, Database.Statement>();
  const prepared = (template: Template<never, unknown>): Database.Statement => {
    const known = byTemplate.get(template);
    if (known !== undefined) return known;
    const statement = raw.prepare(template.sql);
    byTemplate.set(template, statement);
    return statement;
  };
  function all(statement: SQL | Template<object, unknown>, input: object = {}) {
    if (statement instanceof Template) return prepared(statement).all(...statement.params(input));
    const { sql: text, params } = compose(statement);
    return prepare(text).all(...params);
  }
  function run(statement: SQL | Template<object, unknown>, input: object = {}) {
    if (statement instanceof Template) {
      return prepared(statement).run(...statement.params(input)).changes;
    }
    const { sql: text, params } = compose(statement);
    return prepare(text).run(...params).changes;
  }
  return {
    raw,
    orm: drizzle(raw),
    all: all as SqliteConnection['all'],
    run: run as SqliteConnection['run'],
  };
}
