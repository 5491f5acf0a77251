/**
 * The transactions of one or many writes. Nearly every refusal comes before the first row is
 * written. Only if one doesn't, the group starts over with a savepoint for each job, which would cost
 * as much as two of its statements. Every result, including refusals, is returned when the
 * transaction is on the disk, because a refusal may depend on another write of the group.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type Database from 'better-sqlite3';
import type { DurableCommits } from './disk/durable-commits.ts';
import { asScimError, asUnavailable, isFull } from './errors.ts';
import type { FreeSpace } from './free-space.ts';

export interface Job {
  run(): unknown;
  resolve(value: unknown): void;
  reject(reason: unknown): void;
}

/** A job that yields after each part, and what is to be done before its end. */
export interface LongJob extends Omit<Job, 'run'> {
  readonly steps: Generator<void, unknown>;
  readonly finish: () => void;
}

/** Writes at the end of each transaction. */
export interface Finisher {
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

export class WriteTransactions {
  finisher: Finisher | undefined;
  readonly #db: Database.Database;
  readonly #statements;
  readonly #space: FreeSpace;
  readonly #changes: Database.Statement<[], number>;
  readonly #disk: DurableCommits | undefined;
  readonly #onProgress: () => void;

  /**
   * Without `disk`, COMMIT itself forces what it commits to the disk. `onProgress`: something was
   * written.
   */
  constructor(
    db: Database.Database,
    space: FreeSpace,
    disk: DurableCommits | undefined,
    onProgress: () => void,
  ) {
    this.#db = db;
    this.#space = space;
    this.#disk = disk;
    this.#onProgress = onProgress;
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

  /** Resolves when every job is answered. */
  async commitGroup(group: readonly Job[]): Promise<void> {
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
      if (this.#disk?.isUnsure) await this.#settle();
      const changes = this.#changesWhileFull();
      this.#statements.begin.run();
      running = true;
      this.finisher?.begin();
      for (const job of jobs) answers.push(run(job));
      this.finisher?.finish();
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

  /** Calls `onProgress` after each part. */
  async commitInParts({ steps, finish, resolve, reject }: LongJob): Promise<void> {
    try {
      if (this.#disk?.isUnsure) await this.#settle();
      const changes = this.#changesWhileFull();
      this.#statements.begin.run();
      this.finisher?.begin();
      let next = steps.next();
      for (; !next.done; next = steps.next()) {
        this.#onProgress();
        await nextTurn();
      }
      finish();
      this.finisher?.finish();
      this.#onProgress();
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
    this.finisher?.kept();
    this.#onProgress();
    if (this.#changesWhileFull() !== changes) this.#space.written();
  }

  async #settle(): Promise<void> {
    await this.#disk?.settle();
    this.finisher?.kept();
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
