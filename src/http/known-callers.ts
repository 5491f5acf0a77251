/**
 * Credentials that were valid a short time ago. They decide only whose turn a request takes: it is
 * authenticated all the same.
 */

/** How long credentials are known after their last use, at least. */
const KNOWN_MS = 30_000;

export class KnownCallers {
  #current = new Set<string>();
  #previous = new Set<string>();
  #since = performance.now();

  note(credentials: string): void {
    this.#renew();
    this.#current.add(credentials);
  }

  has(credentials: string): boolean {
    return this.#current.has(credentials) || this.#previous.has(credentials);
  }

  #renew(): void {
    const now = performance.now();
    if (now - this.#since < KNOWN_MS) return;
    this.#previous = now - this.#since < 2 * KNOWN_MS ? this.#current : new Set();
    this.#current = new Set();
    this.#since = now;
  }
}
