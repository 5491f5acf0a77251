/**
 * The only place that serialises errors: a ScimError becomes the body of RFC 7644 §3.12, and
 * everything else a bare 500.
 */

import { ScimError } from '../scim/error.ts';
import { type Answer, SCIM_MEDIA_TYPE } from './answer.ts';

const ERROR_URN = 'urn:ietf:params:scim:api:messages:2.0:Error';

/** Clients get no details of a defect. The log has them, under the request id. */
const DEFECT = new ScimError(
  500,
  "internal error; to find the cause, search the server's log for the X-Request-Id",
);

function errorBody({ status, scimType, detail }: ScimError): string {
  return JSON.stringify({
    schemas: [ERROR_URN],
    status: String(status),
    ...(scimType === undefined ? {} : { scimType }),
    detail,
  });
}

/** Reveals nothing about an error that is not a ScimError. */
export function errorAnswer(error: unknown): Answer {
  const known = error instanceof ScimError ? error : DEFECT;
  return {
    status: known.status,
    body: errorBody(known),
    detail: known.detail,
    headers: {
      ...(known.status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {}),
      ...(known.retryAfter === undefined ? {} : { 'Retry-After': String(known.retryAfter) }),
    },
  };
}

/** The same for requests that never reached the application. */
export function errorDocument(error: unknown) {
  const { status, body = '' } = errorAnswer(error);
  return { status, contentType: SCIM_MEDIA_TYPE, body };
}

export const methodNotAllowed = (method: string, allowed: readonly string[]): ScimError =>
  new ScimError(
    405,
    `${method} is not allowed on this path; the allowed methods are ${allowed.join(', ')}`,
  );

/** For a path that is not below an endpoint. */
export const noEndpoint = (): ScimError =>
  new ScimError(404, 'the path does not exist; the URL of an endpoint ends in /scim/v2');

/** For a path below an endpoint. */
export const unknownPath = (): ScimError =>
  new ScimError(
    404,
    'the path does not exist below the endpoint; names are case-sensitive, as in /Users',
  );

export const payloadTooLarge = (limit: number): ScimError =>
  new ScimError(413, `the body is larger than ${limit} bytes`);

export const unsupportedMediaType = (detail: string): ScimError => new ScimError(415, detail);

export const notImplemented = (detail: string): ScimError => new ScimError(501, detail);

export const tooManyRequests = (rate: number, retryAfter: number): ScimError =>
  new ScimError(
    429,
    `the limit is ${rate} requests a second; wait as long as Retry-After says`,
    undefined,
    { retryAfter },
  );

/** Seconds after which a large body has usually been processed. */
const LARGE_BODY_SECONDS = 5;

export const tooManyBodies = (limit: number): ScimError =>
  new ScimError(
    429,
    `the bodies that this integration is sending are larger than ${limit} bytes together; ` +
      'wait for the responses, and retry after the time in Retry-After',
    undefined,
    { retryAfter: LARGE_BODY_SECONDS },
  );

export const tooManyAnswers = (limit: number): ScimError =>
  new ScimError(
    429,
    `the responses that this integration has not received yet are larger than ${limit} bytes ` +
      'together; read them, and retry after the time in Retry-After',
    undefined,
    { retryAfter: LARGE_BODY_SECONDS },
  );

export const answersOfOthers = (): ScimError =>
  new ScimError(
    503,
    'other integrations are receiving large responses; retry after the time in Retry-After',
    undefined,
    { retryAfter: LARGE_BODY_SECONDS },
  );

export const bodiesOfOthers = (): ScimError =>
  new ScimError(
    503,
    'other integrations are sending large bodies; retry after the time in Retry-After',
    undefined,
    { retryAfter: LARGE_BODY_SECONDS },
  );
