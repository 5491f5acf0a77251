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

it('a change of a user returns the groups, also those that a group is in', async () => {
  const { store } = directory;
  const { id } = await addUser(store, ACME, 'ann');
  const groupsAfter = async (title: string) => {
    const changed = await store.users.change(
      ACME,
      id,
      ({ profile }) => ({ ...profile.attributes, title }),
      at(1),
    );
    return changed.groups;
  };
  expect(await groupsAfter('Engineer')).toEqual([]);
  const staff = await addGroup(store, ACME, 'Staff', [id]);
  const sales = await addGroup(store, ACME, 'Sales', [id]);
  const read = async () => (await store.users.get(ACME, id, true)) as UserRecord;
  const { groups } = await read();
  expect(groups?.map(({ displayName }) => displayName).sort()).toEqual(['Sales', 'Staff']);
  expect(await groupsAfter('Engineer')).toEqual(groups);
  expect(await groupsAfter('Director')).toEqual(groups);
  const all = await addGroup(store, ACME, 'All', [staff.id]);
  expect(await groupsAfter('Engineer')).toEqual((await read()).groups);
  expect(await groupsAfter('Engineer')).toContainEqual({
    groupId: all.id,
    displayName: 'All',
    type: 'indirect',
  });
  await store.groups.change(ACME, all.id, undefined, [remove(staff.id)], at(2));
  await store.groups.change(ACME, staff.id, undefined, [remove(id)], at(2));
  expect(await groupsAfter('Director')).toEqual([
    { groupId: sales.id, displayName: 'Sales', type: 'direct' },
  ]);
});
