/** The routes that users and groups share (RFC 7644 §3.2–3.6). */

import type { Change } from '../../directory/resources.ts';
import type { StoredResource } from '../../directory/store/resources.ts';
import { andThen } from '../../eventual.ts';
import { ScimError } from '../../scim/error.ts';
import { etag, type IfMatch, ifMatchOf } from '../../scim/etag.ts';
import { MAX_BODY_BYTES } from '../../scim/limits.ts';
import { parsePatchInSteps } from '../../scim/patch-parser.ts';
import { type Projection, wants } from '../../scim/projection.ts';
import { locationOf } from '../../scim/representation.ts';
import { parseResource } from '../../scim/resource.ts';
import { betweenTurns } from '../between-turns.ts';
import type { Routes, ScimCall, ScimRequest } from '../endpoint.ts';
import { ID } from '../route-table.ts';
import type { Cursors } from './cursor.ts';
import { answerLists, listOf } from './listing.ts';
import { projectionOf, type Search, searchOfBody, searchOfUrl } from './query.ts';
import {
  changedAnswer,
  createdAnswer,
  foundOr404,
  idOf,
  type Represented,
  readAnswer,
} from './resource-answers.ts';
import { expectRelated, type ResourceKind } from './resource-kind.ts';

export function resourceRoutes<R extends StoredResource>(
  kind: ResourceKind<R>,
  cursors: Cursors,
): Routes {
  const { resources, related } = kind;
  const { type } = resources;

  const list = (call: ScimCall, search: Search) =>
    answerLists([listOf(kind, search, call, [type])], search, call, cursors);

  /** If the read is refused, the response has no members: the write has been done. */
  const reread = async ({ caller }: ScimCall, written: R): Promise<R | undefined> => {
    try {
      return await resources.reread(caller, written);
    } catch (error) {
      if (error instanceof ScimError) return undefined;
      throw error;
    }
  };

  /** A write returns the whole resource, including what was not part of the write. */
  const written = async (
    call: ScimCall,
    record: R,
    projection: Projection,
  ): Promise<Represented> => {
    const complete = Object.hasOwn(record, related) || !wants(projection, related);
    const whole = complete ? record : await reread(call, record);
    return represented(call, whole ?? record, projection);
  };

  const represented = (
    { caller: { baseUrl } }: ScimCall,
    record: R,
    projection: Projection,
  ): Represented => ({
    ...kind.represent(record, projection, baseUrl),
    id: record.id,
    location: locationOf(type, baseUrl, record.id),
  });

  return {
    [type.endpoint]: {
      GET: (call) => list(call, searchOfUrl(call.request)),
      POST: async (call) => {
        const projection = projectionOf(call.request, type);
        expectRelated(call, kind, projection);
        const attributes = parseResource(await call.body(kind.maxBodyBytes), type);
        const created = recordOf(call, await resources.create(call.caller, attributes));
        return createdAnswer(await written(call, created, projection));
      },
    },
    [`${type.endpoint}/.search`]: {
      POST: async (call) => list(call, searchOfBody(await call.body(MAX_BODY_BYTES))),
    },
    [`${type.endpoint}/${ID}`]: {
      GET: (call) => {
        const { request, caller } = call;
        const id = idOf(request, type);
        const projection = projectionOf(request, type);
        expectRelated(call, kind, projection);
        return andThen(resources.get(caller, id, wants(projection, related)), (found) => {
          const record = foundOr404(found, type, id);
          return readAnswer(request, represented(call, record, projection));
        });
      },
      PUT: async (call) => {
        const id = idOf(call.request, type);
        const projection = projectionOf(call.request, type);
        expectRelated(call, kind, projection);
        const attributes = parseResource(await call.body(kind.maxBodyBytes), type);
        const ifMatch = preconditionOf(call.request);
        const change = await resources.replace(
          call.caller,
          id,
          attributes,
          ifMatch,
          wants(projection, related),
        );
        return changedAnswer(await written(call, recordOf(call, change), projection));
      },
      PATCH: async (call) => {
        const id = idOf(call.request, type);
        const projection = projectionOf(call.request, type);
        const isAnswered = kind.answersPatch(call.request);
        if (isAnswered) expectRelated(call, kind, projection);
        const body = await call.body(kind.maxBodyBytes);
        const { baseUrl } = call.caller;
        const operations = await betweenTurns(parsePatchInSteps(body, type, baseUrl));
        const ifMatch = preconditionOf(call.request);
        const change = await resources.patch(
          call.caller,
          id,
          operations,
          ifMatch,
          isAnswered && wants(projection, related),
        );
        const changed = recordOf(call, change);
        return isAnswered
          ? changedAnswer(await written(call, changed, projection))
          : { status: 204, headers: { ETag: etag(changed.version) } };
      },
      DELETE: async ({ request, caller }) => {
        await resources.delete(caller, idOf(request, type), preconditionOf(request));
        return { status: 204 };
      },
    },
  };
}

/**
 * Unknown members are skipped so that the rest of the push succeeds. The log says so for those who
 * look for them.
 */
function recordOf<R extends StoredResource>(
  call: ScimCall,
  { record, unknownMembers }: Change<R>,
): R {
  if (unknownMembers.length > 0) {
    const fields = { group: record.id, count: unknownMembers.length };
    call.log(fields, 'unknown members were skipped');
  }
  return record;
}

const preconditionOf = (request: ScimRequest): IfMatch =>
  ifMatchOf(request.header('if-match'), request.header('if-none-match'));
