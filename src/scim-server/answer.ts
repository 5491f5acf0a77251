/**
 * What a handler returns before it becomes an HTTP response. It is plain data, so that headers and
 * bodies are written in one place.
 */
import type { JsonObject } from '../scim/json.ts';

/**
 * RFC 7644 §8.1. Keycloak's client requires it on every response, including 204. The charset is for
 * clients that read unknown types as ISO-8859-1.
 */
export const SCIM_MEDIA_TYPE = 'application/scim+json; charset=utf-8';

export interface Answer {
  readonly status: number;
  readonly body?: JsonObject;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Adds the headers that every response has. `no-store`: responses contain personal data, which no
 * proxy may keep; clients can still compare ETags.
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
