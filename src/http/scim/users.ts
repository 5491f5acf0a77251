/** Users over HTTP. */
import { hash } from 'node:crypto';
import type { GroupMembership, UserRecord } from '../../directory/store.ts';
import {
  createUser,
  type Directory,
  deleteUser,
  getUser,
  listUsers,
  patchUser,
  replaceUser,
} from '../../directory/users.ts';
import { type Projection, project } from '../../scim/projection.ts';
import { etag, locationOf, reference, represent } from '../../scim/representation.ts';
import type { ResourceTypes } from '../../scim/resource-types.ts';
import { MAX_BODY_BYTES } from '../body.ts';
import type { ResourceKind } from './resource-kind.ts';
import type { Represented } from './resources.ts';

export function userKind(directory: Directory, types: ResourceTypes): ResourceKind<UserRecord> {
  const type = types.user;
  return {
    type,
    related: 'groups',
    maxBodyBytes: MAX_BODY_BYTES,
    list: (caller, query) => listUsers(directory, caller, query),
    get: (caller, id, related) => getUser(directory, caller, id, related),
    create: async ({ caller }, attributes) => ({
      ...(await createUser(directory, caller, attributes)),
      groups: [],
    }),
    replace: ({ caller }, id, attributes, ifMatch) =>
      replaceUser(directory, caller, id, attributes, type, ifMatch),
    patch: ({ caller }, id, operations, ifMatch) =>
      patchUser(directory, caller, id, operations, type, ifMatch),
    delete: (caller, id, ifMatch) => deleteUser(directory, caller, id, ifMatch),
    reread: ({ scope }, id) => directory.store.users.get(scope, id, true),
    represent: (user, projection, baseUrl) => representUser(user, types, projection, baseUrl),
    answersPatch: () => true,
  };
}

function representUser(
  user: UserRecord,
  types: ResourceTypes,
  projection: Projection,
  baseUrl: string,
): Represented {
  const groups = user.groups ?? [];
  const version = etag(user.version, groups.length === 0 ? undefined : digest(groups));
  const computed =
    groups.length === 0
      ? {}
      : {
          groups: groups.map(({ groupId, displayName, type }) => ({
            value: groupId,
            $ref: reference(types.group, groupId),
            display: displayName,
            type,
          })),
        };
  const whole = represent(user, types.user, baseUrl, version, computed);
  return {
    etag: version,
    location: locationOf(types.user, baseUrl, user.id),
    body: project(whole, types.user, projection),
  };
}

/** Changes with the groups, which move no version: a client that asks with If-None-Match must see them change. */
function digest(groups: readonly GroupMembership[]): string {
  const parts = groups.map(({ groupId, displayName, type }) => [groupId, type, displayName]);
  return hash('sha256', JSON.stringify(parts.sort())).slice(0, 16);
}
