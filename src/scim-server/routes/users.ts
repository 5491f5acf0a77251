/** The routes of users. */

import { hash } from 'node:crypto';
import type { Directory } from '../../directory/caller.ts';
import type { GroupMembership, UserRecord } from '../../directory/store/resources.ts';
import { usersOf } from '../../directory/users.ts';
import { etag } from '../../scim/etag.ts';
import { MAX_BODY_BYTES } from '../../scim/limits.ts';
import { withManagerUrl } from '../../scim/manager.ts';
import { type Projection, wants } from '../../scim/projection.ts';
import { locationOf, represent } from '../../scim/representation.ts';
import type { ResourceTypes } from '../../scim/resource-types.ts';
import type { ResourceKind, Shown } from './resource-kind.ts';

export function userKind(directory: Directory): ResourceKind<UserRecord> {
  const { store } = directory;
  return {
    resources: usersOf(directory),
    related: 'groups',
    maxBodyBytes: MAX_BODY_BYTES,
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
  // A write may know groups that a read with the same projection doesn't.
  const groups = wants(projection, 'groups') ? (user.groups ?? []) : [];
  const shown = writtenGroups(groups, types, baseUrl);
  const version = etag(user.version, shown?.digest);
  const { externalId } = user.profile;
  const json = withManagerUrl(user.profile.json, (id) => locationOf(types.user, baseUrl, id));
  const whole = { ...user, profile: { json, externalId } };
  return {
    etag: version,
    body: represent(whole, types.user, { baseUrl, version, computed: shown?.json, projection }),
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
  const made = { baseUrl, json, digest: digest(groups) };
  written.set(groups, made);
  return made;
}

/** A client that sends If-None-Match must see a change of the groups, which is no new version. */
function digest(groups: readonly GroupMembership[]): string {
  const parts = groups.map(({ groupId, displayName, type }) => [groupId, type, displayName]).sort();
  return hash('sha256', JSON.stringify(parts)).slice(0, 16);
}
