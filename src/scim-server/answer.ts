/**
 * What a handler answers, before it becomes an HTTP response: plain data, so that one place writes
 * headers and bodies.
 */
import type { JsonObject } from '../scim/json.ts';

/**
 * RFC 7644 §8.1. Keycloak's client demands it on every answer, 204 included; the charset is for
 * clients that read unknown types as ISO-8859-1.
 */
export const SCIM_MEDIA_TYPE = 'application/scim+json; charset=utf-8';

export interface Answer {
  readonly status: number;
  readonly body?: JsonObject;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * The response with the headers that every answer carries. `no-store`: answers hold personal data,
 * which no proxy may keep; clients may still compare ETags.
 */
export function toResponse(answer: Answer, requestId: string): Response {
  const headers = {
    'Content-Type': SCIM_MEDIA_TYPE,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    'X-Request-Id': requestId,
    ...answer.headers,
  };
  const body = answer.body === undefined ? null : JSON.stringify(answer.body);
  return new Response(body, { status: answer.status, headers });
}
