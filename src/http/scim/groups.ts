/** `/Groups` (RFC 7644 §3.2–3.6). Members are read only when the answer carries them. */
import {
  createGroup,
  deleteGroup,
  getGroup,
  listGroups,
  patchGroup,
  replaceGroup,
} from '../../directory/groups.ts';
import type { GroupChangeResult, GroupRecord } from '../../directory/store.ts';
import type { Directory } from '../../directory/users.ts';
import { MAX_PAYLOAD_BYTES } from '../../scim/discovery.ts';
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

export function groupRoutes(directory: Directory, types: ResourceTypes): Routes {
  const type = types.group;

  const list = async (call: ScimCall, search: Search): Promise<Answer> => {
    const projection = parseProjection(search.attributes, search.excludedAttributes, type);
    const query = storeQuery(search, {
      filter: conditionOf(search, type),
      sort: sortOf(search, type),
      related: wants(projection, 'members'),
    });
    const { total, records } = await listGroups(directory, call.caller, query);
    const resources = records.map(
      (group) => representGroup(group, types, projection, call.baseUrl).body,
    );
    return listAnswer(total, search.startIndex, resources);
  };

  const afterWrite = async (
    call: ScimCall,
    { group, unknownMembers }: GroupChangeResult,
  ): Promise<Represented> => {
    logUnknown(call, group.id, unknownMembers);
    const projection = projectionOf(call.request, type);
    const whole = wants(projection, 'members')
      ? await directory.store.groups.get(call.caller.scope, group.id, true)
      : undefined;
    return representGroup(whole ?? group, types, projection, call.baseUrl);
  };

  return {
    '/Groups': {
      GET: (call) => list(call, searchOfUrl(call.request)),
      POST: async (call) => {
        const attributes = parseResource(await call.body(MAX_PAYLOAD_BYTES), type);
        const result = await createGroup(directory, call.caller, attributes);
        return createdAnswer(await afterWrite(call, result), type, call.baseUrl);
      },
    },
    '/Groups/.search': {
      POST: async (call) => list(call, searchOfBody(await call.body(MAX_BODY_BYTES))),
    },
    [`/Groups/${ID}`]: {
      GET: async ({ request, caller, baseUrl }) => {
        const id = idOf(request, type);
        const projection = projectionOf(request, type);
        const found = await getGroup(directory, caller, id, wants(projection, 'members'));
        const group = foundOr404(found, type, id);
        return readAnswer(request, representGroup(group, types, projection, baseUrl));
      },
      PUT: async (call) => {
        const id = idOf(call.request, type);
        const attributes = parseResource(await call.body(MAX_PAYLOAD_BYTES), type);
        const ifMatch = ifMatchOf(call.request);
        const result = await replaceGroup(directory, call.caller, id, attributes, ifMatch);
        return changedAnswer(await afterWrite(call, result));
      },
      PATCH: async (call) => {
        const id = idOf(call.request, type);
        const operations = parsePatch(await call.body(MAX_PAYLOAD_BYTES), type);
        const ifMatch = ifMatchOf(call.request);
        const result = await patchGroup(directory, call.caller, id, operations, type, ifMatch);
        return call.request.query('attributes')
          ? changedAnswer(await afterWrite(call, result))
          : patchedAnswer(call, result);
      },
      DELETE: async ({ request, caller }) => {
        await deleteGroup(directory, caller, idOf(request, type), ifMatchOf(request));
        return { status: 204 };
      },
    },
  };
}

/** Entra expects 204; and a body with 100,000 members would cost more than the change (RFC 7644 §3.5.2 allows both). */
function patchedAnswer(call: ScimCall, { group, unknownMembers }: GroupChangeResult): Answer {
  logUnknown(call, group.id, unknownMembers);
  return { status: 204, headers: { ETag: etag(group.version) } };
}

/** They were skipped so that the rest of the push succeeds; somebody may wonder where they are. */
function logUnknown(call: ScimCall, group: string, unknown: readonly string[]): void {
  if (unknown.length > 0)
    call.log({ group, count: unknown.length }, 'unknown members were skipped');
}

export function representGroup(
  group: GroupRecord,
  types: ResourceTypes,
  projection: Projection,
  baseUrl: string,
): Represented {
  const members = group.members ?? [];
  const version = etag(group.version);
  const computed =
    members.length === 0
      ? {}
      : {
          members: members.map(({ value, type }) => ({
            value,
            $ref: reference(type === 'User' ? types.user : types.group, value),
            type,
          })),
        };
  const whole = represent(group, types.group, baseUrl, version, computed);
  return { id: group.id, etag: version, body: project(whole, types.group, projection) };
}
