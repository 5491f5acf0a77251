/**
 * A bounded number of connections. A connection that can't be opened fails no request while other
 * connections will become free. A connection whose statement the server is still executing keeps
 * its place even if nobody waits for it any more, so that a server that hangs isn't given more and
 * more work.
 */
import { isFull } from '../errors.ts';
import { LivenessCheck } from './liveness-check.ts';
import { type Entry, Session } from './session.ts';

export interface Limits {
  /** For opening a connection, and for waiting until one is free. */
  readonly acquireMs: number;
  /**
   * If the server was last checked longer ago than this, it is first asked whether it accepts
   * writes.
   */
  readonly lookMs: number;
  /** Unused connections are closed, so that others can have the server's. */
  readonly idleMs: number;
  /**
   * Connections are replaced after this time, some a fifth earlier, because the server's name may
   * lead to another server by then.
   */
  readonly lifeMs: number;
  /** So long, no connection that is opened has statements prepared by a pooler that failed to. */
  readonly unpreparedMs: number;
  /** A statement without a response for this long is looked up on another connection. */
  readonly suspicionMs: number;
  /** A statement without a response for this long is given up if the server is unreachable. */
  readonly unreachableMs: number;
  /** By then, the server would have ended any statement. */
  readonly silenceMs: number;
  /** How often these limits are checked. */
  readonly sweepMs: number;
}

export const LIMITS: Limits = {
  acquireMs: 5_000,
  lookMs: 2_000,
  idleMs: 10_000,
  lifeMs: 600_000,
  unpreparedMs: 300_000,
  suspicionMs: 3_000,
  unreachableMs: 10_000,
  silenceMs: 70_000,
  sweepMs: 500,
};

/** How to reach the server; called for each new connection. */
export type Settings = () => Entry;

interface Waiter {
  readonly since: number;
  readonly resolve: (session: Session) => void;
  readonly reject: (error: unknown) => void;
}

export class Pool {
  readonly #settings: Settings;
  readonly #size: number;
  readonly #limits: Limits;
  readonly #liveness: LivenessCheck;
  readonly #sweeper: NodeJS.Timeout;
  /** All open connections: idle, in use, and given up. */
  readonly #sessions = new Set<Session>();
  readonly #idle: Session[] = [];
  #waiting: Waiter[] = [];
  #opening = 0;
  #openAgainAt = 0;
  #prepareAgainAt = 0;
  #refusal: unknown;
  #closing: { readonly since: number; readonly done: () => void } | undefined;

  constructor(settings: Settings, size: number, limits: Limits) {
    this.#settings = settings;
    this.#size = size;
    this.#limits = limits;
    this.#liveness = new LivenessCheck(() => this.#open(), limits);
    this.#sweeper = setInterval(() => this.#sweep(), limits.sweepMs);
  }

  /** Returns a connection that is ready, if there is one, to be given back with `release`. */
  idle(): Session | undefined {
    const session = this.#idle.at(-1);
    if (session === undefined || session.lost || this.#isUnlooked(session)) return undefined;
    return this.#idle.pop();
  }

  /**
   * Returns a connection to a server that accepts writes, to be given back with `release`. Rejects
   * if none becomes available in time, counted from `since`.
   */
  async acquire(since: number): Promise<Session> {
    for (;;) {
      const session = this.#idle.pop() ?? (await this.#next(since));
      if (session.lost) {
        this.release(session);
        continue;
      }
      if (!this.#isUnlooked(session)) return session;
      try {
        await session.look();
        return session;
      } catch (error) {
        this.release(session);
        if (this.#isLate(since)) throw error;
      }
    }
  }

  release(session: Session): void {
    if (session.standby) this.#leave();
    if (session.unprepared) this.#useNoNames(session);
    if (session.lost || this.#closing !== undefined || this.#isOld(session)) {
      this.#retire(session);
      return;
    }
    const waiter = this.#waiting.shift();
    session.idleSince = performance.now();
    if (waiter === undefined) this.#idle.push(session);
    else waiter.resolve(session);
  }

  /** Waits for the connections that are in use. */
  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#closing = { since: performance.now(), done: resolve };
    for (const { reject } of this.#waiting.splice(0)) reject(new Error('the pool is closed'));
    for (const session of this.#idle.splice(0)) this.#retire(session);
    this.#liveness.close();
    this.#conclude();
    await promise;
    clearInterval(this.#sweeper);
  }

  #next(since: number): Promise<Session> {
    return new Promise((resolve, reject) => {
      if (this.#closing !== undefined) return reject(new Error('the pool is closed'));
      if (this.#isStuck())
        return reject(new Error('the server is still executing statements on every connection'));
      if (this.#isLate(since)) return reject(this.#none());
      this.#waiting.push({ since, resolve, reject });
      this.#serve();
    });
  }

  /**
   * Whether no connection will become free: the server is executing statements that nobody waits
   * for.
   */
  #isStuck(): boolean {
    const sessions = [...this.#sessions];
    return (
      sessions.length >= this.#size && sessions.every((each) => each.givenUp && !each.isBroken)
    );
  }

  /** Opens a connection for each waiter that has none coming. */
  #serve(): void {
    if (this.#closing !== undefined || performance.now() < this.#openAgainAt) return;
    const room = this.#size - this.#sessions.size - this.#opening;
    const wanted = Math.min(this.#waiting.length - this.#opening, room);
    for (let count = 0; count < wanted; count++) void this.#add();
  }

  async #add(): Promise<void> {
    this.#opening++;
    try {
      const session = await this.#open();
      this.#opening--;
      this.#refusal = undefined;
      this.#sessions.add(session);
      void session.ended.then(() => this.#forget(session));
      this.release(session);
    } catch (error) {
      this.#opening--;
      this.#refused(error);
    }
    this.#conclude();
  }

  async #open(): Promise<Session> {
    const settings = this.#settings();
    const poolerPrepares =
      settings.poolerPrepares === true && performance.now() >= this.#prepareAgainAt;
    return Session.open({ ...settings, poolerPrepares }, this.#limits.acquireMs);
  }

  #refused(error: unknown): void {
    this.#refusal = error;
    const others = [...this.#sessions].some(({ givenUp }) => !givenUp);
    if (others || isFull(error)) {
      this.#openAgainAt = performance.now() + this.#limits.sweepMs;
      return;
    }
    this.#waiting.shift()?.reject(error);
    this.#serve();
  }

  /** The server accepts no writes, so none of its connections is used again. */
  #leave(): void {
    for (const session of this.#sessions) session.lost = true;
    for (const session of this.#idle.splice(0)) this.#retire(session);
  }

  /** What happened to one connection behind the pooler would happen to each of the others. */
  #useNoNames(failed: Session): void {
    failed.unprepared = false;
    for (const session of this.#sessions) session.useNoNames();
    const now = performance.now();
    if (now >= this.#prepareAgainAt) this.#settings().onUnprepared?.();
    this.#prepareAgainAt = now + this.#limits.unpreparedMs;
  }

  /** The connection keeps its place while the server is executing its statement. */
  #retire(session: Session): void {
    if (session.askedAt !== undefined) {
      session.onAnswer = () => this.#retire(session);
      return;
    }
    this.#forget(session);
    void session.close();
  }

  #forget(session: Session): void {
    const index = this.#idle.indexOf(session);
    if (index >= 0) this.#idle.splice(index, 1);
    if (!this.#sessions.delete(session)) return;
    this.#serve();
    this.#conclude();
  }

  #conclude(): void {
    if (this.#sessions.size === 0 && this.#opening === 0) this.#closing?.done();
  }

  #isUnlooked({ lookedAt }: Session): boolean {
    return performance.now() - lookedAt >= this.#limits.lookMs;
  }

  #isLate(since: number): boolean {
    return performance.now() - since > this.#limits.acquireMs;
  }

  #none(): Error {
    return new Error('no connection was free in time', { cause: this.#refusal });
  }

  #isOld({ openedAt, luck }: Session): boolean {
    return performance.now() - openedAt > this.#limits.lifeMs * (1 - luck / 5);
  }

  #sweep(): void {
    const now = performance.now();
    const { acquireMs, idleMs } = this.#limits;
    this.#waiting = this.#waiting.filter(({ since, reject }) => {
      const isLate = this.#isLate(since);
      if (isLate) reject(this.#none());
      return !isLate;
    });
    for (const session of [...this.#idle]) {
      const unused = now - session.idleSince > idleMs && this.#sessions.size > 1;
      if (unused || this.#isOld(session)) this.#retire(session);
    }
    if (this.#closing !== undefined && now - this.#closing.since > acquireMs) {
      for (const session of this.#sessions) session.destroy(new Error('the pool is closed'));
    }
    this.#serve();
    void this.#lookAfter();
  }

  /** If one connection is dead, the idle ones are probably also dead. */
  async #lookAfter(): Promise<void> {
    if (!(await this.#liveness.look([...this.#sessions]))) return;
    for (const session of this.#idle.splice(0)) this.#retire(session);
  }
}
