/**
 * The store against a model of it in memory. Whatever two tenants do, each has exactly what it
 * wrote, and nothing of the other.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Store } from '../../../src/directory/store/store.ts';
import { ScimError } from '../../../src/scim/error.ts';
import type { MemberChange } from '../../../src/scim/members.ts';
import {
  ACME,
  at,
  GLOBEX,
  groupQuery,
  type Open,
  unpacked,
  userQuery,
  useStore,
} from './fixture.ts';

const SCOPES = [ACME, GLOBEX];
const nth = fc.nat(9);
const members = fc.array(nth, { maxLength: 4 });
const change = fc.record({ kind: fc.constantFrom('add', 'remove', 'replace'), members });
const tenant = fc.nat(1);
export const operation = fc.oneof(
  fc.record({ kind: fc.constant('createUser'), tenant, name: fc.nat(4) }),
  fc.record({ kind: fc.constant('renameUser'), tenant, nth, name: fc.nat(4) }),
  fc.record({ kind: fc.constant('deleteUser'), tenant, nth }),
  fc.record({ kind: fc.constant('createGroup'), tenant, name: fc.nat(4), members }),
  {
    arbitrary: fc.record({
      kind: fc.constant('changeGroup'),
      tenant,
      nth,
      name: fc.option(fc.nat(4), { nil: undefined }),
      changes: fc.array(change, { maxLength: 3 }),
    }),
    weight: 3,
  },
  fc.record({ kind: fc.constant('deleteGroup'), tenant, nth }),
);
export type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

interface Entry {
  readonly name: string;
  readonly version: number;
  /** Undefined for a user. */
  readonly members: ReadonlySet<string> | undefined;
}
/** One tenant: entries by id, in the order of creation. */
export type Model = ReadonlyMap<string, Entry>;

export function modelContract(open: Open): void {
  describe('any sequence of operations by two tenants', () => {
    const opened = useStore(open);
    let runs = 0;

    it('returns, and leaves in the directory, what a model of it predicts', async () => {
      const check = (operations: readonly Operation[]) => play(opened(), operations, ++runs);
      const sequences = fc.array(operation, { minLength: 5, maxLength: 40 });
      await fc.assert(fc.asyncProperty(sequences, check), {
        numRuns: 60,
        interruptAfterTimeLimit: 20_000,
      });
    });
  });
}

/**
 * Performs the operations in the store and in the model. `run` keeps the tenants of each sequence
 * apart.
 */
async function play(store: Store, operations: readonly Operation[], run: number): Promise<void> {
  const tenants = SCOPES.map((each) => ({
    scope: { ...each, tenant: `${each.tenant}-${run}` },
    model: new Map() as Model,
  }));
  const ids: string[] = [];
  const idOf = (index: number) => ids[index] ?? 'nobody';
  for (const each of operations) {
    const place = tenants[each.tenant];
    if (place === undefined) throw new Error('no such tenant');
    const newId = `${run}-${String(ids.length).padStart(3, '0')}`;
    const expected = apply(place.model, each, newId, idOf);
    const status = await statusOf(() => perform(store, place.scope, each, newId, idOf));
    expect([each, status]).toEqual([each, typeof expected === 'number' ? expected : 200]);
    if (typeof expected !== 'number') place.model = expected;
    if (each.kind.startsWith('create')) ids.push(newId);
  }
  for (const { scope, model } of tenants) {
    expect(await contents(store, scope)).toEqual(summary(model));
  }
}

const memberChange = (
  { kind, members: held }: { kind: 'add' | 'remove' | 'replace'; members: readonly number[] },
  idOf: (index: number) => string,
): MemberChange => ({ kind, values: [...new Set(held.map(idOf))] });

export async function perform(
  store: Store,
  scope: { tenant: string; integrationId: string },
  each: Operation,
  id: string,
  idOf: (index: number) => string,
): Promise<unknown> {
  switch (each.kind) {
    case 'createUser':
      return store.users.create(scope, {
        id,
        attributes: { userName: `n${each.name}` },
        at: at(0),
      });
    case 'renameUser':
      return store.users.change(
        scope,
        idOf(each.nth),
        () => ({ userName: `n${each.name}` }),
        at(0),
      );
    case 'deleteUser':
      return store.users.delete(scope, idOf(each.nth), () => {}, at(0));
    case 'createGroup': {
      const attributes = { displayName: `n${each.name}` };
      const values = [...new Set(each.members.map(idOf))];
      return store.groups.create(scope, { id, attributes, members: values, at: at(0) });
    }
    case 'changeGroup':
      return store.groups.change(
        scope,
        idOf(each.nth),
        each.name === undefined ? undefined : () => ({ displayName: `n${each.name}` }),
        each.changes.map((one) => memberChange(one, idOf)),
        at(0),
      );
    case 'deleteGroup':
      return store.groups.delete(scope, idOf(each.nth), () => {}, at(0));
  }
}

export async function statusOf(run: () => Promise<unknown>): Promise<number> {
  try {
    await run();
    return 200;
  } catch (error) {
    if (error instanceof ScimError) return error.status;
    throw error;
  }
}

/** The tenant after the operation, or the status of the refusal. */
export function apply(
  model: Model,
  each: Operation,
  newId: string,
  idOf: (index: number) => string,
): Model | number {
  switch (each.kind) {
    case 'createUser':
      return put(model, newId, { name: `n${each.name}`, version: 1, members: undefined });
    case 'createGroup': {
      const held = each.members.map(idOf).filter((id) => model.has(id));
      return put(model, newId, { name: `n${each.name}`, version: 1, members: new Set(held) });
    }
    case 'renameUser': {
      const user = model.get(idOf(each.nth));
      if (user === undefined || user.members !== undefined) return 404;
      const name = `n${each.name}`;
      return put(model, idOf(each.nth), {
        ...user,
        name,
        version: user.version + Number(user.name !== name),
      });
    }
    case 'changeGroup':
      return changeGroup(model, each, idOf);
    default: {
      const id = idOf(each.nth);
      const isGroup = model.get(id)?.members !== undefined;
      return model.has(id) && isGroup === (each.kind === 'deleteGroup') ? without(model, id) : 404;
    }
  }
}

function changeGroup(
  model: Model,
  { nth: index, name, changes }: Extract<Operation, { kind: 'changeGroup' }>,
  idOf: (index: number) => string,
): Model | number {
  const id = idOf(index);
  const group = model.get(id);
  if (group?.members === undefined) return 404;
  const held = new Set(group.members);
  const isRenamed = name !== undefined && `n${name}` !== group.name;
  for (const { kind, members: given } of changes) {
    const values = new Set(given.map(idOf));
    const leaving = [...held].filter((each) =>
      kind === 'remove' ? values.has(each) : kind === 'replace' && !values.has(each),
    );
    const joining = kind === 'remove' ? [] : [...values].filter((each) => model.has(each));
    if (joining.some((each) => holds(model, each, id))) return 400;
    if (kind === 'replace' && leaving.length > 0 && values.size > 0 && joining.length === 0)
      return 400;
    for (const each of leaving) held.delete(each);
    for (const each of joining) held.add(each);
  }
  const isSame = JSON.stringify([...held].sort()) === JSON.stringify([...group.members].sort());
  return put(model, id, {
    name: name === undefined ? group.name : `n${name}`,
    version: group.version + Number(isRenamed || !isSame),
    members: held,
  });
}

/** Whether the resource is the group or contains it at any depth. */
function holds(model: Model, id: string, group: string): boolean {
  return (
    id === group || [...(model.get(id)?.members ?? [])].some((each) => holds(model, each, group))
  );
}

function put(model: Model, id: string, entry: Entry): Model | number {
  const isTaken = [...model].some(
    ([other, { name, members: held }]) =>
      other !== id && name === entry.name && (held === undefined) === (entry.members === undefined),
  );
  return isTaken ? 409 : new Map([...model, [id, entry]]);
}

function without(model: Model, id: string): Model {
  const rest = [...model].filter(([each]) => each !== id);
  return new Map(
    rest.map(([each, entry]) => {
      const held = entry.members;
      if (!held?.has(id)) return [each, entry];
      const left = new Set([...held].filter((member) => member !== id));
      return [each, { ...entry, version: entry.version + 1, members: left }];
    }),
  );
}

export const summary = (model: Model) => {
  const all = [...model].toSorted(([left], [right]) => (left < right ? -1 : 1));
  const users = all.filter(([, { members: held }]) => held === undefined);
  const groups = all.filter(([, { members: held }]) => held !== undefined);
  return {
    totals: [users.length, groups.length],
    users: users.map(([id, { name, version }]) => [id, name, version]),
    groups: groups.map(([id, { name, version, members: held }]) => [
      id,
      name,
      version,
      [...(held ?? [])].toSorted(),
    ]),
  };
};

export async function contents(store: Store, scope: { tenant: string; integrationId: string }) {
  const users = await store.users.list(scope, userQuery());
  const groups = await store.groups.list(scope, groupQuery({ related: true }));
  return {
    totals: [users.total, groups.total],
    users: users.records.map(({ id, profile, version }) => [
      id,
      profile.attributes.userName,
      version,
    ]),
    groups: groups.records.map(({ id, profile, version, members: held }) => [
      id,
      profile.attributes.displayName,
      version,
      unpacked(held).map(({ value }) => value),
    ]),
  };
}
