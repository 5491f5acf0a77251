import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Caller } from '../../src/directory/caller.ts';
import { type Permission, PROVISIONER_PERMISSIONS } from '../../src/directory/permissions.ts';
import type { Resources } from '../../src/directory/resources.ts';
import type { UserRecord } from '../../src/directory/store/resources.ts';
import { usersOf } from '../../src/directory/users.ts';
import type { JsonValue } from '../../src/scim/json.ts';
import type { Attributes } from '../../src/scim/resource.ts';
import { STANDARD_RESOURCE_TYPES } from '../../src/scim/resource-types.ts';
import { type SqliteDirectory, useSqlite } from '../support/directory/sqlite.ts';
import { parsePatch } from '../support/scim/parse-patch.ts';
import { ACME, at, userQuery } from './contract/fixture.ts';

const { user: type } = STANDARD_RESOURCE_TYPES;
const CALLER: Caller = {
  scope: ACME,
  permissions: PROVISIONER_PERMISSIONS,
  baseUrl: 'https://scim.example/scim/v2',
};
const without = (...lacking: readonly Permission[]): Caller => ({
  ...CALLER,
  permissions: new Set([...PROVISIONER_PERMISSIONS].filter((each) => !lacking.includes(each))),
});
const having = (...permissions: readonly Permission[]): Caller => ({
  ...CALLER,
  permissions: new Set(permissions),
});

let sqlite: SqliteDirectory;
let users: Resources<UserRecord>;
let now = at(0);

beforeEach(async () => {
  sqlite = await useSqlite();
  now = at(0);
  users = usersOf({ store: sqlite.store, now: () => now });
});
afterEach(() => sqlite.close());

const create = async (attributes: Attributes) => (await users.create(CALLER, attributes)).record;
const replace = async (id: string, attributes: Attributes) =>
  (await users.replace(CALLER, id, attributes, undefined)).record;
const patch = async (
  id: string,
  operations: readonly JsonValue[],
  caller = CALLER,
  ifMatch?: Set<number>,
) => {
  const parsed = parsePatch({ Operations: operations }, type);
  return (await users.patch(caller, id, parsed, ifMatch)).record;
};
const forbiddenFor = (permission: Permission) => ({
  status: 403,
  detail: expect.stringContaining(permission),
});

describe('active', () => {
  it('is true for a new user unless the client says otherwise', async () => {
    const ann = await create({ userName: 'ann' });
    const bob = await create({ userName: 'bob', active: false });
    expect([ann.profile.attributes.active, bob.profile.attributes.active]).toEqual([true, false]);
  });

  it('stays as it is after a PUT that does not mention it', async () => {
    const { id } = await create({
      userName: 'ann',
      active: false,
      title: 'x',
    });
    const replaced = await replace(id, { userName: 'ann' });
    expect(replaced.profile.attributes).toEqual({ userName: 'ann', active: false });
    const on = await replace(id, { userName: 'ann', active: true });
    expect(on.profile.attributes.active).toBe(true);
  });

  it.each([
    { op: 'replace', path: 'active', value: null },
    { op: 'add', path: 'active', value: null },
    { op: 'replace', path: 'active', value: [] },
    { op: 'replace', value: { active: null } },
  ])('stays as it is after %j', async (operation) => {
    const on = await create({ userName: 'ann' });
    const off = await create({ userName: 'bob', active: false });
    const cleared = [await patch(on.id, [operation]), await patch(off.id, [operation])];
    expect(cleared.map(({ profile }) => profile.attributes.active)).toEqual([true, false]);
    expect(cleared.map(({ version }) => version)).toEqual([1, 1]);
  });

  it('is absent after a PATCH removed it, and a PUT without it keeps it absent', async () => {
    const { id } = await create({ userName: 'ann' });
    const removed = await patch(id, [{ op: 'remove', path: 'active' }]);
    expect(removed.profile.attributes).not.toHaveProperty('active');
    const replaced = await replace(id, { userName: 'ann' });
    expect(replaced.profile.attributes).not.toHaveProperty('active');
  });
});

describe('a precondition', () => {
  it('lets a write pass only at one of its versions', async () => {
    const { id } = await create({ userName: 'ann' });
    const set = [{ op: 'replace', path: 'title', value: 'x' }];
    const stale = { status: 412 };
    await expect(patch(id, set, CALLER, new Set([2, 3]))).rejects.toMatchObject(stale);
    await expect(patch(id, set, CALLER, new Set())).rejects.toMatchObject(stale);
    now = at(1);
    expect(await patch(id, set, CALLER, new Set([1, 9]))).toMatchObject({
      version: 2,
      lastModified: at(1),
    });
    const first = new Set([1]);
    await expect(users.delete(CALLER, id, first)).rejects.toMatchObject(stale);
    const put = users.replace(CALLER, id, { userName: 'ann' }, first);
    await expect(put).rejects.toMatchObject(stale);
    await users.delete(CALLER, id, new Set([2]));
    expect(await users.get(CALLER, id, false)).toBeUndefined();
  });
});

describe('a failing PATCH', () => {
  it('changes nothing, even if operations before the failing one would have', async () => {
    const ann = await create({ userName: 'ann' });
    await create({ userName: 'bob' });
    const operations = [
      { op: 'replace', path: 'title', value: 'x' },
      { op: 'replace', path: 'userName', value: 'bob' },
    ];
    await expect(patch(ann.id, operations)).rejects.toMatchObject({ status: 409 });
    expect(await users.get(CALLER, ann.id, true)).toEqual(ann);
  });
});

describe('the permission', () => {
  it.each(['users.create', 'bindings.create'] as const)(
    '%s is needed to create',
    async (lacking) => {
      const run = () => users.create(without(lacking), { userName: 'ann' });
      await expect(run()).rejects.toMatchObject(forbiddenFor(lacking));
      expect(await users.list(CALLER, userQuery())).toMatchObject({ total: 0 });
    },
  );

  it('users.get and users.list are needed to read', async () => {
    const { id } = await create({ userName: 'ann' });
    const get = () => users.get(without('users.get'), id, false);
    await expect(get()).rejects.toMatchObject(forbiddenFor('users.get'));
    const list = () => users.list(without('users.list'), userQuery());
    await expect(list()).rejects.toMatchObject(forbiddenFor('users.list'));
    expect(await users.get(having('users.get'), id, false)).toBeDefined();
  });

  it('users.patch is needed to change, and bindings.patch or users.create for some changes', async () => {
    const { id } = await create({ userName: 'ann' });
    const title = [{ op: 'replace', path: 'title', value: 'x' }];
    const off = [{ op: 'replace', path: 'active', value: false }];
    const rename = [{ op: 'replace', path: 'userName', value: 'anne' }];
    const spell = [{ op: 'replace', path: 'userName', value: 'Ann' }];
    const run = (operations: readonly JsonValue[], caller: Caller) => patch(id, operations, caller);
    await expect(run(title, without('users.patch'))).rejects.toMatchObject(
      forbiddenFor('users.patch'),
    );
    await expect(run(off, without('bindings.patch'))).rejects.toMatchObject(
      forbiddenFor('bindings.patch'),
    );
    await expect(run(rename, without('users.create'))).rejects.toMatchObject(
      forbiddenFor('users.create'),
    );
    const least: Caller = having('users.patch');
    await run(title, least);
    expect(await run(spell, least)).toMatchObject({
      version: 3,
      profile: { attributes: { userName: 'Ann', active: true, title: 'x' } },
    });
  });

  it('bindings.delete is needed to delete, and no permission to delete a global user exists', async () => {
    const { id } = await create({ userName: 'ann' });
    const run = () => users.delete(without('bindings.delete'), id, undefined);
    await expect(run()).rejects.toMatchObject(forbiddenFor('bindings.delete'));
    expect([...PROVISIONER_PERMISSIONS]).not.toContain('users.delete');
    await users.delete(having('bindings.delete'), id, undefined);
  });
});
