/** Searches that may be long, on few threads beside the one that serves requests. */
import { searchTooLong } from '../../../scim/error.ts';
import { MAX_WAITING_SEARCHES, SEARCH_TIMEOUT_MS } from '../../../scim/limits.ts';
import { SearchQueue } from '../../sql/search/queue.ts';
import type { Steps } from '../../sql/search/steps.ts';
import type { WaitingClient } from '../../store/resources.ts';
import type { SearchCounts } from '../../store/searches.ts';
import { asScimError, asUnavailable, isSqliteError } from '../errors.ts';
import { SearchThread } from './search-thread.ts';

/** Searches that run at a time. */
const THREADS = 2;
const IDLE_MS = 30_000;

interface SearchLimits {
  /** Searches of one integration that wait. */
  readonly waiting: number;
  /** Milliseconds after which a search is ended. */
  readonly timeoutMs: number;
  /** Milliseconds after which a thread that has nothing to search is ended. */
  readonly idleMs: number;
}

const LIMITS: SearchLimits = {
  waiting: MAX_WAITING_SEARCHES,
  timeoutMs: SEARCH_TIMEOUT_MS,
  idleMs: IDLE_MS,
};

interface Idle {
  readonly thread: SearchThread;
  readonly timer: NodeJS.Timeout;
}

export class Searches {
  readonly #path: string;
  readonly #limits: SearchLimits;
  readonly #queue: SearchQueue;
  readonly #threads = new Set<SearchThread>();
  /** The thread that was used last is at the end. */
  readonly #idle: Idle[] = [];

  /** The times differ in tests only. */
  constructor(path: string, limits: Partial<SearchLimits> = {}) {
    this.#path = path;
    this.#limits = { ...LIMITS, ...limits };
    this.#queue = new SearchQueue(THREADS, this.#limits.waiting);
  }

  /** The number of threads that there are. */
  get threads(): number {
    return this.#threads.size;
  }

  get counts(): SearchCounts {
    return this.#queue;
  }

  /**
   * Runs the steps on one state of the database, in the turn of the integration. Rejects with 429 if
   * too many of its searches wait, and with 503 if they take too long.
   */
  run<T>(integrationId: string, steps: Steps<T>, client?: WaitingClient): Promise<T> {
    return this.#queue.take(integrationId, () => this.#search(steps), client);
  }

  /** Until `resume`, new searches wait. One that was running keeps no state after its end. */
  pause(): void {
    this.#queue.pause();
  }

  resume(): void {
    this.#queue.resume();
  }

  /** Ends searches that are running. */
  async close(): Promise<void> {
    this.#queue.close();
    for (const { timer } of this.#idle.splice(0)) clearTimeout(timer);
    await Promise.all([...this.#threads].map((thread) => thread.end()));
  }

  async #search<T>(steps: Steps<T>): Promise<T> {
    const thread = this.#take();
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.#queue.ended++;
      void thread.end();
    }, this.#limits.timeoutMs);
    try {
      return await thread.search(steps);
    } catch (error) {
      if (isLate) throw searchTooLong(this.#limits.timeoutMs / 1000);
      throw isSqliteError(error) ? asScimError(error) : asUnavailable(error);
    } finally {
      clearTimeout(timer);
      this.#release(thread);
    }
  }

  #take(): SearchThread {
    for (let last = this.#idle.pop(); last !== undefined; last = this.#idle.pop()) {
      clearTimeout(last.timer);
      if (last.thread.isUsable) return last.thread;
    }
    const thread = this.#start();
    this.#threads.add(thread);
    void thread.ended.then(() => this.#threads.delete(thread));
    return thread;
  }

  #start(): SearchThread {
    try {
      return new SearchThread(this.#path);
    } catch (error) {
      // For example, the process may have no more threads.
      throw asUnavailable(error);
    }
  }

  #release(thread: SearchThread): void {
    if (!thread.isUsable) return;
    const idle = { thread, timer: setTimeout(() => this.#endIdle(idle), this.#limits.idleMs) };
    idle.timer.unref();
    this.#idle.push(idle);
  }

  #endIdle(idle: Idle): void {
    this.#idle.splice(this.#idle.indexOf(idle), 1);
    void idle.thread.end();
  }
}
