/** The routes of users. */

import { hash } from 'node:crypto';
import type { Directory } from '../../directory/caller.ts';
import { withManagers } from '../../directory/managers.ts';
import type { GroupMembership, UserRecord } from '../../directory/store/resources.ts';
import { usersOf } from '../../directory/users.ts';
import { etag } from '../../scim/etag.ts';
import { MAX_BODY_BYTES } from '../../scim/limits.ts';
import { withManagerReference } from '../../scim/manager.ts';
import { StoredProfile } from '../../scim/profile.ts';
import { type Projection, wants } from '../../scim/projection.ts';
import { locationOf, represent } from '../../scim/representation.ts';
import type { ResourceTypes } from '../../scim/resource-types.ts';
import { ENTERPRISE_USER_URN } from '../../scim/schemas/enterprise-user.ts';
import type { ResourceKind, Shown } from './resource-kind.ts';

export function userKind(directory: Directory): ResourceKind<UserRecord> {
  const { store } = directory;
  return {
    resources: usersOf(directory),
    related: 'groups',
    maxBodyBytes: MAX_BODY_BYTES,
    complete: (scope, users, projection) =>
      wantsManager(projection) ? withManagers(store, scope, users) : users,
    represent: (user, projection, baseUrl) => representUser(user, store.types, projection, baseUrl),
    answersPatch: () => true,
  };
}

function representUser(
  user: UserRecord,
  types: ResourceTypes,
  projection: Projection,
  baseUrl: string,
): Shown {
  const { managerId } = user;
  // A write may know groups that a read with the same projection doesn't.
  const groups = wants(projection, 'groups') ? (user.groups ?? []) : [];
  const shown = writtenGroups(groups, types, baseUrl);
  const version = etag(
    user.version,
    managerId === undefined ? shown?.digest : digest(groups, managerId),
  );
  const known = managerId === undefined ? user : withManager(user, managerId, types, baseUrl);
  return {
    etag: version,
    body: represent(known, types.user, { baseUrl, version, computed: shown?.json, projection }),
  };
}

interface WrittenGroups {
  readonly baseUrl: string;
  readonly json: string;
  readonly digest: string;
}

/** Users of a page who are in the same groups have the same list. */
const written = new WeakMap<readonly GroupMembership[], WrittenGroups>();

function writtenGroups(
  groups: readonly GroupMembership[],
  types: ResourceTypes,
  baseUrl: string,
): WrittenGroups | undefined {
  if (groups.length === 0) return undefined;
  const known = written.get(groups);
  if (known?.baseUrl === baseUrl) return known;
  const elements = groups.map(({ groupId: value, displayName: display, type }) => {
    const $ref = locationOf(types.group, baseUrl, value);
    return JSON.stringify({ value, $ref, display, type });
  });
  const json = `"groups":[${elements.join()}]`;
  const made = { baseUrl, json, digest: digest(groups, undefined) };
  written.set(groups, made);
  return made;
}

function withManager(
  user: UserRecord,
  managerId: string,
  types: ResourceTypes,
  baseUrl: string,
): UserRecord {
  const url = locationOf(types.user, baseUrl, managerId);
  return { ...user, profile: StoredProfile.of(withManagerReference(user.profile.attributes, url)) };
}

function wantsManager(projection: Projection): boolean {
  const { only, without } = projection;
  const isExcluded = only === undefined && without.has(ENTERPRISE_USER_URN);
  const isWhole = only?.has(ENTERPRISE_USER_URN) ?? false;
  return isWhole || (!isExcluded && wants(projection, `${ENTERPRISE_USER_URN}:manager`));
}

/**
 * A digest of what changes without a new version: the groups, and whether the manager is known. A
 * client that sends If-None-Match must see such a change.
 */
function digest(groups: readonly GroupMembership[], managerId: string | undefined): string {
  const parts = groups.map(({ groupId, displayName, type }) => [groupId, type, displayName]).sort();
  const known = managerId === undefined ? parts : [...parts, managerId];
  return hash('sha256', JSON.stringify(known)).slice(0, 16);
}
