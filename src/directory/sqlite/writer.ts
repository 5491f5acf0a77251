/**
 * Group commit: writes that arrive in consecutive turns of the event loop, or while the previous
 * ones are forced to the disk, share a transaction and its fsync. Clients that were answered
 * together come back in several turns, and meet those who have waited meanwhile.
 */
import type Database from 'better-sqlite3';
import { unavailable } from '../../scim/error.ts';
import type { DurableCommits } from './disk/durable-commits.ts';
import { FreeSpace } from './free-space.ts';
import { type Finisher, type Job, type LongJob, WriteTransactions } from './write-transactions.ts';

interface WriterOptions {
  readonly space?: FreeSpace;
  /** By default, COMMIT itself forces what it commits to the disk. */
  readonly disk?: DurableCommits;
  /** Is called between transactions, `isLacking` space or not. The next one waits for it. */
  readonly tidy?: (isLacking: boolean) => Promise<void> | undefined;
  /** Monotonic, in milliseconds. */
  readonly clock?: () => number;
}

/** More writes would wait longer than clients do. */
const MAX_WAITING = 20_000;
const MAX_GROUP = 256;
/** For how long writes are gathered. A turn may take long. */
const MAX_TURNS = 16;
const MAX_GATHERING_MS = 5;

export class Writer {
  readonly #transactions: WriteTransactions;
  readonly #space: FreeSpace;
  #waiting: Job[] = [];
  readonly #long: LongJob[] = [];
  readonly #disk: WriterOptions['disk'];
  readonly #tidy: WriterOptions['tidy'];
  readonly #clock: () => number;
  #armed = false;
  /** Whether a transaction is running or is forced to the disk. Jobs wait. */
  #isTaken = false;
  /** They wait until something is written, or a part of a long job. */
  #observers: ((done: Promise<void> | undefined) => void)[] = [];

  constructor(
    db: Database.Database,
    { space = new FreeSpace({}), disk, tidy, clock = () => performance.now() }: WriterOptions = {},
  ) {
    this.#space = space;
    this.#disk = disk;
    this.#tidy = tidy;
    this.#clock = clock;
    this.#transactions = new WriteTransactions(db, space, disk, () => this.#observed());
  }

  /** A job's rows that need no savepoint are written at the end, which is cheaper. */
  finishWith(finisher: Finisher): void {
    this.#transactions.finisher = finisher;
  }

  /** Whether something was committed that may not be on the disk. */
  get isUnsure(): boolean {
    return this.#disk?.isUnsure ?? false;
  }

  /**
   * Resolves when what is committed is on the disk, and rejects if the disk fails. Undefined if it
   * is there already.
   */
  get settled(): Promise<void> | undefined {
    return this.#disk?.forcing ?? (this.isUnsure ? this.write(() => undefined) : undefined);
  }

  /**
   * Runs the synchronous job in a transaction, and a second time if that transaction vanished.
   * Rejects with the job's error, or with 503 if the database fails.
   */
  write<T>(run: () => T): Promise<T> {
    if (this.#waiting.length >= MAX_WAITING) {
      return Promise.reject(unavailable(new Error('too many writes are waiting')));
    }
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ run, resolve: resolve as (value: unknown) => void, reject });
      this.#arm();
    });
  }

  /**
   * Runs a long job in a transaction of its own, in which nothing else is written. Reads are served
   * between its parts. `finish` is called at the end of the transaction. Rejects as `write` does.
   */
  writeInParts<T>(steps: Generator<void, T>, finish: () => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#long.push({ steps, finish, resolve: resolve as (value: unknown) => void, reject });
      this.#arm();
    });
  }

  /**
   * Resolves when the database has written something, which may be a part of a long job. Rejects as
   * `write` does. Waits for no other writes to share the transaction, because a busy process takes
   * long for a turn of the event loop.
   */
  responds(): Promise<void> {
    if (this.#isTaken) return new Promise((resolve) => this.#observers.push(resolve));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ run: () => undefined, resolve: () => resolve(), reject });
      void this.#commitNext();
    });
  }

  #observed(done?: Promise<void>): void {
    for (const resolve of this.#observers.splice(0)) resolve(done);
  }

  #arm(): void {
    if (this.#armed || this.#isTaken) return;
    this.#armed = true;
    const end = this.#clock() + MAX_GATHERING_MS;
    setImmediate(() => this.#gather(0, 0, end));
  }

  /** Waits for another turn if the last one has brought writes, of which `known` are older. */
  #gather(known: number, turns: number, end: number): void {
    const { length } = this.#waiting;
    const isSoon = turns < MAX_TURNS && this.#clock() < end;
    if (length > known && length < MAX_GROUP && isSoon) {
      setImmediate(() => this.#gather(length, turns + 1, end));
      return;
    }
    this.#armed = false;
    // A probe may have begun the transaction.
    if (!this.#isTaken) void this.#commitNext();
  }

  async #commitNext(): Promise<void> {
    this.#isTaken = true;
    const long = this.#long.shift();
    if (this.#waiting.length > 0)
      await this.#transactions.commitGroup(this.#waiting.splice(0, MAX_GROUP));
    if (long !== undefined) await this.#transactions.commitInParts(long);
    await this.#tidied();
    this.#isTaken = false;
    if (this.#observers.length > 0) this.#observed(this.responds());
    if (this.#waiting.length > 0 || this.#long.length > 0) this.#arm();
  }

  async #tidied(): Promise<void> {
    // What may be lost must not get into the database file.
    if (this.isUnsure) return;
    try {
      await this.#tidy?.(this.#space.lacking);
    } catch {
      // It is tried again after the next transaction.
    }
  }
}
