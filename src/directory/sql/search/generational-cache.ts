/** Values that are made once for each key, as long as the key is in use. */

/** Characters of keys that are kept at least. The values take up about 50 times the memory. */
const KEPT = 50_000;

export class GenerationalCache<T> {
  /** A key that isn't used until `#recent` is full again is forgotten with `#older`. */
  #recent = new Map<string, T>();
  #older = new Map<string, T>();
  #size = 0;

  get(key: string, make: () => T): T {
    const known = this.#recent.get(key);
    if (known !== undefined) return known;
    const value = this.#older.get(key) ?? make();
    this.#size += key.length;
    if (this.#size > KEPT) {
      this.#older = this.#recent;
      this.#recent = new Map();
      this.#size = key.length;
    }
    this.#recent.set(key, value);
    return value;
  }
}
