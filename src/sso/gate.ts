/** Bounds what strangers can make the process do at the same time. */

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
  readonly #atOnce: number;
  readonly #most: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor({ atOnce, waiting }: GateOptions) {
    this.#atOnce = atOnce;
    this.#most = waiting;
  }

  /** Rejects with BusyError if too many calls wait already. */
  async run<T>(act: () => Promise<T>): Promise<T> {
    if (this.#running < this.#atOnce) this.#running++;
    else if (this.#waiting.length >= this.#most) throw new BusyError();
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await act();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }
}
