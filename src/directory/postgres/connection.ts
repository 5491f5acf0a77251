/** Connections to PostgreSQL: statements, transactions that are tried again where they met another, and errors in the protocol's terms. */
import { setTimeout as pause } from 'node:timers/promises';
import type { SQL } from 'drizzle-orm';
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import { PgDialect } from 'drizzle-orm/pg-core';
import pg from 'pg';
import { unavailable } from '../../scim/error.ts';
import { asScimError, isLost, isTransient } from './errors.ts';

/** Runs statements, each alone or all in one transaction. Rejects with ScimError 503 while the database is away. */
export interface Queries {
  all<Row>(statement: SQL): Promise<Row[]>;
  /** Answers how many rows were written. */
  run(statement: SQL): Promise<number>;
}

export interface Connections extends Queries {
  readonly orm: NodePgDatabase;
  /**
   * Runs the work in a transaction, READ COMMITTED, and again when it met another one. Every statement sees what was committed
   * before it began: who must not be overtaken locks first, and reads in a statement of its own.
   */
  transaction<T>(work: (queries: Queries) => Promise<T>): Promise<T>;
  /** For what Drizzle prepared. */
  guarded<T>(query: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

const POOL_SIZE = 10;
const CONNECT_TIMEOUT_MS = 5_000;
/** Longer than any request is waited for by Okta and Entra ID. */
const STATEMENT_TIMEOUT_MS = 60_000;
/** Then nobody is there any more: the server would have ended the statement. */
const SILENCE_TIMEOUT_MS = STATEMENT_TIMEOUT_MS + 10_000;
/** What a process that vanished has locked. Ours are never idle there. */
const IDLE_TRANSACTION_TIMEOUT_MS = 30_000;
const MAX_ATTEMPTS = 10;
const MAX_PREPARED = 300;

const dialect = new PgDialect();

/** BIGINT and NUMERIC as numbers: none is beyond 2^53. JSON stays text, which is parsed where it is needed. */
const TYPES: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) => {
    const { builtins } = pg.types;
    if (oid === builtins.INT8 || oid === builtins.NUMERIC) return Number;
    if (oid === builtins.JSON) return String;
    return pg.types.getTypeParser(oid, format);
  },
};

export function openConnections(
  url: string,
  silenceTimeoutMs: number = SILENCE_TIMEOUT_MS,
): Connections {
  const pool = new pg.Pool({
    connectionString: url,
    max: POOL_SIZE,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: silenceTimeoutMs,
    idle_in_transaction_session_timeout: IDLE_TRANSACTION_TIMEOUT_MS,
    application_name: 'scim-operator',
    keepAlive: true,
    types: TYPES,
  });
  // An idle connection that breaks is replaced; without a listener it would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => {
    client.on('error', () => undefined);
  });
  return {
    ...queriesOf((query) => again(() => onClient(pool, (client) => asked(client, query)))),
    orm: drizzle({ client: pool }),
    guarded,
    transaction: (work) => again(() => onClient(pool, (client) => inTransaction(client, work))),
    close: () => pool.end(),
  };
}

type Ask = (query: pg.QueryConfig) => Promise<pg.QueryResult>;

function queriesOf(ask: Ask): Queries {
  const query = (statement: SQL) => {
    const { sql: text, params: values } = dialect.sqlToQuery(statement);
    const name = nameOf(text);
    return ask(name === undefined ? { text, values } : { name, text, values });
  };
  return {
    all: async <Row>(statement: SQL) => (await query(statement)).rows as Row[],
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

/** Connections that are not to be used again. */
const lost = new WeakSet<pg.PoolClient>();

async function asked(client: pg.PoolClient, query: pg.QueryConfig): Promise<pg.QueryResult> {
  return guarded(() =>
    client.query(query).catch((error: unknown) => {
      if (isLost(error)) lost.add(client);
      throw error;
    }),
  );
}

/** Unlike the pool's own `query`, keeps the connection after an error that is the statement's only. */
async function onClient<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await guarded(() => pool.connect());
  try {
    return await work(client);
  } finally {
    client.release(lost.has(client));
  }
}

const names = new Map<string, string>();

/** The name under which the server keeps the parsed statement: of the first ones, since every connection keeps them all. */
function nameOf(text: string): string | undefined {
  const known = names.get(text);
  if (known !== undefined || names.size >= MAX_PREPARED) return known;
  const name = `s${names.size}`;
  names.set(text, name);
  return name;
}

async function inTransaction<T>(
  client: pg.PoolClient,
  work: (queries: Queries) => Promise<T>,
): Promise<T> {
  const ask: Ask = (query) => asked(client, query);
  try {
    await ask({ text: 'BEGIN' });
    const result = await work(queriesOf(ask));
    await ask({ text: 'COMMIT' });
    return result;
  } catch (error) {
    if (!lost.has(client)) await ask({ text: 'ROLLBACK' }).catch(() => lost.add(client));
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
