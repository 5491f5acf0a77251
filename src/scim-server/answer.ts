/**
 * What a handler returns before it becomes an HTTP response. It is plain data, so that headers and
 * bodies are written in one place.
 */

import { setImmediate } from 'node:timers/promises';

/**
 * RFC 7644 §8.1. Keycloak's client requires it on every response, including 204. The charset is for
 * clients that read unknown types as ISO-8859-1.
 */
export const SCIM_MEDIA_TYPE = 'application/scim+json; charset=utf-8';

/** JSON whose parts are made when they are sent. */
export interface LongBody {
  /** What is in memory until then. */
  readonly bytes: number;
  parts(): Iterable<string>;
  /** Is called when all parts were sent, or will not be. */
  ended?(): void;
}

/** JSON. */
export type Body = string | LongBody;

export interface Answer {
  readonly status: number;
  /** JSON. */
  readonly body?: string;
  /** Instead of a body. */
  readonly long?: LongBody;
  readonly headers?: Readonly<Record<string, string>>;
  /** The message of an error, which is also in the body. */
  readonly detail?: string;
  /** The id of a resource that was created. */
  readonly created?: string;
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
  const { body = null, long } = answer;
  return new Response(long === undefined ? body : streamOf(long), {
    status: answer.status,
    headers,
  });
}

/** Others are served between the parts. */
function streamOf({ parts, ended = () => {} }: LongBody): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const iterator = parts()[Symbol.iterator]();
  return new ReadableStream({
    pull: async (controller) => {
      await setImmediate();
      try {
        const { done = false, value } = iterator.next();
        if (!done) return controller.enqueue(encoder.encode(value));
        controller.close();
        ended();
      } catch (error) {
        ended();
        throw error;
      }
    },
    cancel: ended,
  });
}
