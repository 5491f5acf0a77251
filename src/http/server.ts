/**
 * A listening HTTP server around an application: time limits, answers below HTTP, and an orderly
 * end.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import {
  setImmediate as setImmediateAsync,
  setTimeout as setTimeoutAsync,
} from 'node:timers/promises';
import { getRequestListener } from '@hono/node-server';
import type { Logger } from '../logger.ts';
import { invalidSyntax, ScimError } from '../scim/error.ts';
import {
  HEAD_TIMEOUT_MS,
  MAX_HEADER_BYTES,
  REQUEST_TIMEOUT_MS,
  STALL_TIMEOUT_MS,
} from '../scim/limits.ts';
import { type Connection, type ConnectionMetrics, Connections } from './connections.ts';
import {
  answerAndEnd,
  type ErrorDocument,
  endWithError,
  parserError,
  plainError,
} from './raw-error.ts';
import { faultInHead } from './request-head.ts';

/** What the application gets besides the request. */
export interface ServerBindings {
  /** To be called when the request's token was found valid. */
  readonly authenticated?: () => void;
  /**
   * Tells a client that sent `Expect: 100-continue` to send the body; to be called before the body
   * is read.
   */
  readonly admitBody?: () => void;
}

export interface Application {
  fetch(request: Request, bindings: ServerBindings): Response | Promise<Response>;
}

interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** The address can't be had; the message is one line for a person. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

const REASONS: Record<string, string> = {
  EADDRINUSE: 'the port is in use',
  EACCES: 'the port requires more privileges',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'the host name is unknown',
};

const LIMITS = {
  maxHeaderSize: MAX_HEADER_BYTES,
  headersTimeout: HEAD_TIMEOUT_MS,
  requestTimeout: REQUEST_TIMEOUT_MS,
  // Longer than load balancers keep idle connections (60 s), so that they never send into a closing
  // one.
  keepAliveTimeout: 75_000,
  connectionsCheckingInterval: 2_000,
  stallTimeout: STALL_TIMEOUT_MS,
  // Node would refuse it without a body; see faultInHead.
  requireHostHeader: false,
};

const NO_URL = invalidSyntax('the request target or the Host header is malformed');
const NO_TUNNEL = new ScimError(
  405,
  'CONNECT is not allowed; the allowed methods are GET, POST, PUT, PATCH, DELETE',
);

/** What Node says of a request that doesn't arrive in time. */
const TOO_SLOW = 'ERR_HTTP_REQUEST_TIMEOUT';

/** How often a closing server drops connections that became idle. */
const SWEEP_MS = 50;

/**
 * A client that was answered within this time may be sending its next request while the server
 * closes.
 */
const QUIET_MS = 500;

export interface HttpServerOptions {
  /**
   * How many connections may be open on which no request with a valid token came; by default 1,000.
   */
  readonly maxUnauthenticated?: number;
  readonly metrics?: ConnectionMetrics;
  /**
   * What clients of this port are told of an error that the application never saw; by default plain
   * text.
   */
  readonly errorDocument?: (error: unknown) => ErrorDocument;
  /** Other times than those of production. */
  readonly limits?: Partial<typeof LIMITS>;
}

export class HttpServer {
  readonly #server: Server;
  readonly #connections: Connections;
  readonly #errorDocument: (error: unknown) => ErrorDocument;
  #isClosing = false;

  constructor(app: Application, log: Logger, options: HttpServerOptions = {}) {
    const { maxUnauthenticated = 1_000, metrics, errorDocument = plainError } = options;
    this.#errorDocument = errorDocument;
    const limits = { ...LIMITS, ...options.limits };
    this.#connections = new Connections(maxUnauthenticated, metrics);
    const awaitingContinue = new WeakSet<IncomingMessage>();
    const listener = getRequestListener(
      (request, { incoming, outgoing }) => {
        const h1 = incoming as IncomingMessage;
        const bindings: ServerBindings = this.#connections.of(h1.socket) ?? {};
        if (!awaitingContinue.delete(h1)) return app.fetch(request, bindings);
        const admitBody = () => (outgoing as ServerResponse).writeContinue();
        const { authenticated = () => {} } = bindings;
        return app.fetch(request, { authenticated, admitBody });
      },
      { hostname: 'localhost', errorHandler: (error) => this.#refuse(error, log) },
    );
    const onRequest = (incoming: IncomingMessage, outgoing: ServerResponse) => {
      const connection = this.#connections.of(incoming.socket);
      if (connection === undefined || connection.isRefused) return;
      this.#track(connection, outgoing);
      const fault = faultInHead(incoming);
      if (fault === undefined) {
        void listener(incoming, outgoing);
      } else {
        this.#connections.countEnd('malformed');
        answerAndEnd(outgoing, errorDocument(fault));
      }
    };
    this.#server = createServer(limits, onRequest);
    this.#server.on('connection', (socket) => this.#connections.add(socket));
    this.#server.setTimeout(limits.stallTimeout, (socket) => this.#onSilence(socket));
    this.#server.on('checkContinue', (incoming, outgoing) => {
      awaitingContinue.add(incoming);
      onRequest(incoming, outgoing);
    });
    // An expectation that is not known is ignored rather than answered without a body.
    this.#server.on('checkExpectation', onRequest);
    this.#server.on('connect', (_request, socket: Duplex) => {
      // Node lets go of this socket: without a listener its error would end the process.
      socket.on('error', () => socket.destroy());
      this.#connections.countEnd('malformed');
      endWithError(socket, errorDocument(NO_TUNNEL));
    });
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      if (error.code === TOO_SLOW)
        this.#afterReading(socket, () => this.#onClientError(error, socket));
      else this.#onClientError(error, socket);
    });
  }

  /** Resolves with the address bound; port 0 takes a free one. Rejects with ListenError. */
  async listen({ host, port }: ListenAddress): Promise<AddressInfo> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once('error', reject);
    // Without a host Node listens on `::`, or on 0.0.0.0 where IPv6 is switched off.
    this.#server.listen(host === '::' ? { port } : { host, port }, resolve);
    try {
      await promise;
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      throw new ListenError(
        `can't listen on ${formatAddress(host, port)}: ${REASONS[code] ?? code}`,
        { cause: error },
      );
    } finally {
      this.#server.off('error', reject);
    }
    return this.#server.address() as AddressInfo;
  }

  /**
   * Answers what clients are sending, each with `Connection: close`, then takes no more
   * connections, lets requests end, and cuts off those still there after `deadlineMs`.
   */
  async close(deadlineMs: number): Promise<void> {
    if (!this.#server.listening || this.#isClosing) return;
    this.#isClosing = true;
    this.#connections.announceEnd();
    const deadline = setTimeout(() => this.#connections.destroyAll(), deadlineMs);
    await this.#awaitQuiet(Math.min(QUIET_MS, deadlineMs));
    const { promise, resolve } = Promise.withResolvers<void>();
    // The close() of http drops idle connections at once, though their clients may be sending.
    NetServer.prototype.close.call(this.#server, () => resolve());
    const sweep = setInterval(() => {
      if (!this.#connections.isAnyFresh(QUIET_MS)) this.#server.closeIdleConnections();
    }, SWEEP_MS);
    await promise;
    clearInterval(sweep);
    clearTimeout(deadline);
    // Ends what http does at intervals.
    this.#server.close();
  }

  /**
   * Until nobody seems about to send, `mostMs` at the most, and then until nothing waits to be
   * accepted: it would be reset.
   */
  async #awaitQuiet(mostMs: number): Promise<void> {
    const end = performance.now() + mostMs;
    while (this.#connections.isAnyFresh(QUIET_MS) && performance.now() < end)
      await setTimeoutAsync(SWEEP_MS / 2);
    const latest = performance.now() + mostMs;
    let seen = -1;
    while (seen !== this.#connections.arrivals && performance.now() < latest) {
      seen = this.#connections.arrivals;
      await setImmediateAsync();
    }
  }

  #track(connection: Connection, outgoing: ServerResponse): void {
    this.#connections.arrivals++;
    connection.requests++;
    connection.underWay++;
    connection.answer = outgoing;
    if (this.#isClosing) outgoing.shouldKeepAlive = false;
    outgoing.once('close', () => {
      connection.underWay--;
      connection.restsSince = performance.now();
      if (connection.answer === outgoing) connection.answer = undefined;
    });
  }

  /**
   * A connection rests too long between requests, or its client doesn't read; who waits for a
   * handler goes on waiting.
   */
  #onSilence(socket: Socket): void {
    const { underWay = 0 } = this.#connections.of(socket) ?? {};
    if (underWay > 0 && socket.writableLength === 0) return;
    if (underWay > 0) this.#connections.countEnd('timeout');
    socket.destroy();
  }

  #onClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
    const connection = this.#connections.of(socket);
    // What follows a refusal is as wrong as what was refused.
    if (connection?.isRefused) return;
    if (error.code !== 'ECONNRESET') this.#countFault(error.code);
    const isMidResponse = connection !== undefined && isAnswering(connection);
    if (error.code === 'ECONNRESET' || !socket.writable || isMidResponse) {
      socket.destroy();
      return;
    }
    if (connection !== undefined) connection.isRefused = true;
    endWithError(socket, this.#errorDocument(parserError(error.code)));
  }

  /**
   * Time is looked at before what has come is read: on a machine that is short of it, a whole
   * request may have come.
   */
  #afterReading(socket: Duplex, act: () => void): void {
    const connection = this.#connections.of(socket);
    const requests = connection?.requests;
    setImmediate(() => {
      if (connection?.requests === requests) act();
    });
  }

  /** Answers what the application never saw because no URL could be made of it. */
  #refuse(error: unknown, log: Logger): Response {
    const malformed = error instanceof Error && error.name === 'RequestError';
    if (!malformed) log.error({ err: error }, 'failed to create a response');
    const { status, contentType, body } = this.#errorDocument(malformed ? NO_URL : error);
    const headers = {
      'Content-Type': contentType,
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      'X-Request-Id': crypto.randomUUID(),
    };
    return new Response(body, { status, headers });
  }

  #countFault(code: string | undefined): void {
    const reason = code === TOO_SLOW ? 'timeout' : 'malformed';
    this.#connections.countEnd(reason);
  }
}

/** Part of an answer may be on its way, or another one before it: nothing else may be written. */
const isAnswering = ({ underWay, answer }: Connection): boolean =>
  underWay > 1 || answer?.headersSent === true;

function formatAddress(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
