/** Pages of groups that a long search finds. */
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { SearchThread } from '../../../../src/directory/sqlite/searching/search-thread.ts';
import { type SqliteDirectory, useSqlite } from '../../../support/directory/sqlite.ts';
import { ACME, addGroup, addUser, groupQuery } from '../../contract/fixture.ts';

let directory: SqliteDirectory;
beforeAll(async () => {
  directory = await useSqlite();
});
afterAll(() => directory.close());

it('are searched for once, however many members the groups have', async () => {
  const { store } = directory;
  const users = await Promise.all(
    Array.from({ length: 4_000 }, async (_, n) => (await addUser(store, ACME, `user-${n}`)).id),
  );
  for (const name of ['one', 'two', 'three']) await addGroup(store, ACME, name, users);
  const search = vi.spyOn(SearchThread.prototype, 'search');
  const filter = 'members.type eq "User"';
  const page = await store.groups.list(ACME, groupQuery({ filter, related: true }));
  expect(page.records.map((each) => 'members' in each && each.members?.join('').length)).toEqual(
    Array(3).fill(4_000 * 37),
  );
  expect(search).toHaveBeenCalledOnce();
});
