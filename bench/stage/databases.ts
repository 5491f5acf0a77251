/** Fresh databases of one kind, with durable writes. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { startPostgres } from '../../hack/postgres/start.ts';

export type DatabaseKind = 'sqlite' | 'postgres';

export const DATABASE_NAMES: Readonly<Record<DatabaseKind, string>> = {
  sqlite: 'SQLite',
  postgres: 'PostgreSQL',
};

export interface Databases {
  readonly kind: DatabaseKind;
  /** The processes of the database itself; none for SQLite. */
  readonly pids: readonly number[];
  /** Returns the URL of an empty database. */
  create(name: string): Promise<string>;
  /** Does what a database has to do after it was filled, so that it does nothing of it later. */
  settle(url: string): Promise<void>;
  /** The bytes on disk of a database that `create` returned. */
  sizeOf(url: string): Promise<number>;
  stop(): Promise<void>;
}

/** What differs from the defaults of PostgreSQL. */
const SETTINGS = { shared_buffers: '512MB' };

/** `environment` is that of PostgreSQL's processes. */
export async function openDatabases(
  kind: DatabaseKind,
  folder: string,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Databases> {
  return kind === 'sqlite' ? filesIn(folder) : databasesOn(environment);
}

function filesIn(folder: string): Databases {
  return {
    kind: 'sqlite',
    pids: [],
    create: async (name) => `file:${join(folder, `${name}.db`)}`,
    settle: async () => undefined,
    sizeOf: async (url) =>
      ['', '-wal']
        .map((ending) => url.slice('file:'.length) + ending)
        .reduce((sum, path) => sum + (existsSync(path) ? statSync(path).size : 0), 0),
    stop: async () => undefined,
  };
}

async function databasesOn(environment: NodeJS.ProcessEnv): Promise<Databases> {
  const server = await startPostgres({}, { settings: SETTINGS, environment });
  return {
    kind: 'postgres',
    pids: [server.pid],
    create: async (name) => {
      await query(server.url, `CREATE DATABASE "${name}"`);
      return Object.assign(new URL(server.url), { pathname: name }).href;
    },
    settle: async (url) => {
      await query(url, 'VACUUM ANALYZE');
      await query(url, 'CHECKPOINT');
    },
    sizeOf: async (url) => {
      const name = new URL(url).pathname.slice(1);
      const [row] = await query(server.url, `SELECT pg_database_size('${name}')::float8 AS size`);
      return Number(row?.size);
    },
    stop: () => server.stop(),
  };
}

async function query(url: string, text: string) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}
