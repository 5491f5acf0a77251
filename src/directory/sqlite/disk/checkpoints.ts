/**
 * Checkpoints of the write-ahead log, on a thread of their own. Inside COMMIT, as SQLite does it by
 * default, each would stop the thread that serves requests until the database file is on the disk.
 */
import type { Worker } from 'node:worker_threads';
import type Database from 'better-sqlite3';
import { startDatabaseThread } from '../database-thread.ts';
import { serveCheckpoints } from './serve-checkpoints.ts';

const MAX_HEAP_MB = 32;
/** What is added to the log between two checkpoints. */
const PAGES = 1_000;
const PAGE_BYTES = 4_096;
/** A larger log is copied while writes wait, so that it can begin again. */
const MOST_PAGES = 2_000;
/** While a larger log is read, reads that can wait do so before they begin. 64 MB. */
const MOST_READ_PAGES = 16_384;
/**
 * They wait for so long at most. If those that run haven't ended by then, they wait for twice as
 * long when the log has grown by as much again. The last is less than they wait for a turn.
 */
const PAUSE_MS = 1_000;
const MOST_PAUSE_MS = 16_000;

/** How many pages the log has, and how many of them are in the database file. */
interface LogPages {
  readonly log: number;
  readonly checkpointed: number;
}
const NONE: LogPages = { log: 0, checkpointed: 0 };

/**
 * Reads that go on while others write. The log can't begin again while one reads from it, and with
 * reads that overlap, this may be always.
 */
interface LongReads {
  readonly running: number;
  /** No read begins until `resume`. */
  pause(): void;
  resume(): void;
}

export class Checkpoints {
  readonly #path: string;
  readonly #db: Database.Database;
  readonly #reads: LongReads;
  readonly #pages: Database.Statement<[], readonly [busy: number, log: number, done: number]>;
  #worker: Worker | undefined;
  #answer: (() => void) | undefined;
  #state: 'idle' | 'copying' | 'ended' = 'idle';
  #copying: Promise<void> | undefined;
  #known = NONE;
  /** Pages of the log at the next checkpoint. */
  #next = PAGES;
  /** More than usual if a long read keeps the log from beginning again. */
  #most = MOST_PAGES;
  /** More than usual if a read that hasn't ended in time keeps the log from beginning again. */
  #mostRead = MOST_READ_PAGES;
  #pauseMs = PAUSE_MS;
  #pause: NodeJS.Timeout | undefined;

  constructor(path: string, db: Database.Database, reads: LongReads) {
    this.#path = path;
    this.#db = db;
    this.#reads = reads;
    // SQLite prepares a PRAGMA whenever it runs. For objects, the driver would then compile a function.
    this.#pages = db
      .prepare<[], readonly [number, number, number]>('PRAGMA wal_checkpoint(NOOP)')
      .raw();
    db.pragma('wal_autocheckpoint = 0');
    // A log that begins again gives back what it doesn't need. It keeps what it has when writes
    // never pause, because to force a log that grows takes twice as long.
    db.pragma(`journal_size_limit = ${(MOST_PAGES + PAGES) * PAGE_BYTES}`);
  }

  /**
   * Call this between two transactions. Nothing may be written until what it returns has resolved.
   * The log begins again with a write that finds all of it copied. `isUrgent`: it should not grow.
   */
  tidy(isUrgent = false): Promise<void> | undefined {
    if (this.#state === 'ended') return undefined;
    if (this.#state === 'copying') {
      return this.isAwaited ? this.#copying?.then(() => this.tidy(isUrgent)) : undefined;
    }
    const { log, checkpointed } = this.#logged();
    if (log >= this.#mostRead && checkpointed < log) this.#pauseReads();
    const isAwaited = this.isAwaited;
    if (!isAwaited && log < (isUrgent ? PAGES : this.#next)) return undefined;
    const isMuch = isUrgent || isAwaited || log >= this.#most;
    this.#copying = this.#copy(isMuch);
    return isMuch ? this.#copying : undefined;
  }

  /** Whether reads wait for a checkpoint, and none keeps it from being whole. */
  get isAwaited(): boolean {
    return this.#pause !== undefined && this.#reads.running === 0;
  }

  /** Resolves when no checkpoint is running any more. */
  async close(): Promise<void> {
    this.#state = 'ended';
    clearInterval(this.#pause);
    await this.#worker?.terminate();
  }

  #logged(): LogPages {
    try {
      const [, log, checkpointed] = this.#pages.get() ?? [0, 0, 0];
      if (log < this.#known.log) this.#begunAgain();
      this.#known = { log, checkpointed };
    } catch {
      // A transaction in parts may be open, and checkpoints may end later than the database.
    }
    return this.#known;
  }

  async #copy(isWaitedFor: boolean): Promise<void> {
    this.#state = 'copying';
    const isAwaited = this.isAwaited;
    await this.#checkpoint();
    if (this.#state !== 'copying') return;
    this.#state = 'idle';
    // The thread doesn't know what has been written meanwhile.
    const { log, checkpointed } = this.#logged();
    const isWhole = checkpointed === log;
    this.#next = isWhole ? PAGES : log + PAGES;
    if (isWhole) this.#most = MOST_PAGES;
    else if (isWaitedFor) this.#most = log + MOST_PAGES;
    if (!isAwaited) return;
    this.#pauseMs = PAUSE_MS;
    // If it isn't whole, no pause helps: something else than these reads keeps the log.
    this.#resumeReads(isWhole ? 0 : log);
  }

  #begunAgain(): void {
    this.#mostRead = MOST_READ_PAGES;
    this.#pauseMs = PAUSE_MS;
  }

  #pauseReads(): void {
    if (this.#pause !== undefined) return;
    this.#pause = setInterval(() => {
      // The copy that they wait for is being made.
      if (this.isAwaited && this.#state === 'copying') return;
      this.#pauseMs = Math.min(2 * this.#pauseMs, MOST_PAUSE_MS);
      this.#resumeReads(this.#logged().log);
    }, this.#pauseMs);
    this.#pause.unref();
    this.#reads.pause();
  }

  /** `kept`: pages of a log that can't begin again. */
  #resumeReads(kept: number): void {
    this.#mostRead = kept + MOST_READ_PAGES;
    if (this.#pause === undefined) return;
    clearInterval(this.#pause);
    this.#pause = undefined;
    this.#reads.resume();
  }

  /** Without the thread, SQLite makes checkpoints itself. */
  async #checkpoint(): Promise<void> {
    try {
      this.#worker ??= this.#start();
    } catch {
      this.#end();
      return;
    }
    const worker = this.#worker;
    // An idle thread doesn't keep the process from ending, and a checkpoint does.
    worker.ref();
    await new Promise<void>((resolve) => {
      this.#answer = resolve;
      worker.postMessage(null);
    });
    // Otherwise, the process would not wait for the end of the thread.
    if (this.#state !== 'ended') worker.unref();
  }

  #start(): Worker {
    const options = { name: 'checkpoints', heapMb: MAX_HEAP_MB };
    const worker = startDatabaseThread(serveCheckpoints, this.#path, options);
    worker.on('message', () => this.#answer?.());
    worker.once('error', () => this.#end());
    worker.once('exit', () => this.#end());
    return worker;
  }

  #end(): void {
    if (this.#state !== 'ended') this.#db.pragma(`wal_autocheckpoint = ${PAGES}`);
    this.#state = 'ended';
    this.#answer?.();
    this.#resumeReads(0);
  }
}
