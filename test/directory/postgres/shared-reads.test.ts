/** Reads that arrive at the same time on PostgreSQL share a statement, and nothing else. */
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SentStatement } from '../../../src/directory/postgres/connection/round-trip.ts';
import type { Scope, UserRecord } from '../../../src/directory/store/resources.ts';
import type { Store } from '../../../src/directory/store/store.ts';
import type { Eventual } from '../../../src/eventual.ts';
import {
  newPostgres,
  type PostgresDirectory,
  usePostgres,
} from '../../support/directory/postgres.ts';
import { statementsOf } from '../../support/directory/postgres-plans.ts';
import {
  ACME,
  ACME_TOO,
  addGroup,
  addUser,
  GLOBEX,
  groupQuery,
  userQuery,
} from '../contract/fixture.ts';

let directory: PostgresDirectory;
let store: Store;
beforeEach(async () => {
  directory = await usePostgres();
  store = directory.store;
});
afterEach(() => directory.close());

const NAMES = Array.from({ length: 12 }, (_, n) => `user-${n}`);
const addUsers = (scope: Scope, names: readonly string[]) =>
  Promise.all(
    names.map((name) =>
      addUser(store, scope, name, {
        externalId: `e-${name}`,
        emails: [
          { type: 'work', value: `${name}@a.example` },
          { type: 'home', value: `home-of-${name}@a.example` },
        ],
      }),
    ),
  );

/** Runs all of the reads at once. */
async function together<T>(reads: readonly (() => Eventual<T>)[]) {
  let results: T[] = [];
  const statements = await statementsOf(async () => {
    results = await Promise.all(reads.map((read) => read()));
  });
  return { results, statements: statements.filter(({ text }) => isShared(text)) };
}

const isShared = (text: string) => text.includes('WITH ORDINALITY');

const list = (filter: string, scope = ACME, limit = 10) =>
  store.users.list(scope, userQuery({ filter, limit, related: true }));

const only = async (filter: string) => (await list(filter)).records[0] as UserRecord | undefined;

describe('reads that arrive together share a statement, and each has its own rows', () => {
  it('of users by id, with one that does not exist and one that is read twice', async () => {
    const users = await addUsers(ACME, NAMES);
    const wanted = [...users.map(({ id }) => id), 'nobody', users[3]?.id ?? ''];
    const { results, statements } = await together(
      wanted.map((id) => () => store.users.get(ACME, id, true)),
    );
    expect(results.map((user) => user?.profile.attributes.userName)).toEqual([
      ...NAMES,
      undefined,
      'user-3',
    ]);
    expect(statements).toHaveLength(1);
  });

  it.each([
    ['userName', (name: string) => `userName eq "${name.toUpperCase()}"`],
    ['externalId', (name: string) => `externalId eq "e-${name}"`],
    ['e-mail address', (name: string) => `emails[type eq "work"].value eq "${name}@a.example"`],
  ])('of users by %s', async (_, filterOf) => {
    await addUsers(ACME, NAMES);
    const wanted = [...NAMES, 'nobody', 'user-3'];
    const { results, statements } = await together(
      wanted.map((name) => () => list(filterOf(name))),
    );
    const found = results.map(({ records, total }) => [
      total,
      ...records.map(({ profile }) => profile.attributes.userName),
    ]);
    const expected = NAMES.map((name) => [1, name]);
    expect(found).toEqual([...expected, [0], [1, 'user-3']]);
    expect(statements).toHaveLength(1);
  });

  it.each<[string, (user: UserRecord, name: string) => Eventual<UserRecord | undefined>]>([
    ['id', ({ id }) => store.users.get(ACME, id, true)],
    ['userName', (_, name) => only(`userName eq "${name}"`)],
    ['externalId', (_, name) => only(`externalId eq "e-${name}"`)],
    ['e-mail address', (_, name) => only(`emails.value eq "home-of-${name}@a.example"`)],
  ])('of users by %s, with the groups that they are in', async (_, read) => {
    const users = await addUsers(ACME, NAMES);
    const teams = await Promise.all(
      users.map(({ id }, n) => addGroup(store, ACME, `team-${n}`, [id])),
    );
    await addGroup(
      store,
      ACME,
      'all',
      teams.map(({ id }) => id),
    );
    let found: (UserRecord | undefined)[] = [];
    const statements = await statementsOf(async () => {
      found = await Promise.all(users.map((user, n) => read(user, NAMES[n] ?? '')));
    });
    for (const [n, user] of found.entries()) {
      const names = user?.groups?.map(({ displayName, type }) => `${displayName} ${type}`);
      expect(names?.toSorted()).toEqual(['all indirect', `team-${n} direct`]);
    }
    expect(statements).toHaveLength(1);
  });

  it('of groups by displayName, and by id and member', async () => {
    const [user] = await addUsers(ACME, ['ann']);
    const id = user?.id ?? '';
    const groups = await Promise.all(
      NAMES.map((name, n) => addGroup(store, ACME, name, n % 2 === 0 ? [id] : [])),
    );
    const named = await together(
      NAMES.map(
        (name) => () =>
          store.groups.list(ACME, groupQuery({ filter: `displayName eq "${name}"`, limit: 1 })),
      ),
    );
    expect(named.results.map(({ records }) => records[0]?.id)).toEqual(groups.map(({ id }) => id));
    const held = await together(
      groups.map((group) => () => {
        const filter = `id eq "${group.id}" and members eq "${id}"`;
        return store.groups.list(ACME, groupQuery({ filter, limit: 1 }));
      }),
    );
    expect(held.results.map(({ records }) => records.length)).toEqual(
      NAMES.map((_, n) => (n + 1) % 2),
    );
  });
});

it('look-ups that find several users have exact totals, and pages of their own size', async () => {
  const shared = { emails: [{ value: 'team@a.example' }] };
  const other = { emails: [{ value: 'other@a.example' }] };
  for (const name of NAMES.slice(0, 5)) await addUser(store, ACME, name, shared);
  for (const name of NAMES.slice(5, 7)) await addUser(store, ACME, name, other);
  const { results } = await together([
    () => list('emails.value eq "team@a.example"', ACME, 2),
    () => list('emails.value eq "other@a.example"', ACME, 2),
    () => list('emails.value eq "team@a.example"', ACME, 10),
    () => list('emails.value eq "team@a.example"', ACME, 0),
  ]);
  const found = results.map(({ records, total }) => [
    total,
    ...records.map(({ profile }) => profile.attributes.userName),
  ]);
  expect(found).toEqual([
    [5, 'user-0', 'user-1'],
    [2, 'user-5', 'user-6'],
    [5, ...NAMES.slice(0, 5)],
    [5],
  ]);
});

describe('a shared statement selects few rows about groups', () => {
  /** How much the server sends for the statements. */
  const sizeOf = async (statements: readonly SentStatement[]) => {
    const answers = await Promise.all(
      statements.map(({ text, values = [] }) => directory.database.query(text, [...values])),
    );
    return JSON.stringify(answers).length;
  };
  const nameOf = (n: number) => `group-${String(n).padStart(3, '0')}`;

  it('if a look-up finds several users, whose groups are read once for all', async () => {
    const users = await Promise.all(
      Array.from({ length: 40 }, (_, n) =>
        addUser(store, ACME, `user-${n}`, { emails: [{ value: 'team@a.example' }] }),
      ),
    );
    let members = users.map(({ id }) => id);
    for (let n = 0; n < 20; n++) members = [(await addGroup(store, ACME, nameOf(n), members)).id];
    const { results, statements } = await together([
      () => list('emails.value eq "team@a.example"', ACME, 100),
    ]);
    const [page] = results;
    expect(page?.records).toHaveLength(40);
    for (const { groups } of (page?.records ?? []) as UserRecord[]) expect(groups).toHaveLength(20);
    expect(statements).toHaveLength(1);
    expect(await sizeOf(statements)).toBeLessThan(20_000);
  });

  it('if one user is in very many, which are read for each request', async () => {
    const { id } = await addUser(store, ACME, 'ann');
    for (let n = 0; n < 250; n += 50)
      await Promise.all(
        Array.from({ length: 50 }, (_, k) => addGroup(store, ACME, nameOf(n + k), [id])),
      );
    const gets = await together(NAMES.map(() => () => store.users.get(ACME, id, true)));
    for (const user of gets.results) {
      const names = (user as UserRecord).groups?.map(({ displayName }) => displayName);
      expect(names?.toSorted()).toEqual(Array.from({ length: 250 }, (_, n) => nameOf(n)));
    }
    expect(await sizeOf(gets.statements)).toBeLessThan(10_000);
    const { results } = await together([() => list('userName eq "ann"')]);
    const found = results.flatMap(({ records }) => records) as UserRecord[];
    expect(found.map(({ groups }) => groups?.length)).toEqual([250]);
  });

  it('if one user is below very many', async () => {
    const { id } = await addUser(store, ACME, 'ann');
    const { id: group } = await addGroup(store, ACME, 'group', [id]);
    for (let n = 0; n < 150; n += 50)
      await Promise.all(
        Array.from({ length: 50 }, (_, k) => addGroup(store, ACME, nameOf(n + k), [group])),
      );
    const { results, statements } = await together(
      NAMES.map(() => () => store.users.get(ACME, id, true)),
    );
    for (const user of results) expect((user as UserRecord).groups).toHaveLength(151);
    expect(await sizeOf(statements)).toBeLessThan(10_000);
  });
});

it('look-ups that ask for many rows share a statement with few others', async () => {
  await addUsers(ACME, NAMES);
  const { results, statements } = await together(
    NAMES.map((name) => () => list(`userName eq "${name}"`, ACME, 1_000)),
  );
  expect(results.map(({ total }) => total)).toEqual(NAMES.map(() => 1));
  expect(statements).toHaveLength(3);
});

it('neither tenants nor integrations share a statement', async () => {
  await addUsers(ACME, ['ann']);
  await addUsers(GLOBEX, ['ann']);
  const scopes = [ACME, GLOBEX, ACME_TOO];
  const { results, statements } = await together(
    scopes.map((scope) => () => list('userName eq "ann"', scope)),
  );
  expect(results.map(({ records }) => records[0]?.profile.attributes.externalId)).toEqual([
    'e-ann',
    'e-ann',
    undefined,
  ]);
  expect(statements).toHaveLength(3);
  const values = statements.map((each) => each.values ?? []);
  for (const [n, { tenant }] of scopes.entries()) expect(values[n]).toContain(tenant);
});

it('a value that PostgreSQL refuses fails no other read', async () => {
  const users = await addUsers(ACME, NAMES);
  const ids = users.map(({ id }) => id);
  const [bad, ...good] = await Promise.allSettled(
    ['\0', ...ids].map((id) => store.users.get(ACME, id, false)),
  );
  expect(bad).toMatchObject({ status: 'rejected', reason: { name: 'StatementError' } });
  expect(good.map((each) => each.status === 'fulfilled' && each.value?.id)).toEqual(ids);
});

describe('a connection that is lost while its statement runs', () => {
  beforeEach(async () => {
    await directory.close();
    directory = await newPostgres();
    store = directory.store;
  });

  /**
   * PostgreSQL ends the connections of the first statements with the word that ask whether they may
   * go on. Others look whether the tables grow.
   */
  const endFirst = (count: number, word = 'ORDINALITY') =>
    directory.database.query(`
      CREATE SEQUENCE askings;
      CREATE FUNCTION may_go_on() RETURNS boolean LANGUAGE plpgsql AS $$
        BEGIN
          IF current_query() LIKE '%${word}%' AND nextval('public.askings') <= ${count} THEN
            PERFORM pg_terminate_backend(pg_backend_pid());
            PERFORM pg_sleep(60);
          END IF;
          RETURN TRUE;
        END
      $$
    `);
  const whenRead = (table: string) =>
    directory.database.query(`
      ALTER TABLE ${table} RENAME TO kept;
      CREATE VIEW ${table} AS SELECT * FROM kept WHERE may_go_on()
    `);

  it('has a statement that reads share run once more, and fails none of them', async () => {
    const users = await addUsers(ACME, NAMES);
    await endFirst(1);
    await whenRead('external_ids');
    const { results, statements } = await together(
      users.map((user) => () => store.users.get(ACME, user.id, false)),
    );
    expect(results.map((user) => user?.id)).toEqual(users.map(({ id }) => id));
    expect(statements).toHaveLength(2);
  });

  it('fails the reads if the next one is lost as well', async () => {
    const users = await addUsers(ACME, NAMES);
    await endFirst(2);
    await whenRead('external_ids');
    const { results, statements } = await together(
      users.map((user) => async () => {
        const [read] = await Promise.allSettled([store.users.get(ACME, user.id, false)]);
        return read;
      }),
    );
    for (const read of results)
      expect(read).toMatchObject({ status: 'rejected', reason: { status: 503, retryAfter: 5 } });
    expect(statements).toHaveLength(2);
  });

  it('fails a write, which is not repeated', async () => {
    await addUser(store, ACME, 'ann');
    await endFirst(1, 'INSERT');
    await directory.database.query('ALTER TABLE access ADD CHECK (may_go_on()) NOT VALID');
    await expect(addUser(store, ACME, 'bob')).rejects.toMatchObject({ status: 503 });
    expect((await list('userName sw ""')).total).toBe(1);
    await addUser(store, ACME, 'bob');
  });
});

it('a read that arrives while a statement runs sees what was committed before', async () => {
  const [user] = await addUsers(ACME, ['ann']);
  const id = user?.id ?? '';
  const client = new pg.Client({ connectionString: directory.database.url });
  await client.connect();
  await client.query('BEGIN; LOCK TABLE external_ids IN ACCESS EXCLUSIVE MODE');
  const sent = vi.spyOn(pg.Client.prototype, 'query');
  try {
    const first = store.users.get(ACME, id, false);
    const statements = () => {
      const calls = sent.mock.calls as unknown as [{ text?: string }][];
      return calls.filter(([{ text = '' }]) => isShared(text)).length;
    };
    await expect.poll(statements).toBe(1);
    await directory.database.query('UPDATE access SET version = 7');
    const second = store.users.get(ACME, id, false);
    await client.query('COMMIT');
    expect((await first)?.id).toBe(id);
    expect((await second)?.version).toBe(7);
    expect(statements()).toBe(2);
  } finally {
    sent.mockRestore();
    await client.end();
  }
});
