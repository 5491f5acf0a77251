/** Behind a pooler that looks after prepared statements, in sessions that others use next. */
import { sql } from 'drizzle-orm';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DEFAULTS, openDirectory } from '../../../src/directory/open.ts';
import {
  compose,
  openConnections,
  type Pooler,
} from '../../../src/directory/postgres/connection/connections.ts';
import { qualifier } from '../../../src/directory/postgres/connection/qualified.ts';
import { signingKeys } from '../../../src/directory/postgres/schema.ts';
import { template } from '../../../src/directory/sql/template.ts';
import { type PostgresDirectory, usePostgres } from '../../support/directory/postgres.ts';
import {
  type RenamingPooler,
  startRenamingPooler,
} from '../../support/directory/renaming-pooler.ts';
import { ACME, addUser, at } from '../contract/fixture.ts';

let directory: PostgresDirectory;
let pooler: RenamingPooler;
let url: string;
beforeEach(async () => {
  directory = await usePostgres();
  const address = new URL(directory.database.url);
  pooler = await startRenamingPooler(address.hostname, Number(address.port));
  address.host = `127.0.0.1:${pooler.port}`;
  // The first message is that of the session.
  address.searchParams.set('sslmode', 'disable');
  address.searchParams.set('pooler_prepared_statements', 'true');
  url = address.href;
});
afterEach(async () => {
  await pooler.close();
  await directory.close();
});

const settings = () => ({ connectionString: url, poolerPrepares: true });
const keptLike = (text: string) =>
  template(
    compose,
    () =>
      sql<{ name: string }>`SELECT name FROM pg_prepared_statements WHERE statement LIKE ${text}`,
  );
const NAMES = keptLike('%');
const SETTINGS = sql`
  SELECT current_setting('plan_cache_mode') AS plans, current_setting('enable_seqscan') AS scans,
    current_setting('statement_timeout') AS ends, current_setting('lock_timeout') AS waits
`;
const LIKE_DIRECT = { plans: 'force_generic_plan', scans: 'off', ends: '1min', waits: '3s' };

it('statements are kept prepared, and each transaction has the settings of direct connections', async () => {
  const connections = openConnections(settings, 1);
  expect(await connections.pooler()).toEqual({ isToPrepare: true, prepares: true });
  await connections.all(NAMES, {});
  const kept = await connections.all(NAMES, {});
  expect(kept.map(({ name }) => name)).toContainEqual(expect.stringMatching(/^pooler_0_.{43}$/));
  expect(await connections.all(SETTINGS)).toEqual([LIKE_DIRECT]);
  expect(await connections.transaction(({ all }) => all(SETTINGS))).toEqual([LIKE_DIRECT]);
  await connections.close();
});

it('statements have no names unless the settings say that the pooler looks after them', async () => {
  const connections = openConnections(() => ({ connectionString: url }), 1);
  expect(await connections.pooler()).toEqual({ isToPrepare: false, prepares: false });
  await connections.all(NAMES, {});
  expect(await connections.all(NAMES, {})).toEqual([]);
  await connections.close();
});

it('statements about the tables of two schemas have different names', async () => {
  await directory.database.query(
    'CREATE SCHEMA IF NOT EXISTS other; CREATE TABLE IF NOT EXISTS other.tokens (n INTEGER)',
  );
  const counts = template(compose, () => sql`SELECT count(*) FROM tokens`);
  const kept = keptLike('SELECT count%');
  const namesIn = async (schema: string) => {
    const textOf = qualifier(schema);
    const connections = openConnections(() => ({ ...settings(), textOf }), 1);
    await connections.all(counts, {});
    const names = await connections.all(kept, {});
    await connections.close();
    return names.map(({ name }) => name);
  };
  const [own, others] = [await namesIn('public'), await namesIn('other')];
  expect([own.length, others.length]).toEqual([1, 1]);
  expect(own).not.toEqual(others);
});

it.each(['forget', 'mix'] as const)(
  'a pooler that begins to %s statements fails no request, and nothing is done twice',
  async (failure) => {
    const seen: Pooler[] = [];
    const onPooler = (each: Pooler) => void seen.push(each);
    const store = await openDirectory(url, undefined, { ...DEFAULTS, connections: 40, onPooler });
    const users = await Promise.all(
      Array.from({ length: 60 }, (_, n) => addUser(store, ACME, `user-${n}`)),
    );
    const rename = (id: string, title: string) =>
      store.users.change(ACME, id, (user) => ({ ...user.profile.attributes, title }), at(1));
    const renameAll = (title: string) =>
      Promise.all(
        users.map(async ({ id }) => {
          const [renamed, read] = [await rename(id, title), await store.users.get(ACME, id, true)];
          expect(read?.id).toBe(id);
          return renamed.version;
        }),
      );
    await renameAll('before');
    pooler[failure]();
    // While other connections know many names.
    expect((await rename(users[0]?.id ?? '', 'alone')).version).toBe(3);
    const versions = await renameAll('after');
    expect(versions).toEqual(users.map((_, n) => (n === 0 ? 4 : 3)));
    const more = await addUser(store, ACME, 'more');
    expect(await store.users.get(ACME, more.id, true)).toBeDefined();
    expect(seen[0]).toEqual({ isToPrepare: true, prepares: true });
    expect(seen[1]).toEqual({ isToPrepare: true, prepares: false });
    await store.close();
  },
);

it('what Drizzle sends is run again without names', async () => {
  const { reserved, close } = openConnections(settings, 2);
  const keys = () => reserved.orm.select().from(signingKeys);
  const before = await keys();
  pooler.forget();
  expect(await keys()).toEqual(before);
  await close();
});

it('a transaction is run again as a whole', async () => {
  const connections = openConnections(settings, 1);
  await directory.database.query('DROP TABLE IF EXISTS written; CREATE TABLE written (n INTEGER)');
  let attempts = 0;
  const names = await connections.transaction(async ({ all, run }) => {
    attempts++;
    await run(sql`INSERT INTO written VALUES (${attempts}::int)`);
    await all(NAMES, {});
    if (attempts === 1) pooler.forget();
    return all(NAMES, {});
  });
  expect(attempts).toBe(2);
  expect(names.filter(({ name }) => name.startsWith('pooler_1'))).toEqual([]);
  expect(await directory.database.query('SELECT n FROM written')).toEqual([{ n: 2 }]);
  await connections.close();
});

it('after one connection has failed to, none uses names', async () => {
  // One of three is reserved.
  const connections = openConnections(settings, 3);
  let attempts = 0;
  const onBoth = () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    let arrived = 0;
    const one = () =>
      connections.transaction(async ({ all }) => {
        attempts++;
        await all(NAMES, {});
        if (++arrived === 2) resolve();
        await promise;
      });
    return Promise.all([one(), one()]);
  };
  await onBoth();
  pooler.forget();
  await connections.all(NAMES, {});
  attempts = 0;
  await onBoth();
  expect(attempts).toBe(2);
  await connections.close();
});

it('the first of two statements is run again on its own if only it was lost', async () => {
  await directory.database.query('DROP TABLE IF EXISTS firsts; CREATE TABLE firsts (n INTEGER)');
  const connections = openConnections(settings, 1);
  const first = template(compose, () => sql`INSERT INTO firsts VALUES (1) RETURNING n`);
  const second = template(compose, () => sql<{ two: number }>`SELECT 2 AS two`);
  const both = () =>
    connections.both({ template: first, input: {} }, { template: second, input: {} });
  await both();
  await directory.database.query('ALTER TABLE firsts ALTER COLUMN n TYPE BIGINT');
  expect(await both()).toEqual({ rows: [{ two: 2 }], missed: undefined });
  expect(await directory.database.query('SELECT count(*)::int AS n FROM firsts')).toEqual([
    { n: 2 },
  ]);
  await connections.close();
});

it.each([
  { unpreparedMs: 60_000, isKept: false },
  { unpreparedMs: 0, isKept: true },
])(
  'connections that are opened $unpreparedMs ms later use names again: $isKept',
  async ({ unpreparedMs, isKept }) => {
    const connections = openConnections(settings, 1, { unpreparedMs });
    await connections.all(NAMES, {});
    pooler.forget();
    await connections.all(NAMES, {});
    expect(await connections.pooler()).toEqual({ isToPrepare: true, prepares: false });
    const end = connections.all(sql`SELECT pg_terminate_backend(pg_backend_pid())`);
    await expect(end).rejects.toMatchObject({ status: 503 });
    await connections.all(NAMES, {});
    expect((await connections.all(NAMES, {})).length > 0).toBe(isKept);
    await connections.close();
  },
);

it.each(['behind the pooler', 'on direct connections'])(
  'a column that gets another type fails no request %s',
  async (way) => {
    const direct = { connectionString: directory.database.url };
    const connections = openConnections(way === 'behind the pooler' ? settings : () => direct, 1);
    await directory.database.query(
      'DROP TABLE IF EXISTS changing; CREATE TABLE changing (value TEXT)',
    );
    const values = template(compose, () => sql`SELECT value FROM changing`);
    await directory.database.query("INSERT INTO changing VALUES ('7')");
    expect(await connections.all(values, {})).toEqual([{ value: '7' }]);
    await directory.database.query(
      'ALTER TABLE changing ALTER COLUMN value TYPE INTEGER USING value::int',
    );
    expect(await connections.all(values, {})).toEqual([{ value: 7 }]);
    await connections.close();
  },
);
