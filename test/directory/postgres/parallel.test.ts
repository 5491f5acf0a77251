/**
 * Operations of several stores on one database at once: each history is a serial one, there is no
 * deadlock, and the tables are consistent.
 */
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '../../../src/directory/ids.ts';
import { openDirectory } from '../../../src/directory/open.ts';
import type { UserRecord } from '../../../src/directory/store/resources.ts';
import type { Store } from '../../../src/directory/store/store.ts';
import { busy, ScimError } from '../../../src/scim/error.ts';
import type { MemberChange } from '../../../src/scim/members.ts';
import { type PostgresDirectory, usePostgres } from '../../support/directory/postgres.ts';
import { deadlocks, holding, troubles } from '../../support/directory/postgres-tables.ts';
import {
  ACME,
  add,
  addGroup,
  addUser,
  at,
  integration,
  memberIds,
  remove,
  replace,
} from '../contract/fixture.ts';
import {
  apply,
  contents,
  type Model,
  type Operation,
  operation,
  perform,
  summary,
} from '../contract/model.ts';

let directory: PostgresDirectory;
let stores: readonly Store[];
beforeAll(async () => {
  directory = await usePostgres();
  const others = [1, 2].map(() => openDirectory(directory.database.url));
  stores = [directory.store, ...(await Promise.all(others))];
});
afterAll(async () => {
  await Promise.all(stores.slice(1).map((store) => store.close()));
  await directory.close();
});

const storeOf = (index: number): Store => stores[index % stores.length] ?? directory.store;

describe('parallel operations of several stores', () => {
  it('return, and leave in the directory, what some order of them would', async () => {
    let runs = 0;
    const held = fc.array(fc.nat(5), { maxLength: 3 });
    const few = fc.array(operation, { minLength: 2, maxLength: 4 });
    const check = async (members: readonly number[][], parallel: readonly Operation[]) => {
      const scope = { ...ACME, tenant: `acme-${++runs}` };
      const { model, idOf } = await prepare(scope, members);
      const done = await Promise.all(
        parallel.map(async (each, index) => {
          const id = `new-${index}`;
          const answer = await answerOf(() => perform(storeOf(index), scope, each, id, idOf));
          return { operation: each, id, answer };
        }),
      );
      const end = JSON.stringify(await contents(directory.store, scope));
      const explained = [...permutations(done)].some((order) => {
        const after = replay(model, order, idOf);
        return after !== undefined && JSON.stringify(summary(after)) === end;
      });
      expect({ explained, model, done, end }).toMatchObject({ explained: true });
    };
    await fc.assert(fc.asyncProperty(fc.tuple(held, held, held), few, check), {
      numRuns: 100,
      interruptAfterTimeLimit: 20_000,
      endOnFailure: true,
    });
  });

  it('leave consistent tables, and run into no deadlock', async () => {
    const before = await deadlocks(directory.database);
    const make = <T>(count: number, one: (index: number) => Promise<T>) =>
      Promise.all(Array.from({ length: count }, (_, index) => one(index)));
    const idOf = ({ id }: { id: string }) => id;
    const users = await make(30, (n) => addUser(storeOf(n), ACME, `user-${n}`).then(idOf));
    const groups = await make(8, (n) => addGroup(storeOf(n), ACME, `group-${n}`).then(idOf));
    const picks = fc.tuple(fc.nat(29), fc.nat(7), fc.nat(37), fc.nat(KINDS.length - 1));
    const steps = fc
      .sample(picks, {
        numRuns: 2_000,
        seed: 7,
      })
      .map((pick, index) => {
        const [user = 0, group = 0, member = 0, kind = 0] = pick;
        return () =>
          KINDS[kind]?.({
            ...{ store: storeOf(index), index, users, groups },
            ...{ user: users[user] ?? '', group: groups[group] ?? '' },
            member: [...users, ...groups][member] ?? '',
          });
      });
    const refusals: unknown[] = [];
    const queue = steps.values();
    const worker = async () => {
      for (const step of queue) {
        // Clients try again after 503, which a busy machine may cause.
        let outcome: unknown = BUSY;
        while (outcome instanceof ScimError && outcome.status === BUSY.status)
          outcome = await step()?.catch((error: unknown) => error);
        if (outcome instanceof Error) refusals.push(outcome);
      }
    };
    await make(24, worker);
    const expected = [400, 404, 409];
    const isExpected = (error: unknown) =>
      error instanceof ScimError && expected.includes(error.status);
    expect(refusals.filter((error) => !isExpected(error))).toEqual([]);
    expect(await troubles(directory.database)).toEqual([]);
    expect((await deadlocks(directory.database)) - before).toBe(0);
  });
});

const BUSY = busy();

interface Step {
  readonly store: Store;
  readonly index: number;
  /** Ids; a deleted user or group gets a successor. */
  readonly users: string[];
  readonly groups: string[];
  readonly user: string;
  readonly group: string;
  /** One of the users and groups. */
  readonly member: string;
}

const change = ({ store, group }: Step, name: string | undefined, ...changes: MemberChange[]) => {
  const decide = name === undefined ? undefined : () => ({ displayName: name });
  return store.groups.change(ACME, group, decide, changes, at(2));
};
const addBoth = (step: Step) => change(step, undefined, add(step.member, step.user));
const removeBoth = (step: Step) => change(step, undefined, remove(step.member, step.user));
const addOne = (step: Step) => change(step, undefined, add(step.user));

/** What provisioners do, with the frequent operations more often. */
const KINDS: readonly ((step: Step) => Promise<unknown>)[] = [
  ...[addBoth, addBoth, removeBoth, removeBoth, addOne, addOne, addOne],
  (step) => change(step, undefined, replace(step.user, step.member)),
  (step) => change(step, `renamed-${step.index % 9}`, add(step.user)),
  ({ store, user, member, index }) => {
    const attributes = { displayName: `new-${index}` };
    return store.groups.create(ACME, {
      id: newId(),
      attributes,
      members: [user, member],
      at: at(2),
    });
  },
  async ({ store, users, user, index }) => {
    await store.users.delete(ACME, user, () => {}, at(2));
    users[users.indexOf(user)] = (await addUser(store, ACME, `successor-${index}`)).id;
  },
  async ({ store, groups, group, index }) => {
    await store.groups.delete(ACME, group, () => {}, at(2));
    groups[groups.indexOf(group)] = (await addGroup(store, ACME, `successor-${index}`)).id;
  },
  ({ store, index }) => addUser(store, ACME, `new-${index % 40}`),
  ({ store, user, index }) => {
    const emails = [{ value: `${index}@a` }, { value: `${index % 10}@a` }];
    return store.users.change(ACME, user, () => ({ userName: `new-${index % 40}`, emails }), at(2));
  },
  ({ store, user, index }) => {
    const decide = ({ profile }: UserRecord) => ({ ...profile.attributes, title: `${index}` });
    return store.users.change(ACME, user, decide, at(2));
  },
];

describe('the times of last requests', () => {
  it('are written by several processes at once, in any order of the integrations', async () => {
    const before = await deadlocks(directory.database);
    const ids = Array.from({ length: 100 }, (_, index) => `integration-${index}`);
    await Promise.all(
      ids.map((id) => directory.store.integrations.put(integration({ id, name: id }))),
    );
    const touch = (store: Store, order: readonly string[], time: number) =>
      store.integrations.touch(new Map(order.map((id) => [id, time])));
    for (let round = 0; round < 20; round++) {
      await Promise.all(
        [ids, ids.toReversed(), ids].map((order, n) => touch(storeOf(n), order, round * 3 + n)),
      );
    }
    expect(await deadlocks(directory.database)).toBe(before);
    const activity = await directory.store.integrations.activity('integration-7');
    expect(activity.lastRequestAt).toBe(59);
  });
});

describe('a change that waits for another one', () => {
  let [user, group] = ['', ''];
  beforeEach(async () => {
    user = (await addUser(directory.store, ACME, 'waited-for')).id;
    group = (await addGroup(directory.store, ACME, 'waited-for')).id;
  });
  afterEach(async () => {
    await directory.store.groups.delete(ACME, group, () => {}, at(3));
    await directory.store.users.delete(ACME, user, () => {}, at(3)).catch(() => undefined);
  });

  it('removes a member that was added meanwhile', async () => {
    const { store, database } = directory;
    const { answer: removed } = await holding(
      database,
      `UPDATE groups SET version = version + 1 WHERE id = '${group}';
       INSERT INTO group_members VALUES ('acme', '${group}', '${user}', 'User')`,
      () => store.groups.change(ACME, group, undefined, [remove(user)], at(1)),
    );
    expect(removed.group.version).toBe(3);
    expect(await memberIds(store, ACME, group)).toEqual([]);
  });

  it('removes a member that left and joined again meanwhile', async () => {
    const { store, database } = directory;
    await store.groups.change(ACME, group, undefined, [add(user)], at(1));
    const { answer: removed } = await holding(
      database,
      `UPDATE groups SET version = version + 2 WHERE id = '${group}';
       DELETE FROM group_members WHERE group_id = '${group}';
       INSERT INTO group_members VALUES ('acme', '${group}', '${user}', 'User')`,
      () => store.groups.change(ACME, group, undefined, [remove(user)], at(1)),
    );
    expect(removed.group.version).toBe(5);
    expect(await memberIds(store, ACME, group)).toEqual([]);
  });

  it('returns the externalId that was set meanwhile with an addition', async () => {
    const { store, database } = directory;
    const { answer: added } = await holding(
      database,
      `UPDATE groups SET version = version + 1 WHERE id = '${group}';
       UPDATE external_ids SET external_id = 'e' WHERE resource_id = '${group}'`,
      () => store.groups.change(ACME, group, undefined, [add(user)], at(1)),
    );
    expect(added.group).toMatchObject({ version: 3, profile: { externalId: 'e' } });
  });

  it('is not the addition of a group that is being changed', async () => {
    const { store, database } = directory;
    const holder = await addGroup(store, ACME, 'holder');
    const { answer, waited } = await holding(
      database,
      `SELECT 1 FROM groups WHERE id = '${group}' FOR UPDATE`,
      () => store.groups.change(ACME, holder.id, undefined, [add(group)], at(1)),
    );
    expect({ waited, version: answer.group.version }).toEqual({ waited: false, version: 2 });
  });
});

type Scope = typeof ACME;

/** Three users and three groups with these members, in the tenant and in a model of it. */
async function prepare(scope: Scope, members: readonly number[][]) {
  let model: Model = new Map();
  const ids: string[] = [];
  const idOf = (index: number) => ids[index % 6] ?? 'nobody';
  const operations: readonly Operation[] = [
    ...[0, 1, 2].map((name) => ({ kind: 'createUser', tenant: 0, name }) as const),
    ...members.map(
      (held, name) => ({ kind: 'createGroup', tenant: 0, name, members: held }) as const,
    ),
  ];
  for (const [index, each] of operations.entries()) {
    const id = `old-${index}`;
    await perform(directory.store, scope, each, id, idOf);
    const next = apply(model, each, id, idOf);
    if (typeof next === 'number') throw new Error('the preparation was refused');
    model = next;
    ids.push(id);
  }
  return { model, idOf };
}

/** The status of a refusal, or the version that was returned; undefined for a deletion. */
async function answerOf(run: () => Promise<unknown>): Promise<string | number | undefined> {
  try {
    const answer = (await run()) as { version?: number; group?: { version: number } } | undefined;
    return answer?.group?.version ?? answer?.version;
  } catch (error) {
    if (error instanceof ScimError) return `${error.status}`;
    throw error;
  }
}

interface Done {
  readonly operation: Operation;
  readonly id: string;
  readonly answer: string | number | undefined;
}

/**
 * What the model contains after the operations in this order; undefined if it would have returned
 * something else.
 */
function replay(
  before: Model,
  order: readonly Done[],
  idOf: (index: number) => string,
): Model | undefined {
  let model = before;
  for (const { operation: each, id: newId, answer } of order) {
    const next = apply(model, each, newId, idOf);
    const id = 'nth' in each ? idOf(each.nth) : newId;
    const expected = typeof next === 'number' ? `${next}` : next.get(id)?.version;
    if (expected !== answer && !(isVain(model, next, id) && Number(answer) > Number(expected))) {
      return undefined;
    }
    if (typeof next !== 'number') model = next;
  }
  return model;
}

/** A change without effect may return the version that the group has got meanwhile. */
function isVain(before: Model, after: Model | number, id: string): boolean {
  return typeof after !== 'number' && before.get(id)?.version === after.get(id)?.version;
}

function* permutations<T>(items: readonly T[]): Generator<readonly T[]> {
  if (items.length === 0) yield [];
  for (const [index, item] of items.entries()) {
    for (const rest of permutations(items.toSpliced(index, 1))) yield [item, ...rest];
  }
}
