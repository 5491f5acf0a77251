/** What a provisioner does with groups. */
import { checkVersion, type IfMatch } from '../scim/etag.ts';
import { keepImmutable } from '../scim/immutable.ts';
import { type MemberChange, separateMemberOperations, separateMembers } from '../scim/members.ts';
import { applyPatch } from '../scim/patch.ts';
import type { Attributes } from '../scim/resource.ts';
import type { Caller, Directory } from './caller.ts';
import { newId } from './ids.ts';
import { demand } from './permissions.ts';
import { type Change, permittedReads, type Resources } from './resources.ts';
import type { GroupChangeResult, GroupRecord } from './store/resources.ts';

/**
 * Unknown members are skipped and named in the result, because identity providers treat a 400 as
 * the end of the whole push.
 */
export function groupsOf({ store, now }: Directory): Resources<GroupRecord> {
  const type = store.types.group;

  /**
   * Without `next` and a precondition, the store need not read the group first. For `decide`, see
   * usersOf.
   */
  const change = async (
    { scope, permissions }: Caller,
    id: string,
    changes: readonly MemberChange[],
    ifMatch: IfMatch,
    next: ((current: GroupRecord) => Attributes) | undefined,
  ): Promise<Change<GroupRecord>> => {
    demand(permissions, 'groups.patch');
    const decide = (current: GroupRecord) => {
      checkVersion(current.version, ifMatch);
      return next === undefined ? current.profile.attributes : next(current);
    };
    const decides = next !== undefined || ifMatch !== undefined;
    return changed(
      await store.groups.change(scope, id, decides ? decide : undefined, changes, now()),
    );
  };

  return {
    type,
    ...permittedReads(store.groups, 'groups'),
    create: async ({ scope, permissions }, body) => {
      demand(permissions, 'groups.create');
      const { attributes, members } = separateMembers(body);
      return changed(
        await store.groups.create(scope, { id: newId(), attributes, members, at: now() }),
      );
    },
    /** Without `members`, the group is emptied. */
    replace: async (caller, id, body, ifMatch) => {
      const { attributes, members } = separateMembers(body);
      const changes: MemberChange[] = [{ kind: 'replace', values: members }];
      return change(caller, id, changes, ifMatch, ({ profile }) =>
        keepImmutable(profile.attributes, attributes, type, 'kept'),
      );
    },
    patch: async (caller, id, operations, ifMatch) => {
      const { operations: others, changes } = separateMemberOperations(operations);
      const next = ({ profile }: GroupRecord) => applyPatch(profile.attributes, others, type);
      return change(caller, id, changes, ifMatch, others.length > 0 ? next : undefined);
    },
    delete: async ({ scope, permissions }, id, ifMatch) => {
      demand(permissions, 'groups.delete');
      const check = (current: GroupRecord) => checkVersion(current.version, ifMatch);
      return store.groups.delete(scope, id, check, now());
    },
  };
}

const changed = ({ group, unknownMembers }: GroupChangeResult): Change<GroupRecord> => ({
  record: group,
  unknownMembers,
});
