import { MEMBERS_AT_ONCE } from '../../scim/member-lists.ts';

/**
 * A set of many ids. V8 moves a whole set when it grows or shrinks, which takes 15 ms with 200,000
 * ids, so this one consists of parts.
 */
export class IdSet {
  readonly #parts: readonly Set<string>[];
  #size = 0;

  /** `most`: about so many ids will be in it. */
  constructor(most: number) {
    const length = Math.max(1, Math.ceil(most / MEMBERS_AT_ONCE));
    this.#parts = Array.from({ length }, () => new Set());
  }

  get size(): number {
    return this.#size;
  }

  add(id: string): void {
    const part = this.#partOf(id);
    const before = part.size;
    this.#size += part.add(id).size - before;
  }

  /** Whether it was in the set. */
  delete(id: string): boolean {
    const wasIn = this.#partOf(id).delete(id);
    if (wasIn) this.#size--;
    return wasIn;
  }

  /** Returns those that were in the set, each once. */
  deleteAll(ids: readonly string[]): readonly string[] {
    return ids.filter((id) => this.delete(id));
  }

  /** The last characters of our ids are random. */
  #partOf(id: string): Set<string> {
    let hash = 0;
    for (let at = Math.max(0, id.length - 4); at < id.length; at++)
      hash = hash * 31 + id.charCodeAt(at);
    return this.#parts[hash % this.#parts.length] as Set<string>;
  }
}
