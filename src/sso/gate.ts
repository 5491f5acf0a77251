/** Bounds what strangers can make the process do. */

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

/** The number of keys above which all of them are forgotten. */
const MOST_KEYS = 10_000;

/** Permits a number of events in each minute, of each key. */
export class MinuteBudget {
  readonly #most: number;
  readonly #clock: () => number;
  readonly #spent = new Map<string, number>();
  #minute = 0;

  /** `clock` is monotonic, in milliseconds. */
  constructor(most: number, clock: () => number) {
    this.#most = most;
    this.#clock = clock;
  }

  /** Returns false if the minute has had enough of them. */
  spend(key = ''): boolean {
    const minute = Math.floor(this.#clock() / 60_000);
    if (minute !== this.#minute || this.#spent.size > MOST_KEYS) this.#spent.clear();
    this.#minute = minute;
    const spent = this.#spent.get(key) ?? 0;
    if (spent >= this.#most) return false;
    this.#spent.set(key, spent + 1);
    return true;
  }
}
