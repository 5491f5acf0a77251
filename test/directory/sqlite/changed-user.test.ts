/** What a change of a user returns, so that the response needs no other read. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type SqliteDirectory, useSqlite } from '../../support/directory/sqlite.ts';
import { ACME, addGroup, addUser, at, remove } from '../contract/fixture.ts';

let directory: SqliteDirectory;
beforeEach(async () => {
  directory = await useSqlite();
});
afterEach(() => directory.close());

it('a change of a user says whether the user is in no group', async () => {
  const { store } = directory;
  const { id } = await addUser(store, ACME, 'ann');
  const change = (title: string) =>
    store.users.change(ACME, id, ({ profile }) => ({ ...profile.attributes, title }), at(1));
  expect((await change('Engineer')).groups).toEqual([]);
  expect((await change('Engineer')).groups).toEqual([]);
  const staff = await addGroup(store, ACME, 'staff', [id]);
  expect(Object.hasOwn(await change('Director'), 'groups')).toBe(false);
  await store.groups.change(ACME, staff.id, undefined, [remove(id)], at(2));
  expect((await change('Engineer')).groups).toEqual([]);
});
