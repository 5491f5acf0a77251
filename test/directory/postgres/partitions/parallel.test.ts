/** Changes of several stores at once on tables that are partitioned by tenant. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openDirectory } from '../../../../src/directory/open.ts';
import type { Scope } from '../../../../src/directory/store/resources.ts';
import type { Store } from '../../../../src/directory/store/store.ts';
import { ScimError } from '../../../../src/scim/error.ts';
import { usePartitions } from '../../../support/directory/partitions.ts';
import type { PostgresDirectory } from '../../../support/directory/postgres.ts';
import { deadlocks, troubles } from '../../../support/directory/postgres-tables.ts';
import {
  ACME,
  add,
  addGroup,
  addUser,
  at,
  GLOBEX,
  memberIds,
  remove,
} from '../../contract/fixture.ts';

let directory: PostgresDirectory;
let stores: readonly Store[];
beforeAll(async () => {
  directory = await usePartitions();
  const others = [1, 2].map(() => openDirectory(directory.database.url));
  stores = [directory.store, ...(await Promise.all(others))];
});
afterAll(async () => {
  expect(await troubles(directory.database)).toEqual([]);
  expect(await deadlocks(directory.database)).toBe(0);
  await Promise.all(stores.slice(1).map((store) => store.close()));
  await directory.close();
});

const storeOf = (index: number): Store => stores[index % stores.length] ?? directory.store;
const times = <T>(count: number, work: (n: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, n) => work(n)));
/** A conflict is an answer too. */
const refused = (error: unknown) => {
  if (!(error instanceof ScimError) || error.status >= 500) throw error;
};

it.each<Scope>([ACME, GLOBEX])('members join and leave one group: %s', async (scope) => {
  const { store } = directory;
  const { id } = await addGroup(store, scope, 'team');
  const users = await times(40, (n) => addUser(storeOf(n), scope, `user${n}`));
  const ids = users.map((user) => user.id);
  const patch = (n: number, change = add(ids[n] ?? '')) =>
    storeOf(n).groups.change(scope, id, undefined, [change], at(n));
  await times(40, (n) => patch(n));
  expect(await memberIds(store, scope, id)).toEqual(ids.toSorted());
  await times(40, (n) => (n % 2 === 0 ? patch(n, remove(ids[n] ?? '')) : patch(n)));
  const left = ids.filter((_, n) => n % 2 === 1);
  expect(await memberIds(store, scope, id)).toEqual(left.toSorted());
});

it('no circle of groups is closed, and deleted groups leave no member behind', async () => {
  const groups = await times(6, (n) => addGroup(storeOf(n), ACME, `ring${n}`));
  const at6 = (n: number) => groups[n % 6]?.id ?? '';
  const joins = await times(6, (n) =>
    storeOf(n)
      .groups.change(ACME, at6(n), undefined, [add(at6(n + 1))], at(1))
      .then(() => true, refused),
  );
  expect(joins.filter(Boolean)).toHaveLength(5);
  await times(6, (n) => storeOf(n).groups.delete(ACME, at6(n), () => undefined, at(2)));
});

it('users are renamed to one name once, in each tenant', async () => {
  for (const scope of [ACME, GLOBEX]) {
    const users = await times(5, (n) => addUser(storeOf(n), scope, `old${n}`));
    const renamed = await times(5, (n) =>
      storeOf(n)
        .users.change(
          scope,
          users[n]?.id ?? '',
          ({ profile }) => ({ ...profile.attributes, userName: 'wanted' }),
          at(1),
        )
        .then(() => true, refused),
    );
    expect(renamed.filter(Boolean)).toHaveLength(1);
  }
});
