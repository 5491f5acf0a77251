/** Remembers what may be used only once. */

/** Bounds memory. The oldest are forgotten first; what they stand for has expired by then. */
const MOST_REMEMBERED = 10_000;

export class UsedOnce {
  readonly #used = new Set<string>();

  /** Returns false if the key was used before. */
  use(key: string): boolean {
    if (this.#used.has(key)) return false;
    for (const oldest of this.#used) {
      if (this.#used.size < MOST_REMEMBERED) break;
      this.#used.delete(oldest);
    }
    this.#used.add(key);
    return true;
  }

  /** The key may be used again. */
  forget(key: string): void {
    this.#used.delete(key);
  }
}
