import { randomInt } from 'node:crypto';
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

  #partOf(id: string): Set<string> {
    return this.#parts[slotOf(id, this.#parts.length)] as Set<string>;
  }
}

const FACTOR = randomInt(2 ** 31) * 2 + 1;

/**
 * A number below `count`. Clients choose the ids, so each character counts, and the factor of this
 * process decides which ids have the same number. The shift brings the upper bits into the product:
 * without it, some pairs of ids have the same number with any factor.
 */
export function slotOf(id: string, count: number): number {
  let hash = 0;
  for (let at = 0; at < id.length; at++) {
    hash = Math.imul(hash + id.charCodeAt(at), FACTOR);
    hash ^= hash >>> 15;
  }
  return (hash >>> 16) % count;
}
