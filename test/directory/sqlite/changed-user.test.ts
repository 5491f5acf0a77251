/** What a change of a user returns, so that the response needs no other read. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { UserRecord } from '../../../src/directory/store/resources.ts';
import { type SqliteDirectory, useSqlite } from '../../support/directory/sqlite.ts';
import { ACME, addGroup, addUser, at, remove } from '../contract/fixture.ts';

let directory: SqliteDirectory;
beforeEach(async () => {
  directory = await useSqlite();
});
afterEach(() => directory.close());

const change = (id: string, title: string, related?: boolean) =>
  directory.store.users.change(
    ACME,
    id,
    ({ profile }) => ({ ...profile.attributes, title }),
    at(1),
    related,
  );
/** Of a change, and of another one that changes nothing. */
const groupsAfter = async (id: string, title: string, related: boolean) => {
  const { groups } = await change(id, title, related);
  expect((await change(id, title, related)).groups).toEqual(groups);
  return groups;
};

it('a change of a user returns the groups on request, unless one of them is in a group', async () => {
  const { store } = directory;
  const { id } = await addUser(store, ACME, 'ann');
  expect(await groupsAfter(id, 'Engineer', true)).toEqual([]);
  const staff = await addGroup(store, ACME, 'Staff', [id]);
  const sales = await addGroup(store, ACME, 'Sales', [id]);
  const { groups } = (await store.users.get(ACME, id, true)) as UserRecord;
  expect(groups?.map(({ displayName }) => displayName).sort()).toEqual(['Sales', 'Staff']);
  expect(await groupsAfter(id, 'Director', true)).toEqual(groups);
  expect(await groupsAfter(id, 'Engineer', false)).toBeUndefined();
  expect((await change(id, 'Director')).groups).toBeUndefined();
  const all = await addGroup(store, ACME, 'All', [staff.id]);
  expect(await groupsAfter(id, 'Engineer', true)).toBeUndefined();
  await store.groups.change(ACME, all.id, undefined, [remove(staff.id)], at(2));
  await store.groups.change(ACME, staff.id, undefined, [remove(id)], at(2));
  expect(await groupsAfter(id, 'Director', true)).toEqual([
    { groupId: sales.id, displayName: 'Sales', type: 'direct' },
  ]);
});

it('a change of a user reads a few rows however many groups there are', async () => {
  const { store } = directory;
  const { id } = await addUser(store, ACME, 'ann');
  for (let n = 0; n < 20; n++) await addGroup(store, ACME, `Group ${n}`, [id]);
  expect(await groupsAfter(id, 'Engineer', true)).toHaveLength(20);
  await addGroup(store, ACME, 'One more', [id]);
  expect(await groupsAfter(id, 'Director', true)).toBeUndefined();
});
