/**
 * Users are global and their access belongs to a tenant. Seen in the tables, because no operation
 * returns a global user.
 */
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { globalUserId } from '../../../src/directory/ids.ts';
import { type SqliteDirectory, useSqlite } from '../../support/directory/sqlite.ts';
import { ACME, addUser, at, GLOBEX, integration } from '../contract/fixture.ts';

let directory: SqliteDirectory;

beforeEach(async () => {
  directory = await useSqlite();
});
afterEach(() => directory.close());

function rows(sql: string): unknown[] {
  const db = new Database(directory.path, { readonly: true });
  const found = db.prepare(sql).raw().all();
  db.close();
  return found;
}
const users = () => rows('SELECT user_name_key, id FROM users ORDER BY user_name_key');
const access = () => rows('SELECT tenant, user_id FROM access ORDER BY tenant, user_id');
const [ann, anne] = [globalUserId('ann'), globalUserId('anne')];

describe('a global user', () => {
  it('is the same in all tenants, and remains when the last access is deleted', async () => {
    const { store } = directory;
    const here = await addUser(store, ACME, 'ann');
    const there = await addUser(store, GLOBEX, 'ANN');
    expect(users()).toEqual([['ann', ann]]);
    expect(access()).toEqual([
      ['acme', ann],
      ['globex', ann],
    ]);
    await store.users.delete(ACME, here.id, () => {}, at(1));
    expect(access()).toEqual([['globex', ann]]);
    await store.users.delete(GLOBEX, there.id, () => {}, at(2));
    expect(access()).toEqual([]);
    expect(users()).toEqual([['ann', ann]]);
  });

  it('is another one after a rename, and the access moves to it', async () => {
    const { store } = directory;
    const { id } = await addUser(store, ACME, 'ann');
    await addUser(store, GLOBEX, 'ann');
    await store.users.change(ACME, id, () => ({ userName: 'Anne' }), at(1));
    expect(access()).toEqual([
      ['acme', anne],
      ['globex', ann],
    ]);
    expect(users()).toEqual([
      ['ann', ann],
      ['anne', anne],
    ]);
  });

  it('remains when the integration that provisioned it is purged', async () => {
    const { store } = directory;
    await store.integrations.put(integration());
    await addUser(store, ACME, 'ann');
    await store.integrations.end('okta', at(1));
    await store.integrations.purge('okta', at(2));
    expect(access()).toEqual([]);
    expect(users()).toEqual([['ann', ann]]);
  });
});

describe('everything that belongs to a user or group', () => {
  it('is deleted from every table with it, except the global user', async () => {
    const { store } = directory;
    const emails = [{ value: 'ann@example.com' }];
    const user = await addUser(store, ACME, 'ann', { emails, externalId: 'x', title: 'x' });
    const { group } = await store.groups.create(ACME, {
      id: 'g',
      attributes: { displayName: 'staff', externalId: 'g' },
      members: [user.id],
      at: at(0),
    });
    await store.users.delete(ACME, user.id, () => {}, at(1));
    await store.groups.delete(ACME, group.id, () => {}, at(1));
    for (const table of ['access', 'access_values', 'groups', 'group_members', 'external_ids']) {
      expect([table, rows(`SELECT count(*) FROM ${table}`)]).toEqual([table, [[0]]]);
    }
    expect(rows('SELECT name, value FROM counters ORDER BY name')).toEqual([
      ['groups', 0],
      ['users', 0],
    ]);
  });
});
