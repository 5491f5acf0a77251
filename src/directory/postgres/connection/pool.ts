/**
 * A bounded number of connections. One that can't be opened is nobody's failure while others will
 * be free; one whose statement the server is still at keeps its place, however long its user is
 * gone, so that a server which hangs is not given more and more to do.
 */
import { isFull } from '../errors.ts';
import { type Entry, Session } from './session.ts';
import { Watch } from './watch.ts';

export interface Limits {
  /** For a new connection, and for one that becomes free. */
  readonly acquireMs: number;
  /** A server that was not looked at for so long is asked first whether it takes writes. */
  readonly lookMs: number;
  /** Unused ones are closed, so that others can have the server's. */
  readonly idleMs: number;
  /**
   * Then a connection is replaced, some a fifth earlier; the name of the server may lead to another
   * one meanwhile.
   */
  readonly lifeMs: number;
  /** From then on a statement that is not answered is asked after, on a connection of its own. */
  readonly suspicionMs: number;
  /** A statement that is not answered while the server can't be reached either. */
  readonly unreachableMs: number;
  /** The server would have ended any statement. */
  readonly silenceMs: number;
  /** How often it is looked whether anything of this has come. */
  readonly sweepMs: number;
}

export const LIMITS: Limits = {
  acquireMs: 5_000,
  lookMs: 2_000,
  idleMs: 10_000,
  lifeMs: 600_000,
  suspicionMs: 3_000,
  unreachableMs: 10_000,
  silenceMs: 70_000,
  sweepMs: 500,
};

/** How the server is reached; asked for each new connection. */
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
  readonly #watch: Watch;
  readonly #sweeper: NodeJS.Timeout;
  /** All that are open: idle, in use, and given up. */
  readonly #sessions = new Set<Session>();
  readonly #idle: Session[] = [];
  readonly #waiting: Waiter[] = [];
  #opening = 0;
  #openAgainAt = 0;
  #refusal: unknown;
  #closing: { readonly since: number; readonly done: () => void } | undefined;

  constructor(settings: Settings, size: number, limits: Limits) {
    this.#settings = settings;
    this.#size = size;
    this.#limits = limits;
    this.#watch = new Watch(() => this.#open(), limits);
    this.#sweeper = setInterval(() => this.#sweep(), limits.sweepMs);
  }

  /**
   * A connection to a server that takes writes, until it is released. Rejects when there is none
   * for long.
   */
  async acquire(): Promise<Session> {
    const since = performance.now();
    for (;;) {
      const session = this.#idle.pop() ?? (await this.#next(since));
      if (session.lost) {
        this.release(session);
        continue;
      }
      if (performance.now() - session.lookedAt < this.#limits.lookMs) return session;
      try {
        await session.look();
        return session;
      } catch (error) {
        this.release(session);
        if (performance.now() - since > this.#limits.acquireMs) throw error;
      }
    }
  }

  release(session: Session): void {
    if (session.standby) this.#leave();
    if (session.lost || this.#closing !== undefined || this.#isOld(session)) {
      this.#retire(session);
      return;
    }
    const waiter = this.#waiting.shift();
    session.idleSince = performance.now();
    if (waiter === undefined) this.#idle.push(session);
    else waiter.resolve(session);
  }

  /** Waits for those in use. */
  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#closing = { since: performance.now(), done: resolve };
    for (const { reject } of this.#waiting.splice(0)) reject(new Error('the pool is closed'));
    for (const session of this.#idle.splice(0)) this.#retire(session);
    this.#watch.close();
    this.#conclude();
    await promise;
    clearInterval(this.#sweeper);
  }

  #next(since: number): Promise<Session> {
    return new Promise((resolve, reject) => {
      if (this.#closing !== undefined) return reject(new Error('the pool is closed'));
      if (this.#isStuck())
        return reject(new Error('the server is still executing statements on every connection'));
      this.#waiting.push({ since, resolve, reject });
      this.#serve();
    });
  }

  /** Whether nothing of it will be free: the server is at work for users who are gone. */
  #isStuck(): boolean {
    return this.#sessions.size >= this.#size && [...this.#sessions].every(({ givenUp }) => givenUp);
  }

  /** Opens as many connections as there are waiters without one. */
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
    return Session.open(this.#settings(), this.#limits.acquireMs);
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

  /** The server takes no writes: nothing that leads there is used again. */
  #leave(): void {
    for (const session of this.#sessions) session.lost = true;
    for (const session of this.#idle.splice(0)) this.#retire(session);
  }

  /** Keeps its place while the server is at its statement. */
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

  #isOld({ openedAt, luck }: Session): boolean {
    return performance.now() - openedAt > this.#limits.lifeMs * (1 - luck / 5);
  }

  #sweep(): void {
    const now = performance.now();
    const { acquireMs, idleMs } = this.#limits;
    while (this.#waiting[0] !== undefined && now - this.#waiting[0].since > acquireMs) {
      const error = new Error('no connection was free in time', { cause: this.#refusal });
      this.#waiting.shift()?.reject(error);
    }
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

  /** Where one way is dead, those that nobody uses at the moment probably went the same. */
  async #lookAfter(): Promise<void> {
    if (!(await this.#watch.look([...this.#sessions]))) return;
    for (const session of this.#idle.splice(0)) this.#retire(session);
  }
}
