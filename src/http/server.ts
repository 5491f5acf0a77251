/**
 * A listening HTTP server around an application: time limits, errors below HTTP, and an orderly
 * shutdown.
 */

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import {
  setImmediate as setImmediateAsync,
  setTimeout as setTimeoutAsync,
} from 'node:timers/promises';
import type { Logger } from '../logger.ts';
import { invalidSyntax, ScimError } from '../scim/error.ts';
import {
  HEAD_TIMEOUT_MS,
  MAX_HEADER_BYTES,
  MAX_PIPELINED,
  REQUEST_TIMEOUT_MS,
  STALL_TIMEOUT_MS,
} from '../scim/limits.ts';
import { Admission } from './admission.ts';
import { type Application, createAppListener } from './application.ts';
import type { ServingCertificate } from './certificate.ts';
import { type ClientConnection, ClientConnections, type ConnectionMetrics } from './connections.ts';
import { listenError } from './listen-error.ts';
import { createListener } from './listener.ts';
import {
  answerAndEnd,
  answerUnserved,
  type ErrorDocument,
  endWithError,
  PIPELINED,
  parserError,
  plainError,
} from './raw-error.ts';
import { faultInHead } from './request-head.ts';
import { UnreadBodies } from './unread-bodies.ts';

interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

const LIMITS = {
  maxHeaderSize: MAX_HEADER_BYTES,
  headersTimeout: HEAD_TIMEOUT_MS,
  requestTimeout: REQUEST_TIMEOUT_MS,
  // Longer than load balancers keep idle connections (60 s), so that they never send into a
  // connection that is being closed.
  keepAliveTimeout: 75_000,
  connectionsCheckingInterval: 2_000,
  // A client that takes longer for the TLS handshake is not one that will send a request.
  handshakeTimeout: 10_000,
  stallTimeout: STALL_TIMEOUT_MS,
  // For the rest of a body whose request has been answered.
  unreadTimeout: 5_000,
  // Node would refuse a request without Host with an empty body; see faultInHead.
  requireHostHeader: false,
};

const NO_URL = invalidSyntax('the request target or the Host header is malformed');
const NO_TUNNEL = new ScimError(501, 'CONNECT is not supported: this server is not a proxy');

/** Node's code for a request that doesn't arrive in time. */
const TOO_SLOW = 'ERR_HTTP_REQUEST_TIMEOUT';

const TIMEOUTS: readonly (string | undefined)[] = [TOO_SLOW, 'ERR_TLS_HANDSHAKE_TIMEOUT'];

/** How often a closing server drops idle connections. */
const SWEEP_MS = 50;

/**
 * A client that received a response within this time may be sending its next request while the
 * server closes.
 */
const QUIET_MS = 500;

export interface HttpServerOptions {
  /** How many connections may be open without a request with a valid token; 1,000 by default. */
  readonly maxUnauthenticated?: number;
  readonly metrics?: ConnectionMetrics;
  /** Serves TLS with it; plain HTTP by default. */
  readonly certificate?: ServingCertificate | undefined;
  /** The format of errors that the application never sees; plain text by default. */
  readonly errorDocument?: (error: unknown) => ErrorDocument;
  /** Whether requests are refused that would wait for too long; true by default. */
  readonly sheds?: boolean;
  /** Overrides the limits of production. */
  readonly limits?: Partial<typeof LIMITS>;
}

export class HttpServer {
  readonly #server: Server;
  readonly #connections: ClientConnections;
  readonly #errorDocument: (error: unknown) => ErrorDocument;
  #isClosing = false;

  constructor(app: Application, log: Logger, options: HttpServerOptions = {}) {
    const { maxUnauthenticated = 1_000, metrics, errorDocument = plainError } = options;
    this.#errorDocument = errorDocument;
    const limits = { ...LIMITS, ...options.limits };
    this.#connections = new ClientConnections(maxUnauthenticated, metrics);
    const admission =
      options.sheds === false ? undefined : new Admission(this.#connections, errorDocument, log);
    const unread = new UnreadBodies(limits.unreadTimeout);
    const awaitingContinue = new WeakSet<IncomingMessage>();
    const listener = createAppListener(app, {
      connections: this.#connections,
      admission,
      awaitingContinue,
      onError: (error) => this.#refuse(error, log),
    });
    const onRequest = (incoming: IncomingMessage, outgoing: ServerResponse) => {
      const connection = this.#connections.of(incoming.socket);
      if (connection === undefined || connection.isRefused) return;
      const before = connection.track(incoming, outgoing);
      this.#connections.arrivals++;
      if (this.#isClosing) outgoing.shouldKeepAlive = false;
      unread.watch(incoming, outgoing);
      if (this.#refusesAtOnce(connection, incoming, outgoing)) return;
      const serve = () => {
        // A response that ends the connection is the last one.
        if (!connection.socket.writable) return;
        if (admission === undefined) void listener(incoming, outgoing);
        else admission.serve(connection, incoming, outgoing, listener);
      };
      if (before === undefined) serve();
      else before.setMaxListeners(0).once('close', serve);
    };
    this.#server = createListener(limits, onRequest, this.#connections, options.certificate);
    this.#server.setTimeout(limits.stallTimeout, (socket) => this.#onSilence(socket));
    this.#server.on('checkContinue', (incoming, outgoing) => {
      awaitingContinue.add(incoming);
      onRequest(incoming, outgoing);
    });
    // An unknown expectation is ignored, because Node would respond without a body.
    this.#server.on('checkExpectation', onRequest);
    this.#server.on('connect', (_request, socket: Duplex) => {
      // Node no longer handles this socket: without a listener, an error on it would end the
      // process.
      socket.on('error', () => socket.destroy());
      this.#connections.countEnd('malformed');
      const { underWay = 0 } = this.#connections.of(socket) ?? {};
      // The error would be taken for the response to an earlier request.
      if (underWay > 0) socket.destroy();
      else endWithError(socket, errorDocument(NO_TUNNEL));
    });
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      if (error.code === TOO_SLOW)
        this.#afterReading(socket, () => this.#onClientError(error, socket));
      else this.#onClientError(error, socket);
    });
  }

  /** Resolves with the bound address; port 0 selects a free one. Rejects with ListenError. */
  async listen({ host, port }: ListenAddress): Promise<AddressInfo> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once('error', reject);
    // Without a host, Node listens on `::`, or on 0.0.0.0 if IPv6 is disabled.
    this.#server.listen(host === '::' ? { port } : { host, port }, resolve);
    try {
      await promise;
    } catch (error) {
      throw listenError(host, port, error);
    } finally {
      this.#server.off('error', reject);
    }
    return this.#server.address() as AddressInfo;
  }

  /**
   * Responds to requests that clients are sending, each with `Connection: close`. Then accepts no
   * more connections, waits for the requests in progress, and closes what remains after
   * `deadlineMs`.
   */
  async close(deadlineMs: number): Promise<void> {
    if (!this.#server.listening || this.#isClosing) return;
    this.#isClosing = true;
    this.#connections.announceEnd();
    const deadline = setTimeout(() => this.#connections.destroyAll(), deadlineMs);
    await this.#awaitQuiet(Math.min(QUIET_MS, deadlineMs));
    const { promise, resolve } = Promise.withResolvers<void>();
    // The close() of http drops idle connections at once, although their clients may be sending.
    NetServer.prototype.close.call(this.#server, () => resolve());
    const sweep = setInterval(() => {
      if (!this.#connections.isAnyFresh(QUIET_MS)) this.#server.closeIdleConnections();
    }, SWEEP_MS);
    await promise;
    clearInterval(sweep);
    clearTimeout(deadline);
    // Stops the periodic checks of http.
    this.#server.close();
  }

  /**
   * Waits until no client seems about to send, and then until no connection waits to be accepted,
   * because closing would reset it. Each wait takes at most `mostMs`.
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

  /** Responds to a request that must not be interpreted, or that comes behind too many others. */
  #refusesAtOnce(
    { underWay }: ClientConnection,
    incoming: IncomingMessage,
    outgoing: ServerResponse,
  ): boolean {
    const fault = faultInHead(incoming);
    if (fault !== undefined) {
      this.#connections.countEnd('malformed');
      answerAndEnd(outgoing, this.#errorDocument(fault));
    } else if (underWay > MAX_PIPELINED) {
      this.#connections.countShed(429);
      answerUnserved(incoming, outgoing, this.#errorDocument(PIPELINED));
    }
    return outgoing.writableEnded;
  }

  /**
   * The connection is idle for too long, or its client doesn't read the response. A client that
   * waits for a handler may continue to wait.
   */
  #onSilence(socket: Socket): void {
    const { underWay = 0 } = this.#connections.of(socket) ?? {};
    if (underWay > 0 && socket.writableLength === 0) return;
    if (underWay > 0) this.#connections.countEnd('timeout');
    socket.destroy();
  }

  #onClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
    const connection = this.#connections.of(socket);
    // Input after a refusal is as invalid as what was refused.
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
   * The timeout is checked before new input is read. On a slow machine, a whole request may already
   * have arrived.
   */
  #afterReading(socket: Duplex, act: () => void): void {
    const connection = this.#connections.of(socket);
    const requests = connection?.requests;
    setImmediate(() => {
      if (connection?.requests === requests) act();
    });
  }

  /**
   * Responds to a request from which no URL could be made, so that the application never sees it.
   */
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
    this.#connections.countEnd(TIMEOUTS.includes(code) ? 'timeout' : 'malformed');
  }
}

/** Part of a response, or of an earlier one, may already be sent. Nothing else may be written. */
const isAnswering = ({ underWay, answer }: ClientConnection): boolean =>
  underWay > 1 || answer?.headersSent === true;
