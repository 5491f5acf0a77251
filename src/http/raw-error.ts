/**
 * Errors for input that never becomes a request: bytes that aren't HTTP, headers that are too
 * large, clients that are too slow.
 */

import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { ScimError } from '../scim/error.ts';
import { MAX_HEADER_BYTES, MAX_PIPELINED } from '../scim/limits.ts';
import { hasShortBody } from './unread-bodies.ts';

/** An error in the format that the clients of a port expect. */
export interface ErrorDocument {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** Plain text. Reveals nothing about an error that is not a ScimError. */
export function plainError(error: unknown): ErrorDocument {
  const isKnown = error instanceof ScimError;
  return {
    status: isKnown ? error.status : 500,
    contentType: 'text/plain; charset=utf-8',
    body: `${isKnown ? error.detail : 'internal error'}\n`,
  };
}

const BY_CODE: Record<string, ScimError> = {
  HPE_HEADER_OVERFLOW: new ScimError(
    431,
    `the request line and headers are larger than ${MAX_HEADER_BYTES} bytes; ` +
      'send long filters in a POST to .search',
  ),
  HPE_CHUNK_EXTENSIONS_OVERFLOW: new ScimError(413, 'the chunk extensions are too large'),
  HPE_INVALID_METHOD: new ScimError(501, 'the method is unknown'),
  ERR_HTTP_REQUEST_TIMEOUT: new ScimError(408, 'the request took too long to arrive'),
};
const MALFORMED = new ScimError(400, 'the request is not valid HTTP', 'invalidSyntax');

/** The error for a fault that Node's HTTP parser reports by its code. */
export function parserError(code: string | undefined): ScimError {
  return (code === undefined ? undefined : BY_CODE[code]) ?? MALFORMED;
}

/** Responds to a request that is HTTP but must not be interpreted, and closes its connection. */
export function answerAndEnd(outgoing: ServerResponse, document: ErrorDocument): void {
  const { status, contentType, body } = document;
  outgoing.writeHead(status, {
    'Content-Type': contentType,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    Connection: 'close',
  });
  outgoing.end(body);
}

const RETRY_SECONDS = 1;

/** The error for a request that would wait for too long. */
export const overloaded = (status: 429 | 503): ScimError =>
  new ScimError(
    status,
    status === 429
      ? 'requests with this token arrive faster than its share allows; retry after a second'
      : 'requests arrive faster than the server can process them; retry after a second',
    undefined,
    { retryAfter: RETRY_SECONDS },
  );

/** The error for a request that arrives behind too many others on its connection. */
export const PIPELINED = new ScimError(
  429,
  `more than ${MAX_PIPELINED} requests of this connection have no response yet; ` +
    'wait for the responses, or open another connection',
  undefined,
  { retryAfter: RETRY_SECONDS },
);

/** Responds to a request that isn't served, and keeps its connection if its body is small. */
export function answerUnserved(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { status, contentType, body }: ErrorDocument,
): void {
  outgoing.writeHead(status, {
    'Content-Type': contentType,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'Retry-After': RETRY_SECONDS,
    ...(hasShortBody(incoming) ? {} : { Connection: 'close' }),
  });
  outgoing.end(body);
  incoming.resume();
}

/**
 * How long a client may continue to send after the response. If a socket is closed while it has
 * unread bytes, the response is lost with it.
 */
const LINGER_MS = 1_000;

/**
 * Writes a whole response to a bare socket. Further input is discarded, and the socket is closed a
 * second later.
 */
export function endWithError(socket: Duplex, document: ErrorDocument): void {
  const { status, contentType, body } = document;
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    `Content-Type: ${contentType}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  discardInput(socket);
  const end = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(end));
}

/**
 * Detaches the socket from Node's HTTP parser, which would parse the rest of a refused request as a
 * new one.
 */
function discardInput(socket: Duplex): void {
  const discard = () => {};
  socket.on('data', discard);
  for (const listener of socket.listeners('data') as (() => void)[]) {
    if (listener !== discard) socket.off('data', listener);
  }
  socket.resume();
}
