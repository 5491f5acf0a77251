/** `/Users` (RFC 7644 §3.2–3.6). */
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
import { parsePatch } from '../../scim/patch-parser.ts';
import { type Projection, parseProjection, project, wants } from '../../scim/projection.ts';
import { etag, reference, represent } from '../../scim/representation.ts';
import { parseResource } from '../../scim/resource.ts';
import type { ResourceTypes } from '../../scim/resource-types.ts';
import type { Answer } from '../answer.ts';
import { MAX_BODY_BYTES } from '../body.ts';
import type { Routes, ScimCall } from '../endpoint.ts';
import {
  conditionOf,
  listAnswer,
  projectionOf,
  type Search,
  searchOfBody,
  searchOfUrl,
  sortOf,
  storeQuery,
} from './query.ts';
import {
  changedAnswer,
  createdAnswer,
  foundOr404,
  ID,
  idOf,
  ifMatchOf,
  type Represented,
  readAnswer,
} from './resources.ts';

export function userRoutes(directory: Directory, types: ResourceTypes): Routes {
  const type = types.user;

  const list = async (call: ScimCall, search: Search): Promise<Answer> => {
    const projection = parseProjection(search.attributes, search.excludedAttributes, type);
    const query = storeQuery(search, {
      filter: conditionOf(search, type),
      sort: sortOf(search, type),
      related: wants(projection, 'groups'),
    });
    const { total, records } = await listUsers(directory, call.caller, query);
    const resources = records.map(
      (user) => representUser(user, types, projection, call.baseUrl).body,
    );
    return listAnswer(total, search.startIndex, resources);
  };

  /** A write answers with the whole user; groups are no part of what was written. */
  const afterChange = async (call: ScimCall, changed: UserRecord): Promise<Answer> => {
    const projection = projectionOf(call.request, type);
    const user = wants(projection, 'groups')
      ? await directory.store.users.get(call.caller.scope, changed.id, true)
      : undefined;
    return changedAnswer(representUser(user ?? changed, types, projection, call.baseUrl));
  };

  return {
    '/Users': {
      GET: (call) => list(call, searchOfUrl(call.request)),
      POST: async (call) => {
        const attributes = parseResource(await call.body(MAX_BODY_BYTES), type);
        const user = await createUser(directory, call.caller, attributes);
        const projection = projectionOf(call.request, type);
        const represented = representUser(user, types, projection, call.baseUrl);
        return createdAnswer(represented, type, call.baseUrl);
      },
    },
    '/Users/.search': {
      POST: async (call) => list(call, searchOfBody(await call.body(MAX_BODY_BYTES))),
    },
    [`/Users/${ID}`]: {
      GET: async ({ request, caller, baseUrl }) => {
        const id = idOf(request, type);
        const projection = projectionOf(request, type);
        const found = await getUser(directory, caller, id, wants(projection, 'groups'));
        const user = foundOr404(found, type, id);
        return readAnswer(request, representUser(user, types, projection, baseUrl));
      },
      PUT: async (call) => {
        const id = idOf(call.request, type);
        const attributes = parseResource(await call.body(MAX_BODY_BYTES), type);
        const ifMatch = ifMatchOf(call.request);
        return afterChange(
          call,
          await replaceUser(directory, call.caller, id, attributes, ifMatch),
        );
      },
      PATCH: async (call) => {
        const id = idOf(call.request, type);
        const operations = parsePatch(await call.body(MAX_BODY_BYTES), type);
        const ifMatch = ifMatchOf(call.request);
        return afterChange(
          call,
          await patchUser(directory, call.caller, id, operations, type, ifMatch),
        );
      },
      DELETE: async ({ request, caller }) => {
        await deleteUser(directory, caller, idOf(request, type), ifMatchOf(request));
        return { status: 204 };
      },
    },
  };
}

export function representUser(
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
  return { id: user.id, etag: version, body: project(whole, types.user, projection) };
}

/** Changes with the groups, which move no version: a client that asks with If-None-Match must see them change. */
function digest(groups: readonly GroupMembership[]): string {
  const parts = groups.map(({ groupId, displayName, type }) => [groupId, type, displayName]);
  return hash('sha256', JSON.stringify(parts.sort())).slice(0, 16);
}
