/** What goes wrong between the directory and PostgreSQL, and what callers get to know of it. */
import { inspect } from 'node:util';
import { sql } from 'drizzle-orm';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Connections, openConnections } from '../../../src/directory/postgres/connection.ts';
import { type PostgresDirectory, usePostgres } from '../../support/postgres.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';
import { ACME, addUser, at } from '../contract/fixture.ts';

const UNAVAILABLE = { name: 'ScimError', status: 503, retryAfter: 5 };
const ADD_KEY = sql`INSERT INTO signing_keys VALUES ('cursor', 'a secret value')`;

let directory: PostgresDirectory;
let connections: Connections;
beforeEach(async () => {
  directory = await usePostgres();
  connections = openConnections(settingsOf(directory.database.url), 10);
});
afterEach(async () => {
  await connections.close();
  await directory.close();
});

const settingsOf = (connectionString: string) => () => ({ connectionString });
const pidOf = async (queries: Pick<Connections, 'all'> = connections) => {
  const [row] = await queries.all<{ pid: number }>(sql`SELECT pg_backend_pid() AS pid`);
  return row?.pid;
};
const terminate = (pid: number | undefined) =>
  directory.database.query('SELECT pg_terminate_backend($1, 5000)', [pid]);

describe('a statement that fails by itself', () => {
  it('leaves its connection to the next one', async () => {
    const pid = await pidOf();
    await expect(connections.run(ADD_KEY)).rejects.toMatchObject({ code: '23505' });
    expect(await pidOf()).toBe(pid);
    await expect(connections.transaction(({ run }) => run(ADD_KEY))).rejects.toThrow();
    expect(await pidOf()).toBe(pid);
  });

  it.each([
    ['a value of the wrong type', sql`SELECT ${'a secret value'}::text::integer`],
    ['a row that is there', ADD_KEY],
    ['a JSON text that is none', sql`SELECT ${'{"a secret value'}::text::json`],
  ])('is an error that quotes nothing of %s', async (_, statement) => {
    const error = await connections.run(statement).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'StatementError' });
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('a secret value');
  });
});

describe('a transaction', () => {
  it('that meets a defect of ours fails with the defect, and not as if the database were away', async () => {
    const work = () => Promise.reject(new TypeError('a defect'));
    await expect(connections.transaction(work)).rejects.toThrow(TypeError);
    expect(await pidOf()).toBeTypeOf('number');
  });

  it('whose connection is ended by the server is 503, and the next one is not', async () => {
    const work = async (queries: Pick<Connections, 'all'>) => {
      await terminate(await pidOf(queries));
      await pidOf(queries);
    };
    await expect(connections.transaction(work)).rejects.toMatchObject(UNAVAILABLE);
    expect(await connections.transaction(pidOf)).toBeTypeOf('number');
  });

  it('is ended by the server when its process is gone for long', async () => {
    const [row] = await connections.all(sql`SHOW idle_in_transaction_session_timeout`);
    expect(row).toEqual({ idle_in_transaction_session_timeout: '10s' });
  });
});

describe('a connection', () => {
  it('that the server ended while it was idle is replaced', async () => {
    const pid = await pidOf();
    await terminate(pid);
    await expect(pidOf()).resolves.not.toBe(pid);
  });

  it('on which nobody answers any more is given up: 503, and then a new one', async () => {
    const { hostname, port } = new URL(directory.database.url);
    const proxy = await startTcpProxy(hostname, Number(port));
    const url = new URL(directory.database.url);
    url.host = `127.0.0.1:${proxy.port}`;
    const through = openConnections(settingsOf(url.href), 10, { suspicionMs: 200, sweepMs: 50 });
    await pidOf(through);
    proxy.mute();
    await expect(pidOf(through)).rejects.toMatchObject(UNAVAILABLE);
    expect(await pidOf(through)).toBeTypeOf('number');
    const work = async (queries: Pick<Connections, 'all'>) => {
      proxy.mute();
      await pidOf(queries);
    };
    await expect(through.transaction(work)).rejects.toMatchObject(UNAVAILABLE);
    expect(await pidOf(through)).toBeTypeOf('number');
    await through.close();
    await proxy.close();
  });

  it('that takes no writes is 503 and replaced, as by that to a new primary', async () => {
    const pid = await pidOf();
    await connections.run(sql`SET default_transaction_read_only = on`);
    await expect(connections.run(ADD_KEY)).rejects.toMatchObject(UNAVAILABLE);
    expect(await pidOf()).not.toBe(pid);
  });

  it('that the server has no room for is 503', async () => {
    const role = `role_${new URL(directory.database.url).pathname.slice(1)}`;
    await directory.database.query(`CREATE ROLE ${role} LOGIN PASSWORD 'p' CONNECTION LIMIT 1`);
    const url = new URL(directory.database.url);
    Object.assign(url, { username: role, password: 'p' });
    const client = new pg.Client({ connectionString: url.href });
    await client.connect();
    const second = openConnections(settingsOf(url.href), 10, { acquireMs: 300, sweepMs: 50 });
    await expect(pidOf(second)).rejects.toMatchObject(UNAVAILABLE);
    await second.close();
    await client.end();
    await directory.database.query(`DROP ROLE ${role}`);
  });

  it('is waited for by many more requests than there are connections', async () => {
    const { store } = directory;
    const { id } = await addUser(store, ACME, 'ann');
    const titles = Array.from({ length: 200 }, (_, index) => `${index}`);
    await Promise.all(
      titles.map((title) =>
        store.users.change(ACME, id, (user) => ({ ...user.attributes, title }), at(1)),
      ),
    );
    await expect(store.users.get(ACME, id, false)).resolves.toMatchObject({ version: 201 });
  });

  it('may hear notices', async () => {
    await connections.run(sql`DO $$ BEGIN RAISE NOTICE 'a notice'; END $$`);
    await expect(pidOf()).resolves.toBeTypeOf('number');
  });
});
