import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Caller } from '../../src/directory/caller.ts';
import { groupsOf } from '../../src/directory/groups.ts';
import { type Permission, PROVISIONER_PERMISSIONS } from '../../src/directory/permissions.ts';
import type { Resources } from '../../src/directory/resources.ts';
import type { GroupRecord } from '../../src/directory/store/resources.ts';
import type { JsonValue } from '../../src/scim/json.ts';
import { STANDARD_RESOURCE_TYPES } from '../../src/scim/resource-types.ts';
import { type SqliteDirectory, useSqlite } from '../support/directory/sqlite.ts';
import { parsePatch } from '../support/scim/parse-patch.ts';
import { ACME, addUser, at, groupQuery, memberIds } from './contract/fixture.ts';

const { group: type } = STANDARD_RESOURCE_TYPES;
const CALLER: Caller = {
  scope: ACME,
  permissions: PROVISIONER_PERMISSIONS,
  baseUrl: 'https://scim.example/scim/v2',
};
const without = (lacking: Permission): Caller => ({
  ...CALLER,
  permissions: new Set([...PROVISIONER_PERMISSIONS].filter((each) => each !== lacking)),
});

let sqlite: SqliteDirectory;
let groups: Resources<GroupRecord>;

beforeEach(async () => {
  sqlite = await useSqlite();
  groups = groupsOf({ store: sqlite.store, now: () => at(1) });
});
afterEach(() => sqlite.close());

const patch = (id: string, operations: readonly JsonValue[], ifMatch?: ReadonlySet<number>) =>
  groups.patch(CALLER, id, parsePatch({ Operations: operations }, type), ifMatch);

describe('a group', () => {
  it('is created with its members, and emptied by a PUT without members', async () => {
    const ann = await addUser(sqlite.store, ACME, 'ann');
    const members = [{ value: ann.id }, { value: 'nobody' }];
    const { record: group, unknownMembers } = await groups.create(CALLER, {
      displayName: 'staff',
      members,
    });
    expect(unknownMembers).toEqual(['nobody']);
    expect(group.profile.attributes).toEqual({ displayName: 'staff' });
    expect(await memberIds(sqlite.store, ACME, group.id)).toEqual([ann.id]);
    const replaced = await groups.replace(CALLER, group.id, { displayName: 'crew' }, undefined);
    expect(replaced.record).toMatchObject({
      version: 2,
      profile: { attributes: { displayName: 'crew' } },
    });
    expect(await memberIds(sqlite.store, ACME, group.id)).toEqual([]);
  });

  it('takes a PATCH of its name and its members as one change', async () => {
    const ann = await addUser(sqlite.store, ACME, 'ann');
    const bob = await addUser(sqlite.store, ACME, 'bob');
    const { record: group } = await groups.create(CALLER, {
      displayName: 'staff',
      members: [{ value: ann.id }],
    });
    const changed = await patch(group.id, [
      { op: 'add', path: 'members', value: [{ value: bob.id }] },
      { op: 'replace', value: { displayName: 'crew' } },
      { op: 'remove', path: `members[value eq "${ann.id}"]` },
    ]);
    expect(changed.record).toMatchObject({
      version: 2,
      profile: { attributes: { displayName: 'crew' } },
    });
    expect(await memberIds(sqlite.store, ACME, group.id)).toEqual([bob.id]);
  });

  it('changes neither its name nor its members if its version is not the one in If-Match', async () => {
    const ann = await addUser(sqlite.store, ACME, 'ann');
    const { record: group } = await groups.create(CALLER, { displayName: 'staff' });
    const operations = [{ op: 'add', path: 'members', value: [{ value: ann.id }] }];
    await expect(patch(group.id, operations, new Set([7]))).rejects.toMatchObject({ status: 412 });
    const put = { displayName: 'x', members: [{ value: ann.id }] };
    const replaced = groups.replace(CALLER, group.id, put, new Set([7]));
    await expect(replaced).rejects.toMatchObject({ status: 412 });
    const deleted = groups.delete(CALLER, group.id, new Set([7]));
    await expect(deleted).rejects.toMatchObject({ status: 412 });
    expect(await groups.get(CALLER, group.id, true)).toEqual({ ...group, members: [] });
  });
});

describe('the permission', () => {
  const anything = async () => (await groups.create(CALLER, { displayName: 'staff' })).record.id;
  const uses: Record<string, (caller: Caller, id: string) => unknown> = {
    'groups.create': (caller) => groups.create(caller, { displayName: 'other' }),
    'groups.get': (caller, id) => groups.get(caller, id, false),
    'groups.list': (caller) => groups.list(caller, groupQuery()),
    'groups.patch': (caller, id) => groups.replace(caller, id, { displayName: 'x' }, undefined),
    'groups.delete': (caller, id) => groups.delete(caller, id, undefined),
  };

  it.each(Object.keys(uses))('%s is needed for what it is named after', async (name) => {
    const id = await anything();
    const lacking = [...PROVISIONER_PERMISSIONS].find((each) => each === name);
    const use = async (caller: Caller) => await uses[name]?.(caller, id);
    if (lacking === undefined) throw new Error(`${name} is no permission`);
    await expect(use(without(lacking))).rejects.toMatchObject({
      status: 403,
      detail: expect.stringContaining(name),
    });
    await use({ ...CALLER, permissions: new Set([lacking]) });
  });
});
