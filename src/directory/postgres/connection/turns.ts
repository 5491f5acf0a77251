/**
 * Turns of writes, and of reads. A write may wait for a row that another session has locked, so
 * writes never take all connections: reads, authentication and health checks keep some. Writes of
 * one resource, which would wait for each other in the server, take half of the turns at most, and
 * so do reads of one integration.
 */
import { busy } from '../../../scim/error.ts';

/** How long something waits for its turn, and how it is refused after that. */
interface Patience {
  readonly ms: number;
  readonly refusal: () => Error;
}

interface Waiter {
  readonly key: string;
  readonly begin: () => void;
}

export class Turns {
  readonly #limit: number;
  readonly #limitOfOne: number;
  readonly #patience: Patience;
  readonly #taken = new Map<string, number>();
  readonly #waiting = new Set<Waiter>();
  #total = 0;

  constructor(limit: number, patienceMs: number) {
    this.#limit = limit;
    this.#limitOfOne = Math.max(1, Math.floor(this.#limit / 2));
    this.#patience = { ms: patienceMs, refusal: busy };
  }

  /**
   * Does the work of the key in its turn. Rejects with busy if no turn comes up in time, unless
   * it has a patience of its own.
   */
  async take<T>(key: string, work: () => Promise<T>, patience = this.#patience): Promise<T> {
    if (this.#isFree(key)) this.#begin(key);
    else await this.#wait(key, patience);
    try {
      return await work();
    } finally {
      this.#end(key);
    }
  }

  #isFree(key: string): boolean {
    return this.#total < this.#limit && (this.#taken.get(key) ?? 0) < this.#limitOfOne;
  }

  #begin(key: string): void {
    this.#total++;
    this.#taken.set(key, (this.#taken.get(key) ?? 0) + 1);
  }

  #wait(key: string, { ms, refusal }: Patience): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(waiter);
        reject(refusal());
      }, ms);
      const begin = () => {
        clearTimeout(timer);
        this.#waiting.delete(waiter);
        this.#begin(key);
        resolve();
      };
      const waiter = { key, begin };
      this.#waiting.add(waiter);
    });
  }

  #end(key: string): void {
    const left = (this.#taken.get(key) ?? 0) - 1;
    if (left > 0) this.#taken.set(key, left);
    else this.#taken.delete(key);
    this.#total--;
    for (const waiter of this.#waiting) {
      if (this.#total >= this.#limit) return;
      if (this.#isFree(waiter.key)) waiter.begin();
    }
  }
}
