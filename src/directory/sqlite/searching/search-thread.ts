/** A thread that searches the database file. It can be ended in the middle of a search. */
import type { Worker } from 'node:worker_threads';
import Database from 'better-sqlite3';
import { perform } from '../../sql/search/reader.ts';
import type { Steps } from '../../sql/search/steps.ts';
import type { Statement } from '../../sql/template.ts';
import { startDatabaseThread } from '../database-thread.ts';
import { type SearchReply, serveSearches } from './serve-searches.ts';

/** A page with more text than this ends the thread and not the process. */
const MAX_HEAP_MB = 256;

interface Waiting {
  readonly resolve: (rows: readonly unknown[]) => void;
  readonly reject: (error: unknown) => void;
}

export class SearchThread {
  /** Resolves when it has ended for whatever reason. */
  readonly ended: Promise<void>;
  readonly #worker: Worker;
  readonly #told = new Int32Array(new SharedArrayBuffer(4));
  #waiting: Waiting | undefined;
  #isUsable = true;

  constructor(path: string) {
    const options = { name: 'search', heapMb: MAX_HEAP_MB, data: { told: this.#told } };
    this.#worker = startDatabaseThread(serveSearches, path, options);
    this.#worker.on('message', (reply: SearchReply) => this.#answered(reply));
    this.ended = new Promise((resolve) => {
      let reason: Error = hasEnded();
      this.#worker.once('error', (error) => {
        this.#isUsable = false;
        reason = error;
      });
      // An error comes before the thread has let go of the state.
      this.#worker.once('exit', () => {
        this.#isUsable = false;
        this.#waiting?.reject(reason);
        resolve();
      });
    });
    this.#worker.unref();
  }

  /** False once it has ended or been told to. */
  get isUsable(): boolean {
    return this.#isUsable;
  }

  /**
   * Runs the steps on one state of the database, those of one search at a time, and settles when
   * the thread has let go of the state. Rejects with SqliteError, and with another error if the
   * thread ends.
   */
  async search<T>(steps: Steps<T>): Promise<T> {
    // An idle thread doesn't keep the process from ending, and a search does.
    this.#worker.ref();
    try {
      return await perform(steps, ({ template, input }) => this.#ask(template.statement(input)));
    } finally {
      await this.#ask(null).catch(() => undefined);
      // Otherwise, the process would not wait for the end of the thread.
      if (this.#isUsable) this.#worker.unref();
      else await this.ended;
    }
  }

  /** Null stands for the end of a search. */
  #ask(statement: Statement | null): Promise<readonly unknown[]> {
    return new Promise((resolve, reject) => {
      if (!this.#isUsable) return reject(hasEnded());
      this.#waiting = { resolve, reject };
      this.#worker.postMessage(statement);
    });
  }

  /**
   * Ends it within a few rows of a statement that calls `unended()`, and otherwise after the
   * statement. Resolves when it has ended.
   */
  async end(): Promise<void> {
    this.#isUsable = false;
    Atomics.store(this.#told, 0, 1);
    // Terminating ends no statement, and would keep `unended()` from doing so.
    if (this.#waiting === undefined) await this.#worker.terminate();
    await this.ended;
  }

  #answered(reply: SearchReply): void {
    // Who waits gets the error of the end.
    if (Atomics.load(this.#told, 0) !== 0) return void this.#worker.terminate();
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if ('rows' in reply) waiting?.resolve(reply.rows);
    else waiting?.reject(new Database.SqliteError(reply.message, reply.code));
  }
}

const hasEnded = () => new Error('the thread that searched has ended');
