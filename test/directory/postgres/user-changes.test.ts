/** Users who are changed at the same time: they share statements, and none depends on another. */
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDirectory } from '../../../src/directory/open.ts';
import type { Decide, UserRecord } from '../../../src/directory/store/resources.ts';
import type { PersonSession } from '../../../src/directory/store/sessions.ts';
import type { Store } from '../../../src/directory/store/store.ts';
import { invalidValue } from '../../../src/scim/error.ts';
import type { Attributes } from '../../../src/scim/resource.ts';
import { type PostgresDirectory, usePostgres } from '../../support/directory/postgres.ts';
import { statementsOf } from '../../support/directory/postgres-plans.ts';
import { deadlocks, troubles } from '../../support/directory/postgres-tables.ts';
import { eventually } from '../../support/eventually.ts';
import { ACME, ACME_TOO, addUser, at } from '../contract/fixture.ts';

let directory: PostgresDirectory;
let store: Store;
beforeEach(async () => {
  directory = await usePostgres();
  store = directory.store;
});
afterEach(() => directory.close());

const times = <T>(count: number, work: (n: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, n) => work(n)));
const to =
  (more: Attributes): Decide<UserRecord> =>
  ({ profile }) => ({ ...profile.attributes, ...more });
const change = (id: string, decide: Decide<UserRecord>, from = store) =>
  from.users.change(ACME, id, decide, at(1));
const found = async (id: string) => {
  const user = await store.users.get(ACME, id, false);
  return { ...user?.profile.attributes, version: user?.version };
};
const ids = (count: number) =>
  times(count, async (n) => (await addUser(store, ACME, `user${n}`)).id);

/** Of those that read or write several users. */
async function ownStatementsOf(work: () => Promise<unknown>): Promise<string[]> {
  const sent = await statementsOf(work);
  const own = sent.filter(({ text }) => text.includes('FROM access r'));
  return own.map(({ text }) => (text.includes('INSERT INTO') ? 'write' : 'read'));
}

const sessionOf = (accessId: string): PersonSession => ({
  kind: 'person',
  hash: `session of ${accessId}`,
  tenant: ACME.tenant,
  accessId,
  provider: 'okta',
  issuer: 'https://idp.example',
  subject: accessId,
  createdAt: at(0),
  lastUsedAt: at(0),
  expiresAt: at(9),
});

describe('users who are changed at the same time', () => {
  it('are read by one statement and written by another one', async () => {
    const users = await ids(20);
    const sent = await ownStatementsOf(() =>
      times(20, (n) => change(users[n] ?? '', to({ title: 'x' }))),
    );
    expect(sent).toEqual(['read', 'write']);
    expect(await times(20, (n) => found(users[n] ?? ''))).toEqual(
      users.map((_, n) => ({ userName: `user${n}`, active: true, title: 'x', version: 2 })),
    );
  });

  it('each have their own result', async () => {
    const email = { emails: [{ value: 'old@a' }], externalId: 'e' };
    const make = (name: string) => addUser(store, ACME, name, { displayName: name, ...email });
    const names = ['off', 'mail', 'same', 'taken', 'renamed', 'refused', 'foreign', 'gone'];
    const users = await Promise.all(names.map(make));
    const [off, mail, same, taken, renamed, refused, foreign, gone] = users.map(({ id }) => id);
    await store.users.delete(ACME, gone ?? '', () => undefined, at(1));
    const refuse = () => {
      throw invalidValue('no');
    };
    const outcomes = await Promise.allSettled([
      change(off ?? '', to({ active: false })),
      change(mail ?? '', to({ emails: [{ value: 'new@a' }], displayName: 'new', externalId: 'n' })),
      change(same ?? '', to({})),
      change(taken ?? '', to({ userName: 'OFF' })),
      change(renamed ?? '', to({ userName: 'nobody yet' })),
      change(refused ?? '', refuse),
      store.users.change(ACME_TOO, foreign ?? '', to({ externalId: 'of entra' }), at(1)),
      change(gone ?? '', to({ title: 'x' })),
    ]);
    expect(
      outcomes.map((each) =>
        each.status === 'fulfilled' ? each.value.version : each.reason.status,
      ),
    ).toEqual([2, 2, 1, 409, 2, 400, 2, 404]);
    const versions = await Promise.all(
      [off, mail, same, taken, renamed].map((id) => found(id ?? '')),
    );
    expect(versions).toMatchObject([
      { active: false },
      { emails: [{ value: 'new@a' }], externalId: 'n' },
      { userName: 'same' },
      { userName: 'taken' },
      { userName: 'nobody yet' },
    ]);
    expect(await found(foreign ?? '')).toMatchObject({ externalId: 'e' });
    expect(await troubles(directory.database)).toEqual([]);
    const entries = await directory.database.query(
      `SELECT resource_name AS name, version FROM activity WHERE operation = 'update' ORDER BY 1`,
    );
    expect(entries).toEqual(
      ['foreign', 'mail', 'nobody yet', 'off'].map((name) => ({ name, version: 2 })),
    );
  });

  it('lose their sessions if they become other persons, and others keep theirs', async () => {
    const users = await ids(6);
    for (const id of users) await store.sessions.create(sessionOf(id));
    await times(6, (n) =>
      change(users[n] ?? '', to(n % 2 === 0 ? { active: false } : { title: 'x' })),
    );
    const left = await times(6, (n) => store.sessions.list(ACME.tenant, users[n] ?? ''));
    expect(left.map((sessions) => sessions.length)).toEqual([0, 1, 0, 1, 0, 1]);
  });

  it('are changed if one of them cannot be', async () => {
    const users = await ids(5);
    const outcomes = await Promise.allSettled(
      users.map((id, n) => change(id, to({ title: n === 2 ? 'nul \u0000' : 'x' }))),
    );
    expect(outcomes.map(({ status }) => status === 'fulfilled')).toEqual([
      true,
      true,
      false,
      true,
      true,
    ]);
    const all = await times(5, async (n) => await found(users[n] ?? ''));
    expect(all.map(({ version }) => version)).toEqual([2, 2, 1, 2, 2]);
  });
});

/** Appends to the title. */
const append =
  (text: string): Decide<UserRecord> =>
  ({ profile: { attributes } }) => ({ ...attributes, title: `${attributes.title ?? ''}${text}` });

describe('changes of one user', () => {
  it('at the same time all take effect, in their order', async () => {
    const [id = ''] = await ids(1);
    const letters = [...'abcdefghijklmnopqrstuvwxyz'];
    const versions = await Promise.all(letters.map((each) => change(id, append(each))));
    expect(versions.map(({ version }) => version)).toEqual(letters.map((_, n) => n + 2));
    expect(await found(id)).toMatchObject({ title: letters.join(''), version: 27 });
  });

  it('from several processes all take effect', async () => {
    const stores = [store, await openDirectory(directory.database.url)];
    const users = await ids(10);
    const before = await deadlocks(directory.database);
    await times(100, (n) =>
      change(users[n % 10] ?? '', append('x'), stores[Math.floor(n / 10) % 2]),
    );
    const all = await times(10, (n) => found(users[n] ?? ''));
    expect(all).toMatchObject(users.map(() => ({ title: 'x'.repeat(10), version: 11 })));
    expect(await troubles(directory.database)).toEqual([]);
    expect(await deadlocks(directory.database)).toBe(before);
    await stores[1]?.close();
  });
});

describe('while another session holds the row of a user', () => {
  let holder: pg.Client;
  beforeEach(async () => {
    holder = new pg.Client({ connectionString: directory.database.url });
    await holder.connect();
  });
  afterEach(() => holder.end());
  const waiting = async () => {
    const { rows } = await holder.query(
      'SELECT 1 FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))',
    );
    return rows.length;
  };

  it('others are changed meanwhile, and that user afterwards, from what it is then', async () => {
    const [held = '', ...users] = await ids(9);
    await holder.query('BEGIN');
    await holder.query(
      `UPDATE access SET version = 2, attributes = '{"userName":"user0","active":true,"title":"a"}'
       WHERE id = $1`,
      [held],
    );
    let last: Promise<UserRecord> | undefined;
    const sent = await ownStatementsOf(async () => {
      last = change(held, append('b'));
      await times(8, (n) => change(users[n] ?? '', to({ title: 'x' })));
    });
    expect(sent).toEqual(['read', 'write']);
    await eventually(async () => {
      await holder.query('SELECT pg_stat_clear_snapshot()');
      expect(await waiting()).toBe(1);
    });
    await times(8, (n) => change(users[n] ?? '', to({ title: 'y' })));
    await holder.query('COMMIT');
    expect(await last).toMatchObject({ version: 3 });
    expect(await found(held)).toMatchObject({ title: 'ab', version: 3 });
  });

  it('a member can join a group while the user is changed', async () => {
    const [id = ''] = await ids(1);
    await holder.query('BEGIN');
    await holder.query('SELECT 1 FROM access WHERE id = $1 FOR KEY SHARE', [id]);
    await change(id, to({ title: 'x' }));
    await holder.query('COMMIT');
  });
});
