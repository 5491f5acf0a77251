/** Bounds how often something may happen, such as entries in the log. */

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
