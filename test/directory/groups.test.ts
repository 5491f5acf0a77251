import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Caller, Directory } from '../../src/directory/caller.ts';
import {
  createGroup,
  deleteGroup,
  getGroup,
  listGroups,
  patchGroup,
  replaceGroup,
} from '../../src/directory/groups.ts';
import { type Permission, PROVISIONER_PERMISSIONS } from '../../src/directory/permissions.ts';
import type { JsonValue } from '../../src/scim/json.ts';
import { parsePatch } from '../../src/scim/patch-parser.ts';
import { STANDARD_RESOURCE_TYPES } from '../../src/scim/resource-types.ts';
import { type SqliteDirectory, useSqlite } from '../support/sqlite.ts';
import { ACME, addUser, at, groupQuery, memberIds } from './contract/fixture.ts';

const { group: type } = STANDARD_RESOURCE_TYPES;
const CALLER: Caller = { scope: ACME, permissions: PROVISIONER_PERMISSIONS };
const without = (lacking: Permission): Caller => ({
  scope: ACME,
  permissions: new Set([...PROVISIONER_PERMISSIONS].filter((each) => each !== lacking)),
});

let sqlite: SqliteDirectory;
let directory: Directory;

beforeEach(async () => {
  sqlite = await useSqlite();
  directory = { store: sqlite.store, now: () => at(1) };
});
afterEach(() => sqlite.close());

const patch = (id: string, operations: readonly JsonValue[], ifMatch?: ReadonlySet<number>) =>
  patchGroup(directory, CALLER, id, parsePatch({ Operations: operations }, type), type, ifMatch);

describe('a group', () => {
  it('is created with its members, and emptied by a PUT without members', async () => {
    const ann = await addUser(sqlite.store, ACME, 'ann');
    const members = [{ value: ann.id }, { value: 'nobody' }];
    const { group, unknownMembers } = await createGroup(directory, CALLER, {
      displayName: 'staff',
      members,
    });
    expect(unknownMembers).toEqual(['nobody']);
    expect(group.attributes).toEqual({ displayName: 'staff' });
    expect(await memberIds(sqlite.store, ACME, group.id)).toEqual([ann.id]);
    const replaced = await replaceGroup(
      directory,
      CALLER,
      group.id,
      { displayName: 'crew' },
      type,
      undefined,
    );
    expect(replaced.group).toMatchObject({ version: 2, attributes: { displayName: 'crew' } });
    expect(await memberIds(sqlite.store, ACME, group.id)).toEqual([]);
  });

  it('takes a PATCH of its name and its members as one change', async () => {
    const ann = await addUser(sqlite.store, ACME, 'ann');
    const bob = await addUser(sqlite.store, ACME, 'bob');
    const { group } = await createGroup(directory, CALLER, {
      displayName: 'staff',
      members: [{ value: ann.id }],
    });
    const changed = await patch(group.id, [
      { op: 'add', path: 'members', value: [{ value: bob.id }] },
      { op: 'replace', value: { displayName: 'crew' } },
      { op: 'remove', path: `members[value eq "${ann.id}"]` },
    ]);
    expect(changed.group).toMatchObject({ version: 2, attributes: { displayName: 'crew' } });
    expect(await memberIds(sqlite.store, ACME, group.id)).toEqual([bob.id]);
  });

  it('changes neither name nor members when its version is not the one in If-Match', async () => {
    const ann = await addUser(sqlite.store, ACME, 'ann');
    const { group } = await createGroup(directory, CALLER, { displayName: 'staff' });
    const operations = [{ op: 'add', path: 'members', value: [{ value: ann.id }] }];
    await expect(patch(group.id, operations, new Set([7]))).rejects.toMatchObject({ status: 412 });
    const put = { displayName: 'x', members: [{ value: ann.id }] };
    const replaced = replaceGroup(directory, CALLER, group.id, put, type, new Set([7]));
    await expect(replaced).rejects.toMatchObject({ status: 412 });
    const deleted = deleteGroup(directory, CALLER, group.id, new Set([7]));
    await expect(deleted).rejects.toMatchObject({ status: 412 });
    expect(await getGroup(directory, CALLER, group.id, true)).toEqual({ ...group, members: [] });
  });
});

describe('the permission', () => {
  const anything = async () =>
    (await createGroup(directory, CALLER, { displayName: 'staff' })).group.id;
  const uses: Record<string, (caller: Caller, id: string) => Promise<unknown>> = {
    'groups.create': (caller) => createGroup(directory, caller, { displayName: 'other' }),
    'groups.get': (caller, id) => getGroup(directory, caller, id, false),
    'groups.list': (caller) => listGroups(directory, caller, groupQuery()),
    'groups.patch': (caller, id) =>
      replaceGroup(directory, caller, id, { displayName: 'x' }, type, undefined),
    'groups.delete': (caller, id) => deleteGroup(directory, caller, id, undefined),
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
    await use({ scope: ACME, permissions: new Set([lacking]) });
  });
});
