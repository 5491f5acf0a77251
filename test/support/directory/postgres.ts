/** Directories on PostgreSQL, each in its own database while it is in use. */
import { randomUUID } from 'node:crypto';
import { getTableName } from 'drizzle-orm';
import pg from 'pg';
import { inject } from 'vitest';
import { DEFAULTS, openDirectory } from '../../../src/directory/open.ts';
import * as schema from '../../../src/directory/postgres/schema.ts';
import { TABLES } from '../../../src/directory/postgres/tables.ts';
import type { ActivityOptions } from '../../../src/directory/store/activity.ts';
import type { Store } from '../../../src/directory/store/store.ts';
import { type ResourceTypes, STANDARD_RESOURCE_TYPES } from '../../../src/scim/resource-types.ts';

export interface PostgresDatabase {
  readonly url: string;
  query<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>;
  drop(): Promise<void>;
}

export interface PostgresDirectory {
  readonly store: Store;
  readonly database: PostgresDatabase;
  /** Closes the store and empties the database. */
  close(): Promise<void>;
}

/** A database without tables. */
export function createDatabase(encoding = 'UTF8'): Promise<PostgresDatabase> {
  return createFrom(`template0 ENCODING '${encoding}'`);
}

async function createFrom(
  template: string,
  prepare?: (database: PostgresDatabase) => Promise<void>,
): Promise<PostgresDatabase> {
  const server = inject('postgresUrl');
  const name = `${inject('postgresPrefix')}${randomUUID().replaceAll('-', '')}`;
  await run(server, `CREATE DATABASE ${name} TEMPLATE ${template}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  const database: PostgresDatabase = {
    url: url.href,
    query: (text, values) => run(url.href, text, values),
    drop: async () => {
      await run(server, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
  await prepare?.(database);
  return database;
}

/** Opens a directory in a database that never had a row, so that PostgreSQL has no statistics. */
export async function newPostgres(): Promise<PostgresDirectory> {
  const database = await createFrom(inject('postgresTemplate'));
  const store = await openDirectory(database.url);
  return {
    store,
    database,
    close: async () => {
      await store.close();
      await database.drop();
    },
  };
}

type OpenPostgres = (
  types?: ResourceTypes,
  activity?: ActivityOptions,
) => Promise<PostgresDirectory>;

/**
 * Opens directories in databases that are changed by `prepare` after they were migrated. Those of
 * earlier tests are emptied and used again, which takes a hundredth of the time of creating one.
 */
export function postgresWith(prepare: (database: PostgresDatabase) => Promise<void>): OpenPostgres {
  const free: PostgresDatabase[] = [];
  return async (types = STANDARD_RESOURCE_TYPES, activity = {}) => {
    const database = free.pop() ?? (await createFrom(inject('postgresTemplate'), prepare));
    return reopened(database, free, types, activity);
  };
}

export const usePostgres = postgresWith(async () => undefined);

async function reopened(
  database: PostgresDatabase,
  free: PostgresDatabase[],
  types: ResourceTypes,
  activity: ActivityOptions,
): Promise<PostgresDirectory> {
  // With this search path, a table name needs its schema.
  const url = `${database.url}?schema=public&options=-c%20search_path%3Dpg_catalog`;
  const store = await openDirectory(url, types, { ...DEFAULTS, activity });
  return {
    store,
    database,
    close: async () => {
      await store.close();
      await database.query(EMPTY);
      free.push(database);
    },
  };
}

const EMPTY = TABLES.filter((name) => name !== getTableName(schema.signingKeys))
  .map((name) => `DELETE FROM ${name};`)
  .join('');

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
