import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type SqliteDirectory, useSqlite } from '../../support/directory/sqlite.ts';
import { ACME, addGroup, addUser } from '../contract/fixture.ts';

let directory: SqliteDirectory;
beforeAll(async () => {
  directory = await useSqlite();
});
afterAll(() => directory.close());

it('a large group is read in turns, between which others are served', async () => {
  const { store } = directory;
  const users = await Promise.all(
    Array.from({ length: 3_000 }, (_, n) => addUser(store, ACME, `user-${n}`)),
  );
  await addGroup(
    store,
    ACME,
    'Staff',
    users.map(({ id }) => id),
  );
  const limits = { members: 5_000, groups: 10 };
  let isDone = false;
  const reading = store.memberships
    .read('acme', { displayName: 'Staff' }, limits, 'userName')
    .then((found) => {
      isDone = true;
      return found;
    });
  let turns = 0;
  for (; !isDone; turns += 1) await nextTurn();
  expect((await reading).members).toHaveLength(3_000);
  // Four pages of members, and the statements before them.
  expect(turns).toBeGreaterThan(6);
});
