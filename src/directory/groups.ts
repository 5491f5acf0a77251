/** What a provisioner does with groups. */
import { checkVersion, type IfMatch } from '../scim/etag.ts';
import { keepImmutable } from '../scim/immutable.ts';
import { type MemberChange, separateMemberOperations, separateMembers } from '../scim/members.ts';
import { applyPatch } from '../scim/patch.ts';
import type { PatchOperation } from '../scim/patch-parser.ts';
import type { Attributes } from '../scim/resource.ts';
import type { ResourceType } from '../scim/schema.ts';
import type { Caller, Directory } from './caller.ts';
import { newId } from './ids.ts';
import { demand } from './permissions.ts';
import type { GroupChangeResult, GroupRecord, Page, Query } from './store/resources.ts';

/** Unknown members are skipped and named in the result: identity providers take a 400 as final for the whole push. */
export async function createGroup(
  { store, now }: Directory,
  { scope, permissions }: Caller,
  body: Attributes,
): Promise<GroupChangeResult> {
  demand(permissions, 'groups.create');
  const { attributes, members } = separateMembers(body);
  return store.groups.create(scope, { id: newId(), attributes, members, at: now() });
}

export async function getGroup(
  { store }: Directory,
  { scope, permissions }: Caller,
  id: string,
  related: boolean,
): Promise<GroupRecord | undefined> {
  demand(permissions, 'groups.get');
  return store.groups.get(scope, id, related);
}

export async function listGroups(
  { store }: Directory,
  { scope, permissions }: Caller,
  query: Query,
): Promise<Page<GroupRecord>> {
  demand(permissions, 'groups.list');
  return store.groups.list(scope, query);
}

/** PUT; without `members` the group is emptied. */
export async function replaceGroup(
  directory: Directory,
  caller: Caller,
  id: string,
  body: Attributes,
  type: ResourceType,
  ifMatch: IfMatch,
): Promise<GroupChangeResult> {
  const { attributes, members } = separateMembers(body);
  const changes: MemberChange[] = [{ kind: 'replace', values: members }];
  return changeGroup(directory, caller, id, changes, ifMatch, (current) =>
    keepImmutable(current.attributes, attributes, type, 'kept'),
  );
}

export async function patchGroup(
  directory: Directory,
  caller: Caller,
  id: string,
  operations: readonly PatchOperation[],
  type: ResourceType,
  ifMatch: IfMatch,
): Promise<GroupChangeResult> {
  const { operations: others, changes } = separateMemberOperations(operations);
  const next = (current: GroupRecord) => applyPatch(current.attributes, others, type);
  return changeGroup(directory, caller, id, changes, ifMatch, others.length > 0 ? next : undefined);
}

async function changeGroup(
  { store, now }: Directory,
  { scope, permissions }: Caller,
  id: string,
  changes: readonly MemberChange[],
  ifMatch: IfMatch,
  next: ((current: GroupRecord) => Attributes) | undefined,
): Promise<GroupChangeResult> {
  demand(permissions, 'groups.patch');
  const decide = (current: GroupRecord) => {
    checkVersion(current.version, ifMatch);
    return next === undefined ? current.attributes : next(current);
  };
  const decides = next !== undefined || ifMatch !== undefined;
  return store.groups.change(scope, id, decides ? decide : undefined, changes, now());
}

export async function deleteGroup(
  { store, now }: Directory,
  { scope, permissions }: Caller,
  id: string,
  ifMatch: IfMatch,
): Promise<void> {
  demand(permissions, 'groups.delete');
  return store.groups.delete(scope, id, (current) => checkVersion(current.version, ifMatch), now());
}
