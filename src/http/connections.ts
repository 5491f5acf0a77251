/**
 * The connections of a server: which of them have shown a valid token, and what is to become of the
 * others.
 */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Counter, Gauge, type Registry } from 'prom-client';

/** Why a connection was ended by the server: too many without a token, too slow, not HTTP. */
type Ending = 'limit' | 'timeout' | 'malformed';

export class ConnectionMetrics {
  readonly ended: Counter<'reason'>;
  /** What the gauge shows. */
  count: () => { readonly authenticated: number; readonly unauthenticated: number } = () => ({
    authenticated: 0,
    unauthenticated: 0,
  });

  /** Registers the metrics; once for a registry. */
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
    for (const reason of ['limit', 'timeout', 'malformed']) this.ended.inc({ reason }, 0);
  }
}

export class Connection {
  readonly socket: Socket;
  /** All that came. */
  requests = 0;
  /** Requests without a whole answer; more than one where they are pipelined. */
  underWay = 0;
  /** That of the last request. */
  answer: ServerResponse | undefined;
  /** When it was opened or last answered on, on the clock of `performance`. */
  restsSince = performance.now();
  isAuthenticated = false;
  /** It was answered below HTTP: nothing that comes on it becomes a request. */
  isRefused = false;
  /** To be called when a token was found valid. */
  readonly authenticated: () => void;

  constructor(socket: Socket, authenticated: (connection: Connection) => void) {
    this.socket = socket;
    this.authenticated = () => authenticated(this);
  }
}

export class Connections {
  readonly #all = new Map<Duplex, Connection>();
  /** Without an authenticated request so far, the oldest first. */
  readonly #strangers = new Set<Connection>();
  readonly #limit: number;
  readonly #metrics: ConnectionMetrics | undefined;
  /** Counts connections and requests. */
  arrivals = 0;

  /** `limit`: how many may be open without an authenticated request. */
  constructor(limit: number, metrics: ConnectionMetrics | undefined) {
    this.#limit = limit;
    this.#metrics = metrics;
    if (metrics === undefined) return;
    metrics.count = () => {
      const unauthenticated = this.#strangers.size;
      return { authenticated: this.#all.size - unauthenticated, unauthenticated };
    };
  }

  of(socket: Duplex): Connection | undefined {
    return this.#all.get(socket);
  }

  /**
   * Takes up a new connection. Above the limit the oldest one without a token goes that no request
   * is answered on: who comes with a token shows it at once, and who only holds connections holds
   * the old ones.
   */
  add(socket: Socket): void {
    this.arrivals++;
    if (this.#strangers.size >= this.#limit && !this.#endOldestStranger()) {
      this.countEnd('limit');
      socket.destroy();
      return;
    }
    const connection = new Connection(socket, (known) => {
      if (known.isAuthenticated) return;
      known.isAuthenticated = true;
      this.#strangers.delete(known);
    });
    this.#all.set(socket, connection);
    this.#strangers.add(connection);
    socket.once('close', () => this.#remove(connection));
  }

  /** A connection that the server ends. */
  countEnd(reason: Ending): void {
    this.#metrics?.ended.inc({ reason });
  }

  /**
   * Whether one was opened or answered on within the last so many milliseconds: its client may be
   * about to send.
   */
  isAnyFresh(withinMs: number): boolean {
    const since = performance.now() - withinMs;
    for (const { underWay, restsSince } of this.#all.values())
      if (underWay === 0 && restsSince > since) return true;
    return false;
  }

  /** Lets every answer under way be the last one of its connection. */
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

  #remove(connection: Connection): void {
    this.#all.delete(connection.socket);
    this.#strangers.delete(connection);
  }
}
