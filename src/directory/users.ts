/** What a provisioner does with users: permissions, preconditions and the rules of `active`, above any database. */

import { checkVersion, type IfMatch } from '../scim/etag.ts';
import { keepImmutable } from '../scim/immutable.ts';
import { withoutOwnReference } from '../scim/manager.ts';
import { applyPatch } from '../scim/patch.ts';
import type { PatchOperation } from '../scim/patch-parser.ts';
import type { Attributes } from '../scim/resource.ts';
import type { ResourceType } from '../scim/schema.ts';
import { fold } from '../scim/text.ts';
import type { Caller, Directory } from './caller.ts';
import { newId } from './ids.ts';
import { demand, type Permission } from './permissions.ts';
import type { Page, Query, UserRecord } from './store/resources.ts';

/** `active` is true unless the client says otherwise. */
export async function createUser(
  { store, now }: Directory,
  { scope, permissions }: Caller,
  attributes: Attributes,
): Promise<UserRecord> {
  demand(permissions, 'users.create', 'bindings.create');
  return store.users.create(scope, {
    id: newId(),
    attributes: withoutOwnReference({ ...attributes, active: attributes.active ?? true }),
    at: now(),
  });
}

export async function getUser(
  { store }: Directory,
  { scope, permissions }: Caller,
  id: string,
  related: boolean,
): Promise<UserRecord | undefined> {
  demand(permissions, 'users.get');
  return store.users.get(scope, id, related);
}

export async function listUsers(
  { store }: Directory,
  { scope, permissions }: Caller,
  query: Query,
): Promise<Page<UserRecord>> {
  demand(permissions, 'users.list');
  return store.users.list(scope, query);
}

/** PUT; without `active` the user stays as active as it was. */
export async function replaceUser(
  directory: Directory,
  caller: Caller,
  id: string,
  attributes: Attributes,
  type: ResourceType,
  ifMatch: IfMatch,
): Promise<UserRecord> {
  return changeUser(directory, caller, id, ifMatch, (current) => {
    const { active } = current.attributes;
    const next =
      attributes.active === undefined && active !== undefined
        ? { ...attributes, active }
        : attributes;
    return keepImmutable(current.attributes, next, type, 'kept');
  });
}

export async function patchUser(
  directory: Directory,
  caller: Caller,
  id: string,
  operations: readonly PatchOperation[],
  type: ResourceType,
  ifMatch: IfMatch,
): Promise<UserRecord> {
  return changeUser(directory, caller, id, ifMatch, (current) =>
    applyPatch(current.attributes, operations, type),
  );
}

async function changeUser(
  { store, now }: Directory,
  { scope, permissions }: Caller,
  id: string,
  ifMatch: IfMatch,
  next: (current: UserRecord) => Attributes,
): Promise<UserRecord> {
  demand(permissions, 'users.patch');
  const decide = (current: UserRecord) => {
    checkVersion(current.version, ifMatch);
    const attributes = withoutOwnReference(next(current));
    demand(permissions, ...permissionsFor(current.attributes, attributes));
    return attributes;
  };
  return store.users.change(scope, id, decide, now());
}

/** Switching a user on or off changes the binding; a new userName is another global user. */
function permissionsFor(current: Attributes, next: Attributes): readonly Permission[] {
  const switched = current.active !== next.active;
  const renamed = fold(String(current.userName)) !== fold(String(next.userName));
  return [
    ...(switched ? (['bindings.patch'] as const) : []),
    ...(renamed ? (['users.create'] as const) : []),
  ];
}

/** Removes the tenant's access; the global user remains. */
export async function deleteUser(
  { store, now }: Directory,
  { scope, permissions }: Caller,
  id: string,
  ifMatch: IfMatch,
): Promise<void> {
  demand(permissions, 'bindings.delete');
  return store.users.delete(scope, id, (current) => checkVersion(current.version, ifMatch), now());
}
