/** What users and groups have in common over HTTP: ids, preconditions, ETags, and the answer that carries one resource. */
import type { IfMatch } from '../../directory/users.ts';
import { notFound, ScimError } from '../../scim/error.ts';
import type { JsonObject } from '../../scim/json.ts';
import { matchesEtag, parseIfMatch } from '../../scim/representation.ts';
import type { ResourceType } from '../../scim/schema.ts';
import type { Answer } from '../answer.ts';
import type { ScimRequest } from '../endpoint.ts';

/** A resource as a client gets it, and its ETag. */
export interface Represented {
  readonly id: string;
  readonly etag: string;
  readonly body: JsonObject;
}

/** Hono's pattern of an id: anything but a `.search`. */
export const ID = ':id{[^./][^/]*}';

const POSSIBLE_ID = /^[\w-]{1,64}$/;

export const isPossibleId = (id: string): boolean => POSSIBLE_ID.test(id);

/** The id in the path. What can't be one is not repeated in the answer, nor looked up. */
export function idOf(request: ScimRequest, type: ResourceType): string {
  const id = request.param('id') ?? '';
  if (!isPossibleId(id)) throw new ScimError(404, `there is no such ${type.name}`);
  return id;
}

export function foundOr404<T>(found: T | undefined, type: ResourceType, id: string): T {
  if (found === undefined) throw notFound(type.name, id);
  return found;
}

export function ifMatchOf(request: ScimRequest): IfMatch {
  const header = request.header('if-match');
  return header === undefined ? undefined : parseIfMatch(header);
}

/** 200, or 304 for a client that has this version (RFC 7644 §3.14). */
export function readAnswer(request: ScimRequest, { etag, body }: Represented): Answer {
  const known = request.header('if-none-match');
  return known !== undefined && matchesEtag(known, etag)
    ? { status: 304, headers: { ETag: etag } }
    : { status: 200, headers: { ETag: etag }, body };
}

export function changedAnswer({ etag, body }: Represented): Answer {
  return { status: 200, headers: { ETag: etag }, body };
}

/** The id comes from the directory, so nothing that a client wrote gets into the header. */
export function createdAnswer(
  { id, etag, body }: Represented,
  type: ResourceType,
  baseUrl: string,
): Answer {
  const headers = { ETag: etag, Location: `${baseUrl}${type.endpoint}/${id}` };
  return { status: 201, headers, body };
}
