/**
 * Group commit: writes that arrive in consecutive turns of the event loop, or while the previous
 * ones are forced to the disk, share a transaction and its fsync. Clients that were answered
 * together come back in several turns, and meet those who have waited meanwhile.
 *
 * Nearly every refusal comes before the first row is written. Only if one doesn't, the group starts
 * over with a savepoint for each job, which would cost as much as two of its statements. Every
 * result, including refusals, is returned when the transaction is on the disk, because a refusal may
 * depend on another write of the group.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type Database from 'better-sqlite3';
import { unavailable } from '../../scim/error.ts';
import type { DurableCommits } from './disk/durable-commits.ts';
import { asScimError, asUnavailable, isFull } from './errors.ts';
import { FreeSpace } from './free-space.ts';

interface Job {
  run(): unknown;
  resolve(value: unknown): void;
  reject(reason: unknown): void;
}

/** A job that yields after each part, and what is to be done before its end. */
interface LongJob extends Omit<Job, 'run'> {
  readonly steps: Generator<void, unknown>;
  readonly finish: () => void;
}

/** Writes at the end of each transaction. */
interface Finisher {
  /** A transaction begins. What was collected for the previous one is obsolete. */
  begin(): void;
  /** All jobs of the transaction have run. */
  finish(): void;
  /** The transaction is on the disk, maybe long after its jobs were refused. */
  kept(): void;
}

/** A job was refused that had already written. Thrown to start over. */
class HalfWritten extends Error {}

/**
 * Unless the jobs are answered, nothing is written, and they are to be tried in another way: with
 * savepoints if one of them is refused after a write, and each on its own if the transaction
 * vanished under several.
 */
type Outcome = 'answered' | 'halfWritten' | 'vanished';

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
  readonly #db: Database.Database;
  readonly #statements;
  readonly #space: FreeSpace;
  readonly #changes: Database.Statement<[], number>;
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
  #finisher: Finisher | undefined;

  constructor(
    db: Database.Database,
    { space = new FreeSpace({}), disk, tidy, clock = () => performance.now() }: WriterOptions = {},
  ) {
    this.#db = db;
    this.#space = space;
    this.#disk = disk;
    this.#tidy = tidy;
    this.#clock = clock;
    this.#changes = db.prepare<[], number>('SELECT total_changes()').pluck();
    this.#statements = {
      begin: db.prepare('BEGIN IMMEDIATE'),
      commit: db.prepare('COMMIT'),
      rollback: db.prepare('ROLLBACK'),
      savepoint: db.prepare('SAVEPOINT job'),
      release: db.prepare('RELEASE job'),
      rollbackTo: db.prepare('ROLLBACK TO job'),
    };
  }

  /** A job's rows that need no savepoint are written at the end, which is cheaper. */
  finishWith(finisher: Finisher): void {
    this.#finisher = finisher;
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
    if (this.#waiting.length > 0) await this.#commitWaiting();
    if (long !== undefined) await this.#commitInParts(long);
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

  async #commitWaiting(): Promise<void> {
    const group = this.#waiting.splice(0, MAX_GROUP);
    let outcome = await this.#commitTogether(group, this.#runPlainly);
    if (outcome === 'halfWritten')
      outcome = await this.#commitTogether(group, this.#runInSavepoint);
    if (outcome === 'answered') return;
    for (const job of group) await this.#commitTogether([job], this.#runInSavepoint);
  }

  async #commitTogether(jobs: readonly Job[], run: (job: Job) => () => void): Promise<Outcome> {
    const answers: (() => void)[] = [];
    let running = false;
    try {
      if (this.isUnsure) await this.#settle();
      const changes = this.#changesWhileFull();
      this.#statements.begin.run();
      running = true;
      this.#finisher?.begin();
      for (const job of jobs) answers.push(run(job));
      this.#finisher?.finish();
      running = false;
      await this.#commit(changes);
    } catch (error) {
      this.#rollback();
      if (error instanceof HalfWritten) return 'halfWritten';
      if (running && jobs.length > 1) return 'vanished';
      this.#note(error);
      for (const job of jobs) job.reject(asUnavailable(error));
      return 'answered';
    }
    for (const answer of answers) answer();
    return 'answered';
  }

  async #commitInParts({ steps, finish, resolve, reject }: LongJob): Promise<void> {
    try {
      if (this.isUnsure) await this.#settle();
      const changes = this.#changesWhileFull();
      this.#statements.begin.run();
      this.#finisher?.begin();
      let next = steps.next();
      for (; !next.done; next = steps.next()) {
        this.#observed();
        await nextTurn();
      }
      finish();
      this.#finisher?.finish();
      this.#observed();
      await nextTurn();
      await this.#commit(changes);
      resolve(next.value);
    } catch (error) {
      const isOpen = this.#db.inTransaction;
      this.#note(error);
      this.#rollback();
      reject(isOpen ? asScimError(error) : asUnavailable(error));
    }
  }

  /** `changes`: see #changesWhileFull, before the transaction. */
  async #commit(changes: number | undefined): Promise<void> {
    const commit = () => {
      this.#statements.commit.run();
    };
    if (this.#disk === undefined) commit();
    else await this.#disk.commit(commit);
    this.#finisher?.kept();
    this.#observed();
    if (this.#changesWhileFull() !== changes) this.#space.written();
  }

  async #settle(): Promise<void> {
    await this.#disk?.settle();
    this.#finisher?.kept();
  }

  readonly #runPlainly = (job: Job): (() => void) => {
    const changes = this.#changes.get();
    try {
      const value = job.run();
      return () => job.resolve(value);
    } catch (error) {
      if (!this.#db.inTransaction) throw error;
      if (this.#changes.get() !== changes) throw new HalfWritten();
      return this.#refusal(job, error);
    }
  };

  readonly #runInSavepoint = (job: Job): (() => void) => {
    this.#statements.savepoint.run();
    try {
      const value = job.run();
      this.#statements.release.run();
      return () => job.resolve(value);
    } catch (error) {
      // SQLITE_FULL and I/O errors end the whole transaction, so there is nothing to roll back to.
      if (!this.#db.inTransaction) throw error;
      this.#statements.rollbackTo.run();
      this.#statements.release.run();
      return this.#refusal(job, error);
    }
  };

  #refusal(job: Job, error: unknown): () => void {
    this.#note(error);
    return () => job.reject(asScimError(error));
  }

  #note(error: unknown): void {
    if (isFull(error)) this.#space.failed();
  }

  /** The number of rows ever changed. An empty transaction commits on a full volume as well. */
  #changesWhileFull(): number | undefined {
    return this.#space.lacking ? this.#changes.get() : undefined;
  }

  #rollback(): void {
    try {
      if (this.#db.inTransaction) this.#statements.rollback.run();
    } catch {
      // The next transaction can't begin, and it is tried again.
    }
  }
}
