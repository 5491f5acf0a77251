/** Bounds what strangers can make the process do at the same time. */
import { Semaphore } from '../access/semaphore.ts';

/** Too much of the same is under way. */
export class BusyError extends Error {
  override readonly name = 'BusyError';

  constructor() {
    super('too many sign-ins are under way');
  }
}

interface GateOptions {
  readonly atOnce: number;
  readonly waiting: number;
}

/** Runs a bounded number of calls at once. A bounded number waits for its turn. */
export class Gate {
  readonly #semaphore: Semaphore;
  readonly #most: number;

  constructor({ atOnce, waiting }: GateOptions) {
    this.#semaphore = new Semaphore(atOnce);
    this.#most = waiting;
  }

  /** Rejects with BusyError if too many calls wait already. */
  async run<T>(act: () => Promise<T>): Promise<T> {
    if (!this.#semaphore.isFree && this.#semaphore.waiting >= this.#most) throw new BusyError();
    return this.#semaphore.run(act);
  }
}
