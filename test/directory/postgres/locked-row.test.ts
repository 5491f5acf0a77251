/** A row that another session holds: what waits for it, and what must not. */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULTS, openDirectory } from '../../../src/directory/open.ts';
import { Turns } from '../../../src/directory/postgres/connection/turns.ts';
import { captureLog } from '../../support/captured-log.ts';
import { type PostgresDirectory, usePostgres } from '../../support/directory/postgres.ts';
import { eventually } from '../../support/eventually.ts';
import {
  type ScimClient,
  type ScimServer,
  startScimServer,
} from '../../support/scim-server/server.ts';
import { ACME, addUser } from '../contract/fixture.ts';

const captured = captureLog();
let directory: PostgresDirectory;
let server: ScimServer;
let client: ScimClient;
let holder: pg.Client;
let group: string;
let other: string;
let user: string;
beforeAll(async () => {
  directory = await usePostgres();
  server = await startScimServer({ log: captured.log, open: async () => directory });
  client = await server.addIntegration();
  user = (await client.send('POST', '/Users', { userName: 'ann' })).id;
  group = (await client.send('POST', '/Groups', { displayName: 'team' })).id;
  other = (await client.send('POST', '/Groups', { displayName: 'other' })).id;
  holder = new pg.Client({ connectionString: directory.database.url });
  await holder.connect();
});
afterAll(async () => {
  await holder.end();
  await server.close();
});

const join = (id: string) =>
  client.send('PATCH', `/Groups/${id}`, {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
    Operations: [{ op: 'add', path: 'members', value: [{ value: user }] }],
  });
const waiting = async () => {
  // Otherwise a transaction doesn't see later connections.
  await holder.query('SELECT pg_stat_clear_snapshot()');
  const { rows } = await holder.query(
    'SELECT 1 FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))',
  );
  return rows.length;
};

describe('while another session holds the name of a user', () => {
  const hold = (id: string, ...names: string[]) =>
    holder.query(
      `BEGIN; INSERT INTO access SELECT tenant, name, name, name, TRUE, document, attributes, 1, 1, 1
       FROM access, unnest(ARRAY['${names.join("','")}']) AS name WHERE id = '${id}'`,
    );

  it('the creation of that user gets 503 in the end', async () => {
    const create = () => client.send('POST', '/Users', { userName: 'held' });
    await hold(user, 'held');
    expect((await create()).status).toBe(503);
    await holder.query('ROLLBACK');
    expect((await create()).status).toBe(201);
  });

  it('others of its batch are created meanwhile, and those that wait for a batch', async () => {
    const create = (userName: string) => addUser(directory.store, ACME, userName);
    await hold((await create('bob')).id, 'held-1', 'held-2');
    const settled: unknown[] = [];
    const held: Promise<unknown>[] = [];
    const free: Promise<unknown>[] = [];
    for (const n of [1, 2]) {
      held.push(create(`held-${n}`).finally(() => settled.push(n)));
      free.push(create(`free-${n}`));
      await eventually(async () => expect(await waiting()).toBe(n));
    }
    await Promise.all([...free, create('free-3')]);
    expect(settled).toEqual([]);
    await holder.query('ROLLBACK');
    await Promise.all(held);
  });
});

describe('while another session holds the table of global users', () => {
  const known = async () => {
    const { rows } = await holder.query<{ name: string }>(
      `SELECT user_name_key AS name FROM users WHERE user_name_key LIKE 'global-%' ORDER BY 1`,
    );
    return rows.map(({ name }) => name);
  };

  it('users are created, and their global users are added later', async () => {
    const names = ['global-1', 'global-2'];
    await holder.query('BEGIN; LOCK TABLE users IN SHARE MODE');
    const answers = await Promise.all(
      names.map((userName) => client.send('POST', '/Users', { userName })),
    );
    expect(answers.map(({ status }) => status)).toEqual([201, 201]);
    expect(await known()).toEqual([]);
    await holder.query('ROLLBACK');
    await eventually(async () => expect(await known()).toEqual(names));
  });

  it('a failure to add them later is reported, and the next users are added with them', async () => {
    const reports: unknown[] = [];
    const onMissed = (error: unknown) => void reports.push(error);
    const { url } = directory.database;
    const store = await openDirectory(url, undefined, { ...DEFAULTS, onMissed });
    await holder.query('ALTER TABLE users RENAME TO away');
    await addUser(store, ACME, 'global-3');
    await eventually(async () => expect(reports).toMatchObject([{ code: '42P01' }]));
    await holder.query('ALTER TABLE away RENAME TO users');
    await addUser(store, ACME, 'global-4');
    expect(await known()).toEqual(expect.arrayContaining(['global-3', 'global-4']));
    await store.close();
  });
});

describe('while another session holds the row of a group', () => {
  it('everything else is served, and writes of the group get 503 in the end', async () => {
    await holder.query(`BEGIN; SELECT 1 FROM groups WHERE id = '${group}' FOR UPDATE`);
    const patches = Promise.all(Array.from({ length: 12 }, () => join(group)));
    await eventually(async () => expect(await waiting()).toBeGreaterThan(0));
    const began = performance.now();
    const reads = Array.from({ length: 20 }, () => client.send('GET', `/Users/${user}`));
    for (const { status } of await Promise.all(reads)) expect(status).toBe(200);
    expect((await join(other)).status).toBe(204);
    await server.store.ping();
    expect(performance.now() - began).toBeLessThan(3_000);
    expect(await waiting()).toBeGreaterThan(0);
    for (const { status, headers, body } of await patches) {
      expect({ status, retry: headers.get('retry-after') }).toEqual({ status: 503, retry: '5' });
      expect(body.detail).toBe('other changes are taking too long; try again later');
    }
    expect(captured.lines.map(({ msg }) => msg)).not.toContainEqual(
      expect.stringContaining('unreachable'),
    );
    await holder.query('ROLLBACK');
    expect((await client.send('GET', `/Groups/${group}`)).body.members).toEqual([]);
    expect((await join(group)).status).toBe(204);
  });

  it('writes of the group that waited are made if it is released in time', async () => {
    await holder.query(`BEGIN; SELECT 1 FROM groups WHERE id = '${group}' FOR UPDATE`);
    const patches = Promise.all(Array.from({ length: 12 }, () => join(group)));
    await eventually(async () => expect(await waiting()).toBeGreaterThan(0));
    await holder.query('ROLLBACK');
    for (const { status } of await patches) expect(status).toBe(204);
  });
});

describe('turns of writes', () => {
  const started = (turns: Turns, key: string, times: number) => {
    let running = 0;
    let end: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const all = Array.from({ length: times }, () =>
      turns.take(key, () => {
        running++;
        return ended;
      }),
    );
    return { running: () => running, end, done: Promise.all(all) };
  };

  it('leave connections to reads, and turns to other resources', async () => {
    const turns = new Turns(7, 60_000);
    const first = started(turns, 'a', 5);
    const second = started(turns, 'b', 5);
    const third = started(turns, 'c', 5);
    expect([first.running(), second.running(), third.running()]).toEqual([3, 3, 1]);
    first.end();
    await first.done;
    expect([first.running(), second.running(), third.running()]).toEqual([5, 3, 3]);
    second.end();
    third.end();
    await Promise.all([second.done, third.done]);
  });

  it('are there with a single connection', async () => {
    expect(await new Turns(1, 60_000).take('a', async () => 1)).toBe(1);
  });
});
