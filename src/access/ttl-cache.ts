/** Keeps the results of reads for a short time, and shares reads in progress. Errors are not kept. */

/** A change in the cluster takes effect after at most this long, plus the time of one read. */
const KEPT_MS = 5_000;

export class TtlCache<T> {
  readonly #clock: () => number;
  readonly #most: number;
  readonly #keptMs: number;
  /** The oldest is first. */
  readonly #kept = new Map<string, { readonly at: number; readonly result: Promise<T> }>();

  /** `clock` is monotonic, in milliseconds. At most `most` results are kept. */
  constructor(clock: () => number, most: number, keptMs = KEPT_MS) {
    this.#clock = clock;
    this.#most = most;
    this.#keptMs = keptMs;
  }

  get(key: string, read: () => Promise<T>): Promise<T> {
    const now = this.#clock();
    const known = this.#kept.get(key);
    if (known !== undefined && now - known.at < this.#keptMs) return known.result;
    const entry = { at: now, result: read() };
    this.#kept.delete(key);
    this.#kept.set(key, entry);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= this.#most) break;
      this.#kept.delete(oldest);
    }
    entry.result.catch(() => {
      if (this.#kept.get(key) === entry) this.#kept.delete(key);
    });
    return entry.result;
  }
}
