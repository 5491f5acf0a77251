/** Bounds what others can make the process do at the same time. */
import { Semaphore } from './semaphore.ts';

/** Too much of the same is under way. */
export class BusyError extends Error {
  override readonly name = 'BusyError';

  constructor(what: string) {
    super(`too many ${what} are under way`);
  }
}

interface LimitOptions {
  /** What runs, in the plural. */
  readonly what: string;
  readonly atOnce: number;
  readonly waiting: number;
}

/** Runs a bounded number of calls at once. A bounded number waits for its turn. */
export class ConcurrencyLimit {
  readonly #semaphore: Semaphore;
  readonly #most: number;
  readonly #what: string;

  constructor({ what, atOnce, waiting }: LimitOptions) {
    this.#what = what;
    this.#semaphore = new Semaphore(atOnce);
    this.#most = waiting;
  }

  /** Whether nothing runs or waits. */
  get isIdle(): boolean {
    return this.#semaphore.isIdle;
  }

  /** Rejects with BusyError if too many calls wait already. */
  async run<T>(act: () => Promise<T>): Promise<T> {
    if (!this.#semaphore.isFree && this.#semaphore.waiting >= this.#most)
      throw new BusyError(this.#what);
    return this.#semaphore.run(act);
  }
}

/** A limit for each key, while something runs or waits there. */
export class ConcurrencyLimits {
  readonly #options: LimitOptions;
  readonly #limits = new Map<string, ConcurrencyLimit>();

  constructor(options: LimitOptions) {
    this.#options = options;
  }

  /** Rejects with BusyError if too many calls of the key wait already. */
  async run<T>(key: string, act: () => Promise<T>): Promise<T> {
    const limit = this.#limits.get(key) ?? new ConcurrencyLimit(this.#options);
    this.#limits.set(key, limit);
    try {
      return await limit.run(act);
    } finally {
      if (limit.isIdle) this.#limits.delete(key);
    }
  }
}
