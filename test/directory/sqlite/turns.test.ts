import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type SqliteDirectory, useSqlite } from '../../support/directory/sqlite.ts';
import {
  ACME,
  addGroup,
  addUser,
  changeMembers,
  memberIds,
  remove,
  replace,
} from '../contract/fixture.ts';

let directory: SqliteDirectory;
beforeAll(async () => {
  directory = await useSqlite();
});
afterAll(() => directory.close());

/** Writes wait for the checkpoint that may follow others. The second one finds it done. */
async function settle(): Promise<void> {
  for (let write = 0; write < 2; write++) await directory.store.ping();
}

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

it('a change of many members lets reads pass, and other writes wait until it is done', async () => {
  const { store } = directory;
  const ids = await Promise.all(
    Array.from({ length: 2_500 }, async (_, n) => (await addUser(store, ACME, `worker-${n}`)).id),
  );
  const group = await addGroup(store, ACME, 'workers');
  const order: string[] = [];
  const note = <T>(name: string, doing: Promise<T>) => doing.finally(() => order.push(name));
  await settle();
  const many = note('many', changeMembers(store, ACME, group.id, replace(...ids, 'nobody')));
  // Until it has begun.
  for (let turn = 0; turn < 2; turn++) await nextTurn();
  const [unknown] = await Promise.all([
    many,
    note('ping', store.ping()),
    note('one', changeMembers(store, ACME, group.id, remove(ids[0] ?? ''))),
    note('read', memberIds(store, ACME, group.id)).then((members) => expect(members).toEqual([])),
  ]);
  // A probe must not fail because of a long write.
  expect(order).toEqual(['read', 'ping', 'many', 'one']);
  expect(unknown.unknownMembers).toEqual(['nobody']);
  expect(await memberIds(store, ACME, group.id)).toEqual(ids.slice(1).toSorted());

  const parts = [0, 800, 1_600].map((from) => remove(...ids.slice(from, from + 800)));
  await settle();
  const removing = note('removed', changeMembers(store, ACME, group.id, ...parts));
  for (let turn = 0; turn < 2; turn++) await nextTurn();
  // Many members would be read on a thread, which may take longer than the change.
  const reading = Promise.resolve(store.groups.get(ACME, group.id, false));
  await Promise.all([removing, note('read again', reading)]);
  expect(order.slice(4)).toEqual(['read again', 'removed']);
  await changeMembers(store, ACME, group.id, replace(...ids.slice(1)));

  const refused = changeMembers(store, ACME, group.id, remove(...ids.slice(0, 2_000)), {
    kind: 'add',
    values: [...ids.slice(0, 1_500), group.id],
  });
  await expect(refused).rejects.toThrow('the group would contain itself');
  expect(await memberIds(store, ACME, group.id)).toEqual(ids.slice(1).toSorted());
});
