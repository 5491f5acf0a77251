/** Ids and responses, which users and groups have in common. */
import { notFound, ScimError } from '../../scim/error.ts';
import { matchesEtag } from '../../scim/etag.ts';
import type { ResourceType } from '../../scim/schema.ts';
import type { Answer, Body } from '../answer.ts';
import type { ScimRequest } from '../endpoint.ts';

/** A resource as a client receives it, and its ETag. */
export interface Represented {
  readonly id: string;
  readonly etag: string;
  /**
   * The URL, the same as meta.location. It consists of ids, so no text of a client gets into a
   * header.
   */
  readonly location: string;
  readonly body: Body;
}

const POSSIBLE_ID = /^[\w-]{1,64}$/;

export const isPossibleId = (id: string): boolean => POSSIBLE_ID.test(id);

/**
 * The id in the path. Text that can't be an id is neither looked up nor repeated in the response.
 */
export function idOf(request: ScimRequest, type: ResourceType): string {
  const { id = '' } = request;
  if (!isPossibleId(id)) throw new ScimError(404, `${type.name} not found`);
  return id;
}

export function foundOr404<T>(found: T | undefined, type: ResourceType, id: string): T {
  if (found === undefined) throw notFound(type.name, id);
  return found;
}

/** 200, or 304 for a client that already has this version (RFC 7644 §3.14). */
export function readAnswer(request: ScimRequest, represented: Represented): Answer {
  const { etag } = represented;
  const known = request.header('if-none-match');
  return known !== undefined && matchesEtag(known, etag)
    ? { status: 304, headers: { ETag: etag } }
    : changedAnswer(represented);
}

/** RFC 7643 §3.1: Content-Location is the same as meta.location. */
export function changedAnswer({ etag, location, body }: Represented): Answer {
  const headers = { ETag: etag, 'Content-Location': location };
  return { status: 200, headers, ...(typeof body === 'string' ? { body } : { long: body }) };
}

export function createdAnswer(represented: Represented): Answer {
  const { id: created, location: Location } = represented;
  const answer = changedAnswer(represented);
  return { ...answer, status: 201, headers: { ...answer.headers, Location }, created };
}
