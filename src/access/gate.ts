/** Bounds what others can make the process do at the same time. */
import { Semaphore } from './semaphore.ts';

/** Too much of the same is under way. */
export class BusyError extends Error {
  override readonly name = 'BusyError';

  constructor(what: string) {
    super(`too many ${what} are under way`);
  }
}

interface GateOptions {
  /** What runs, in the plural. */
  readonly what: string;
  readonly atOnce: number;
  readonly waiting: number;
}

/** Runs a bounded number of calls at once. A bounded number waits for its turn. */
export class Gate {
  readonly #semaphore: Semaphore;
  readonly #most: number;
  readonly #what: string;

  constructor({ what, atOnce, waiting }: GateOptions) {
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

/** A gate for each key, while something runs or waits there. */
export class Gates {
  readonly #options: GateOptions;
  readonly #gates = new Map<string, Gate>();

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /** Rejects with BusyError if too many calls of the key wait already. */
  async run<T>(key: string, act: () => Promise<T>): Promise<T> {
    const gate = this.#gates.get(key) ?? new Gate(this.#options);
    this.#gates.set(key, gate);
    try {
      return await gate.run(act);
    } finally {
      if (gate.isIdle) this.#gates.delete(key);
    }
  }
}
