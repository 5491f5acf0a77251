/**
 * Turns of searches that may be long. Each integration has at most one at a time and few that wait,
 * so that none keeps the others from theirs.
 */
import { tooManySearches, unavailable } from '../../../scim/error.ts';
import { MAX_WAITING_SEARCHES, SEARCH_PATIENCE_MS } from '../../../scim/limits.ts';
import type { WaitingClient } from '../../store/resources.ts';
import type { SearchCounts } from '../../store/searches.ts';

interface Waiter {
  readonly client: WaitingClient | undefined;
  readonly begin: () => void;
  readonly refuse: (error: Error) => void;
}

export class SearchQueue implements SearchCounts {
  /** Counted by those who end them. */
  ended = 0;
  readonly #slots: number;
  readonly #most: number;
  readonly #patienceMs: number;
  readonly #running = new Set<string>();
  /** The integration that has waited longest for its next turn comes first. */
  readonly #waiting = new Map<string, Waiter[]>();
  #isPaused = false;
  #isClosed = false;
  #refused = 0;

  /**
   * `slots` is the number of searches that run at a time, and `most` is how many of one integration
   * may wait.
   */
  constructor(
    slots: number,
    most: number = MAX_WAITING_SEARCHES,
    patienceMs: number = SEARCH_PATIENCE_MS,
  ) {
    this.#slots = slots;
    this.#most = most;
    this.#patienceMs = patienceMs;
  }

  get running(): number {
    return this.#running.size;
  }

  get waiting(): number {
    return [...this.#waiting.values()].reduce((sum, { length }) => sum + length, 0);
  }

  get refused(): number {
    return this.#refused;
  }

  /**
   * Does the work in the turn of the integration. Rejects with 429 if too many of its searches wait,
   * or if no turn comes up in time. A search whose client has gone takes no turn.
   */
  async take<T>(integrationId: string, work: () => Promise<T>, client?: WaitingClient): Promise<T> {
    if (this.#isClosed) throw closed();
    if (this.#isFree(integrationId)) this.#running.add(integrationId);
    else await this.#wait(integrationId, client);
    try {
      return await work();
    } finally {
      this.#running.delete(integrationId);
      this.#serve();
    }
  }

  /** Until `resume`, those that run go on, and all others wait as they do for a turn. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#serve();
  }

  /** Refuses the searches that wait, and every later one. */
  close(): void {
    this.#isClosed = true;
    for (const { refuse } of [...this.#waiting.values()].flat()) refuse(closed());
  }

  #isFree(integrationId: string): boolean {
    const hasSlot = !this.#isPaused && this.#running.size < this.#slots;
    return hasSlot && !this.#running.has(integrationId);
  }

  #wait(integrationId: string, client: WaitingClient | undefined): Promise<void> {
    this.#dropGone(integrationId);
    const waiters = this.#waiting.get(integrationId) ?? [];
    if (waiters.length >= this.#most) return Promise.reject(this.#refusal());
    this.#waiting.set(integrationId, waiters);
    return new Promise((resolve, reject) => {
      const leave = () => {
        clearTimeout(timer);
        waiters.splice(waiters.indexOf(waiter), 1);
        if (waiters.length === 0) this.#waiting.delete(integrationId);
      };
      const waiter: Waiter = {
        client,
        begin: () => {
          leave();
          this.#running.add(integrationId);
          // The others come first.
          if (this.#waiting.delete(integrationId)) this.#waiting.set(integrationId, waiters);
          resolve();
        },
        refuse: (error) => {
          leave();
          reject(error);
        },
      };
      const timer = setTimeout(() => waiter.refuse(this.#refusal()), this.#patienceMs);
      waiters.push(waiter);
    });
  }

  #refusal(): Error {
    this.#refused++;
    return tooManySearches();
  }

  #serve(): void {
    for (const integrationId of this.#waiting.keys()) {
      if (this.#isPaused || this.#running.size >= this.#slots) return;
      this.#dropGone(integrationId);
      if (this.#isFree(integrationId)) this.#waiting.get(integrationId)?.[0]?.begin();
    }
  }

  /** Nothing reads the refusal. */
  #dropGone(integrationId: string): void {
    const waiters = this.#waiting.get(integrationId) ?? [];
    for (const { client, refuse } of [...waiters]) if (client?.isGone) refuse(tooManySearches());
  }
}

const closed = () => unavailable(new Error('the directory is being closed'));
