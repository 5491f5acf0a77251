/** The routes of groups. */

import type { Directory } from '../../directory/caller.ts';
import { groupsOf } from '../../directory/groups.ts';
import type { GroupRecord } from '../../directory/store/resources.ts';
import { etag } from '../../scim/etag.ts';
import { MAX_PAYLOAD_BYTES } from '../../scim/limits.ts';
import { type Projection, wants } from '../../scim/projection.ts';
import { represent } from '../../scim/representation.ts';
import type { ResourceTypes } from '../../scim/resource-types.ts';
import { fillMembers, NO_MEMBERS } from './members.ts';
import { isGiven } from './query.ts';
import type { ResourceKind, Shown } from './resource-kind.ts';

export function groupKind(directory: Directory): ResourceKind<GroupRecord> {
  const { types } = directory.store;
  return {
    resources: groupsOf(directory),
    related: 'members',
    maxBodyBytes: MAX_PAYLOAD_BYTES,
    represent: (group, projection, baseUrl) => representGroup(group, types, projection, baseUrl),
    // Entra ID expects 204, and a body with 100,000 members would cost more than the change. RFC
    // 7644 §3.5.2 allows both.
    answersPatch: (request) => isGiven(request, 'attributes'),
  };
}

function representGroup(
  group: GroupRecord,
  types: ResourceTypes,
  projection: Projection,
  baseUrl: string,
): Shown {
  const { members } = group;
  const version = etag(group.version);
  // An empty list is included: a client must be able to tell an empty group from one whose members
  // weren't read.
  const computed = members === undefined || !wants(projection, 'members') ? undefined : NO_MEMBERS;
  const whole = represent(group, types.group, { baseUrl, version, computed, projection });
  return {
    etag: version,
    body: fillMembers(whole, members ?? [], types, projection, baseUrl),
  };
}
