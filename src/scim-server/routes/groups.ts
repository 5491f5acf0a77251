/** Groups over HTTP. */

import type { Directory } from '../../directory/caller.ts';
import {
  createGroup,
  deleteGroup,
  getGroup,
  listGroups,
  patchGroup,
  replaceGroup,
} from '../../directory/groups.ts';
import type { GroupChangeResult, GroupRecord } from '../../directory/store/resources.ts';
import { etag } from '../../scim/etag.ts';
import { MAX_PAYLOAD_BYTES } from '../../scim/limits.ts';
import { type Projection, project, wants } from '../../scim/projection.ts';
import { locationOf, represent } from '../../scim/representation.ts';
import type { ResourceTypes } from '../../scim/resource-types.ts';
import type { ScimCall } from '../endpoint.ts';
import type { Represented } from './resource-answers.ts';
import type { ResourceKind } from './resource-kind.ts';

export function groupKind(directory: Directory, types: ResourceTypes): ResourceKind<GroupRecord> {
  const type = types.group;
  return {
    type,
    related: 'members',
    maxBodyBytes: MAX_PAYLOAD_BYTES,
    list: (caller, query) => listGroups(directory, caller, query),
    get: (caller, id, related) => getGroup(directory, caller, id, related),
    create: async (call, attributes) =>
      changedGroup(call, await createGroup(directory, call.caller, attributes)),
    replace: async (call, id, attributes, ifMatch) =>
      changedGroup(call, await replaceGroup(directory, call.caller, id, attributes, type, ifMatch)),
    patch: async (call, id, operations, ifMatch) =>
      changedGroup(call, await patchGroup(directory, call.caller, id, operations, type, ifMatch)),
    delete: (caller, id, ifMatch) => deleteGroup(directory, caller, id, ifMatch),
    reread: ({ scope }, id) => directory.store.groups.get(scope, id, true),
    represent: (group, projection, baseUrl) => representGroup(group, types, projection, baseUrl),
    // Entra expects 204; and a body with 100,000 members would cost more than the change (RFC 7644 §3.5.2 allows both).
    answersPatch: (request) => Boolean(request.query('attributes')),
  };
}

/** Unknown members were skipped so that the rest of the push succeeds; somebody may wonder where they are. */
function changedGroup(call: ScimCall, { group, unknownMembers }: GroupChangeResult): GroupRecord {
  if (unknownMembers.length > 0) {
    const fields = { group: group.id, count: unknownMembers.length };
    call.log(fields, 'unknown members were skipped');
  }
  return group;
}

function representGroup(
  group: GroupRecord,
  types: ResourceTypes,
  projection: Projection,
  baseUrl: string,
): Represented {
  const { members } = group;
  const version = etag(group.version);
  // An empty list, too: who compares whole groups must tell an empty one from one whose members weren't read.
  const computed =
    members === undefined || !wants(projection, 'members')
      ? {}
      : {
          members: members.map(({ value, type }) => ({
            value,
            $ref: locationOf(type === 'User' ? types.user : types.group, baseUrl, value),
            type,
          })),
        };
  const whole = represent(group, types.group, baseUrl, version, computed);
  return {
    etag: version,
    location: locationOf(types.group, baseUrl, group.id),
    body: project(whole, types.group, projection),
  };
}
