/**
 * Lasting trouble in the log: one line when it begins and one when it is over, however often it is
 * met.
 */

/** A kind may be a message that is never the same twice. */
const MOST_KINDS = 50;

export class Outage {
  readonly #kinds = new Set<string>();

  /**
   * Notes the trouble. True for the first of its kind since all was well, which deserves a line.
   */
  begins(kind = 'away'): boolean {
    if (this.#kinds.has(kind)) return false;
    if (this.#kinds.size >= MOST_KINDS) this.#kinds.clear();
    this.#kinds.add(kind);
    return true;
  }

  /** Notes that all is well. True where there was trouble until now, whose end deserves a line. */
  ends(): boolean {
    const lasted = this.#kinds.size > 0;
    this.#kinds.clear();
    return lasted;
  }
}
