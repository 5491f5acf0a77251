/** Reproducible randomness: the same seed gives the same choices in the same order. */

export class Random {
  #state: number;

  /** `seed` is a 32-bit integer. */
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** Returns a number of at least 0 and less than 1 (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  between(least: number, most: number): number {
    return least + this.next() * (most - least);
  }

  chance(share: number): boolean {
    return this.next() < share;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[Math.floor(this.next() * items.length)];
    if (item === undefined) throw new RangeError('the list is empty');
    return item;
  }

  /** Returns an independent generator, whose choices don't depend on how often this one is used. */
  fork(): Random {
    return new Random(Math.floor(this.next() * 2 ** 32));
  }
}
