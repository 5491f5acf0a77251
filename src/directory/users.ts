/**
 * What a provisioner does with users, independent of the database: permissions, preconditions and
 * the rules of `active`.
 */
import { andThen } from '../eventual.ts';
import { checkVersion, type IfMatch } from '../scim/etag.ts';
import { keepImmutable } from '../scim/immutable.ts';
import { settlingManager, withoutOwnReference } from '../scim/manager.ts';
import { applyPatch, type Settle } from '../scim/patch.ts';
import type { Attributes } from '../scim/resource.ts';
import { fold } from '../scim/text.ts';
import type { Caller, Directory } from './caller.ts';
import { newId } from './ids.ts';
import { demand, type Permission } from './permissions.ts';
import { type Change, permittedReads, type Resources } from './resources.ts';
import type { UserRecord } from './store/resources.ts';

export function usersOf({ store, now }: Directory): Resources<UserRecord> {
  const type = store.types.user;

  /**
   * The store calls `decide` inside its transaction with the current user, so that nobody can write
   * between the decision and the change.
   */
  const change = async (
    { scope, permissions }: Caller,
    id: string,
    ifMatch: IfMatch,
    related: boolean | undefined,
    next: (current: UserRecord) => Attributes,
  ): Promise<Change<UserRecord>> => {
    demand(permissions, 'users.patch');
    const decide = (current: UserRecord) => {
      checkVersion(current.version, ifMatch);
      const attributes = next(current);
      demand(permissions, ...permissionsFor(current.profile.attributes, attributes));
      return attributes;
    };
    return changed(await store.users.change(scope, id, decide, now(), related));
  };

  return {
    type,
    ...permittedReads(store.users, 'users'),
    /** Only the groups are new: a later version is not what the caller has written. */
    reread: ({ scope }, written) =>
      andThen(
        store.users.get(scope, written.id, true),
        (found) => found && { ...written, groups: found.groups ?? [] },
      ),
    /** `active` is true unless the client says otherwise. */
    create: async ({ scope, permissions, baseUrl }, sent) => {
      demand(permissions, 'users.create', 'bindings.create');
      const created = await store.users.create(scope, {
        id: newId(),
        attributes: withoutOwnReference({ ...sent, active: sent.active ?? true }, baseUrl),
        at: now(),
      });
      return changed({ ...created, groups: [] });
    },
    /** Without `active`, the user stays as active as before. */
    replace: (caller, id, sent, ifMatch, related) => {
      const attributes = withoutOwnReference(sent, caller.baseUrl);
      return change(caller, id, ifMatch, related, ({ profile: { attributes: current } }) =>
        keepImmutable(current, withActive(attributes, current), type, 'kept'),
      );
    },
    /** The same if `active` is set to null. Who removes it means that it has no value. */
    patch: (caller, id, operations, ifMatch, related) =>
      change(caller, id, ifMatch, related, ({ profile: { attributes } }) =>
        applyPatch(attributes, operations, type, settlingUser(caller.baseUrl)),
      ),
    /** Removes the tenant's access; the global user remains. */
    delete: async ({ scope, permissions }, id, ifMatch) => {
      demand(permissions, 'bindings.delete');
      const check = (current: UserRecord) => checkVersion(current.version, ifMatch);
      return store.users.delete(scope, id, check, now());
    },
  };
}

/** For one run of a PATCH. */
function settlingUser(baseUrl: string): Settle {
  const settleManager = settlingManager(baseUrl);
  return (before, after, operation) => {
    const settled = settleManager(before, after, operation);
    return operation.verb === 'remove' ? settled : withActive(settled, before);
  };
}

/** A client that sends null says nothing about whether the user may enter. */
const withActive = (next: Attributes, { active }: Attributes): Attributes =>
  next.active === undefined && active !== undefined ? { ...next, active } : next;

const changed = (record: UserRecord): Change<UserRecord> => ({ record, unknownMembers: [] });

/** Switching a user on or off changes the binding. A new userName means another global user. */
function permissionsFor(current: Attributes, next: Attributes): readonly Permission[] {
  const switched = current.active !== next.active;
  const renamed = fold(String(current.userName)) !== fold(String(next.userName));
  return [
    ...(switched ? (['bindings.patch'] as const) : []),
    ...(renamed ? (['users.create'] as const) : []),
  ];
}
