/**
 * One PostgreSQL server for a whole test run, or the one at TEST_DATABASE_URL. Tests get its URL
 * with `inject('postgresUrl')`. Their databases are copies of one that is migrated once.
 */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { startPostgres } from '../../../hack/postgres/start.ts';
import { openDirectory } from '../../../src/directory/open.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** With a superuser. */
    postgresUrl: string;
    /** The prefix of the names of this run's databases. */
    postgresPrefix: string;
    /** A database with the directory's schema and no rows. */
    postgresTemplate: string;
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.TEST_DATABASE_URL;
  const server = given ? undefined : await startPostgres();
  const url = given || server?.url;
  if (url === undefined) throw new Error('there is no PostgreSQL server');
  const prefix = `test_${randomUUID().slice(0, 8)}_`;
  const template = `${prefix}template`;
  project.provide('postgresUrl', url);
  project.provide('postgresPrefix', prefix);
  project.provide('postgresTemplate', template);
  await makeTemplate(url, template);
  return server === undefined ? () => dropDatabases(url, prefix) : server.stop;
}

async function makeTemplate(url: string, name: string): Promise<void> {
  await onServer(url, (client) =>
    client.query(`CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8'`),
  );
  const ofTemplate = new URL(url);
  ofTemplate.pathname = `/${name}`;
  const store = await openDirectory(ofTemplate.href);
  await store.close();
}

async function dropDatabases(url: string, prefix: string): Promise<void> {
  await onServer(url, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      'SELECT datname AS name FROM pg_database WHERE starts_with(datname, $1)',
      [prefix],
    );
    for (const { name } of rows) await client.query(`DROP DATABASE ${name} WITH (FORCE)`);
  });
}

async function onServer(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
