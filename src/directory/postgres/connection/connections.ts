/**
 * Connections to PostgreSQL: statements, transactions that are retried after a conflict, and errors
 * in terms of the protocol.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { SQL } from 'drizzle-orm';
import { PgDialect } from 'drizzle-orm/pg-core';
import { drizzle, type PgRemoteDatabase } from 'drizzle-orm/pg-proxy';
import type pg from 'pg';
import { unavailable } from '../../../scim/error.ts';
import { composer } from '../../sql/compose.ts';
import { asScimError, isTransient } from '../errors.ts';
import { LIMITS, type Limits, Pool, type Settings } from './pool.ts';
import { SESSION_SETTINGS, type Session } from './session.ts';
import { Turns } from './turns.ts';

/**
 * Runs statements, each on its own or all in one transaction. Rejects with ScimError 503 while the
 * database is unavailable.
 */
export interface Queries {
  all<Row>(statement: SQL<Row>): Promise<Row[]>;
  /** Returns how many rows were written. */
  run(statement: SQL): Promise<number>;
}

export interface Connections extends Queries {
  readonly orm: PgRemoteDatabase;
  /**
   * Runs the work in a transaction (READ COMMITTED), and again after a conflict with another one.
   * Every statement sees what was committed before it began. To be safe from being overtaken, lock
   * first and read in a separate statement.
   */
  transaction<T>(work: (queries: Queries) => Promise<T>): Promise<T>;
  /**
   * Does the work when it is the turn of a write of the resource, so that writes leave connections
   * to everything else. Don't nest: the inner work could wait for the outer one.
   */
  writing<T>(id: string, work: () => Promise<T>): Promise<T>;
  /** For statements that Drizzle prepared. */
  guarded<T>(query: () => Promise<T>): Promise<T>;
  /** Whether there is a pooler in between, which gives each transaction another session. */
  pooled(): Promise<boolean>;
  /** Waits for statements that are still running. */
  close(): Promise<void>;
}

const MAX_ATTEMPTS = 10;
const MAX_PREPARED = 300;

/** If the session is not the connection's own, each transaction sets these itself. */
const BEGIN_POOLED = [
  'BEGIN',
  ...Object.entries(SESSION_SETTINGS).map(([name, value]) => `SET LOCAL ${name} = '${value}'`),
].join('; ');

const compose = composer(new PgDialect(), (position) => `$${position}`);

/** `limits` differ in tests only. */
export function openConnections(
  settings: Settings,
  size: number,
  limits: Partial<Limits> = {},
): Connections {
  const bounds = { ...LIMITS, ...limits };
  const pool = new Pool(settings, size, bounds);
  const turns = new Turns(size, bounds.acquireMs);
  return {
    ...queriesOf((query) => again(() => onSession(pool, (session) => asked(session, query)))),
    orm: drizzle(async (text, values, method) => {
      const rowMode = method === 'all' ? { rowMode: 'array' } : {};
      return onSession(pool, (session) => session.ask({ ...named(text), values, ...rowMode }));
    }),
    guarded,
    transaction: (work) => again(() => onSession(pool, (session) => inTransaction(session, work))),
    writing: (id, work) => turns.take(id, work),
    pooled: () => onSession(pool, async ({ direct }) => !direct),
    close: () => pool.close(),
  };
}

type Ask = (query: pg.QueryConfig) => Promise<pg.QueryResult>;

function queriesOf(ask: Ask): Queries {
  const query = (statement: SQL) => {
    const { sql: text, params: values } = compose(statement);
    return ask({ ...named(text), values });
  };
  return {
    all: async <Row>(statement: SQL<Row>) => (await query(statement)).rows as Row[],
    run: async (statement) => (await query(statement)).rowCount ?? 0,
  };
}

async function guarded<T>(query: () => Promise<T>): Promise<T> {
  try {
    return await query();
  } catch (error) {
    throw asScimError(error);
  }
}

const asked = (session: Session, query: pg.QueryConfig) => guarded(() => session.ask(query));

/** The connection survives an error that concerns only the statement. */
async function onSession<T>(pool: Pool, work: (session: Session) => Promise<T>): Promise<T> {
  const session = await guarded(() => pool.acquire());
  try {
    return await work(session);
  } finally {
    pool.release(session);
  }
}

const names = new Map<string, string>();

/**
 * Adds the name under which the server keeps the parsed statement. Only the first statements get
 * one, because every connection keeps all of them.
 */
function named(text: string): { name?: string; text: string } {
  const known = names.get(text);
  if (known !== undefined) return { name: known, text };
  if (names.size >= MAX_PREPARED) return { text };
  const name = `s${names.size}`;
  names.set(text, name);
  return { name, text };
}

async function inTransaction<T>(
  session: Session,
  work: (queries: Queries) => Promise<T>,
): Promise<T> {
  const ask: Ask = (query) => asked(session, query);
  try {
    await ask({ text: session.direct ? 'BEGIN' : BEGIN_POOLED });
    const result = await work(queriesOf(ask));
    const { command } = await ask({ text: 'COMMIT' });
    // After a failed statement, PostgreSQL responds to COMMIT by rolling back, without an error.
    if (command !== 'COMMIT') throw new Error('a transaction continued after an error');
    return result;
  } catch (error) {
    if (!session.lost) {
      await ask({ text: 'ROLLBACK' }).catch(() => {
        session.lost = true;
      });
    }
    throw error;
  }
}

async function again<T>(attempt: () => Promise<T>): Promise<T> {
  for (let count = 1; ; count++) {
    try {
      return await attempt();
    } catch (error) {
      if (!isTransient(error)) throw error;
      if (count === MAX_ATTEMPTS) throw unavailable(error);
      await pause(Math.random() * 2 ** count);
    }
  }
}
