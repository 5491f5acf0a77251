/** Directories on PostgreSQL, each in a database of its own. */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { openDirectory } from '../../src/directory/open.ts';
import type { Store } from '../../src/directory/store.ts';
import { type ResourceTypes, STANDARD_RESOURCE_TYPES } from '../../src/scim/resource-types.ts';

export interface PostgresDatabase {
  readonly url: string;
  query<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>;
  drop(): Promise<void>;
}

export interface PostgresDirectory {
  readonly store: Store;
  readonly database: PostgresDatabase;
  /** Closes the store and removes its data. */
  close(): Promise<void>;
}

/** An empty database. */
export async function createDatabase(encoding = 'UTF8'): Promise<PostgresDatabase> {
  const server = inject('postgresUrl');
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await run(server, `CREATE DATABASE ${name} TEMPLATE template0 ENCODING '${encoding}'`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    query: (text, values) => run(url.href, text, values),
    drop: async () => {
      await run(server, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

export async function usePostgres(
  types: ResourceTypes = STANDARD_RESOURCE_TYPES,
): Promise<PostgresDirectory> {
  const database = await createDatabase();
  const store = await openDirectory(database.url, types);
  return {
    store,
    database,
    close: async () => {
      await store.close();
      await database.drop();
    },
  };
}

async function run<Row extends pg.QueryResultRow>(
  url: string,
  text: string,
  values: unknown[] = [],
): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(text, values)).rows;
  } finally {
    await client.end();
  }
}
