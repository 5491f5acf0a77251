/**
 * The open connections of a server. Those on which no valid token has arrived are limited in
 * number.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Counter, Gauge, type Registry } from 'prom-client';
import { KnownCallers } from './known-callers.ts';

/** Why the server closed a connection: too many without a valid token, too slow, or not HTTP. */
type Ending = 'limit' | 'timeout' | 'malformed';

/**
 * `credentials` is the header as sent, and `caller` names whose they are, however they are spelled.
 */
export type NoteCaller = (credentials?: string | null, caller?: string) => void;

export class ConnectionMetrics {
  readonly ended: Counter<'reason'>;
  readonly shed: Counter<'code'>;
  /** Returns the values of the gauge. */
  count: () => { readonly authenticated: number; readonly unauthenticated: number } = () => ({
    authenticated: 0,
    unauthenticated: 0,
  });

  /** Registers the metrics; call it once for each registry. */
  constructor(registry: Registry) {
    const measure = () => this.count();
    new Gauge({
      name: 'scim_connections',
      help:
        'Open connections. A connection is authenticated once a request with a valid token ' +
        'arrived on it.',
      labelNames: ['authenticated'],
      registers: [registry],
      collect() {
        const { authenticated, unauthenticated } = measure();
        this.set({ authenticated: 'true' }, authenticated);
        this.set({ authenticated: 'false' }, unauthenticated);
      },
    });
    this.ended = new Counter({
      name: 'scim_connections_refused_total',
      help:
        'Connections closed by the server: limit (more connections without a valid token than ' +
        'allowed), timeout (a request that took too long to arrive, or a response that the ' +
        'client did not read) or malformed (not HTTP).',
      labelNames: ['reason'],
      registers: [registry],
    });
    this.shed = new Counter({
      name: 'scim_requests_shed_total',
      help:
        'Requests refused before authentication, because the process receives more than it can ' +
        'serve: 429 (the caller sends more than its share) or 503. They are not part of ' +
        'scim_requests_total.',
      labelNames: ['code'],
      registers: [registry],
    });
    for (const code of ['429', '503']) this.shed.inc({ code }, 0);
    for (const reason of ['limit', 'timeout', 'malformed']) this.ended.inc({ reason }, 0);
  }
}

export class ClientConnection {
  /** Requests arrive on this socket: after a TLS handshake, the one that decrypts. */
  socket: Socket;
  /** All requests that arrived. */
  requests = 0;
  /** Requests whose response is incomplete; more than one if they are pipelined. */
  underWay = 0;
  /** The response to the last request. */
  answer: ServerResponse | undefined;
  /** The response to the last request that may change something. */
  #change: ServerResponse | undefined;
  /** When the connection was opened or last completed a response, on the clock of `performance`. */
  restsSince = performance.now();
  isAuthenticated = false;
  /** The connection got an error below HTTP. Nothing that arrives on it becomes a request. */
  isRefused = false;
  /** When the request arrived that is about to be served, on the clock of `performance`. */
  arrivedAt = 0;
  /** Call this when the credentials were found valid. */
  readonly authenticated: NoteCaller;

  /** Whether the client waits for no response any more. */
  get isGone(): boolean {
    return this.socket.destroyed;
  }

  constructor(
    socket: Socket,
    authenticated: (connection: ClientConnection, ...of: Parameters<NoteCaller>) => void,
  ) {
    this.socket = socket;
    this.authenticated = (...of) => authenticated(this, ...of);
  }

  /**
   * Notes a request that has arrived. Returns the response that has to be complete before the
   * request is served: only requests that change nothing may be served at the same time as others
   * of their connection (RFC 9112 §9.3.2).
   */
  track({ method = '' }: IncomingMessage, answer: ServerResponse): ServerResponse | undefined {
    const isSafe = method === 'GET' || method === 'HEAD';
    const before = isSafe ? this.#change : this.answer;
    this.requests++;
    this.underWay++;
    this.answer = answer;
    if (!isSafe) this.#change = answer;
    answer.once('close', () => {
      this.underWay--;
      this.restsSince = performance.now();
      if (this.answer === answer) this.answer = undefined;
      if (this.#change === answer) this.#change = undefined;
    });
    return before;
  }
}

export class ClientConnections {
  readonly #all = new Map<Duplex, ClientConnection>();
  /** Connections without an authenticated request so far, the oldest first. */
  readonly #strangers = new Set<ClientConnection>();
  readonly #limit: number;
  readonly #metrics: ConnectionMetrics | undefined;
  readonly #callers = new KnownCallers();
  /** The number of connections and requests so far. */
  arrivals = 0;

  /** `limit` is the number of connections that may be open without an authenticated request. */
  constructor(limit: number, metrics: ConnectionMetrics | undefined) {
    this.#limit = limit;
    this.#metrics = metrics;
    if (metrics === undefined) return;
    metrics.count = () => {
      const unauthenticated = this.#strangers.size;
      return { authenticated: this.#all.size - unauthenticated, unauthenticated };
    };
  }

  of(socket: Duplex): ClientConnection | undefined {
    return this.#all.get(socket);
  }

  /**
   * Adds a new connection. Above the limit, the oldest connection without a token and without a
   * request in progress is closed. A client with a token sends it right away, so the old
   * connections are those of clients that only occupy them.
   */
  add(socket: Socket): void {
    this.arrivals++;
    if (this.#strangers.size >= this.#limit && !this.#endOldestStranger()) {
      this.countEnd('limit');
      socket.destroy();
      return;
    }
    const connection = new ClientConnection(socket, (known, credentials, caller) => {
      if (credentials && caller) this.#callers.note(credentials, caller);
      if (known.isAuthenticated) return;
      known.isAuthenticated = true;
      this.#strangers.delete(known);
    });
    this.#all.set(socket, connection);
    this.#strangers.add(connection);
    socket.once('close', () => this.#remove(connection));
  }

  /** Continues a connection on another socket, after its TLS handshake. */
  secure(plain: Socket, secured: Socket): void {
    const connection = this.#all.get(plain);
    if (connection === undefined) {
      secured.destroy();
      return;
    }
    this.#all.delete(plain);
    connection.socket = secured;
    this.#all.set(secured, connection);
    secured.once('close', () => this.#remove(connection));
  }

  /** Whose turn the request takes; those with unknown credentials share one. */
  callerOf({ headers }: IncomingMessage): string {
    const credentials = headers.authorization ?? headers.cookie ?? '';
    return this.#callers.callerOf(credentials) ?? '';
  }

  countShed(code: number): void {
    this.#metrics?.shed.inc({ code: String(code) });
  }

  /** Counts a connection that the server closes. */
  countEnd(reason: Ending): void {
    this.#metrics?.ended.inc({ reason });
  }

  /**
   * Whether a connection was opened, or completed a response, within the last `withinMs`
   * milliseconds. Its client may be about to send a request.
   */
  isAnyFresh(withinMs: number): boolean {
    const since = performance.now() - withinMs;
    for (const { underWay, restsSince } of this.#all.values())
      if (underWay === 0 && restsSince > since) return true;
    return false;
  }

  /** Makes every response in progress the last one on its connection. */
  announceEnd(): void {
    for (const { answer } of this.#all.values()) {
      if (answer !== undefined && !answer.headersSent) answer.shouldKeepAlive = false;
    }
  }

  destroyAll(): void {
    for (const { socket } of this.#all.values()) socket.destroy();
  }

  #endOldestStranger(): boolean {
    for (const oldest of this.#strangers) {
      if (oldest.underWay > 0) continue;
      this.countEnd('limit');
      this.#remove(oldest);
      oldest.socket.destroy();
      return true;
    }
    return false;
  }

  #remove(connection: ClientConnection): void {
    this.#all.delete(connection.socket);
    this.#strangers.delete(connection);
  }
}
