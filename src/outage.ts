/**
 * Logs lasting trouble with one line when it begins and one when it ends, however often it is
 * noticed in between.
 */

/** Limits memory, because a kind may be a message that is never the same twice. */
const MOST_KINDS = 50;

export class Outage {
  readonly #kinds = new Set<string>();

  /** Returns true, and deserves a line, for the first trouble of its kind since all was well. */
  begins(kind = 'unreachable'): boolean {
    if (this.#kinds.has(kind)) return false;
    if (this.#kinds.size >= MOST_KINDS) this.#kinds.clear();
    this.#kinds.add(kind);
    return true;
  }

  /** Returns true, and deserves a line, if there was trouble until now. */
  ends(): boolean {
    const lasted = this.#kinds.size > 0;
    this.#kinds.clear();
    return lasted;
  }
}
