/**
 * Limits the cost of a PATCH: its filters are evaluated for every element, and other writes wait
 * until it is done.
 */

import type { Condition } from './condition.ts';
import { tooMany } from './error.ts';
import type { JsonValue } from './json.ts';
import { MAX_COMPARED } from './limits.ts';
import type { PatchOperation } from './patch-operation.ts';

export class PatchWork {
  #spent = 0;

  /** Adds the cost of an operation on the elements of an attribute. Throws tooMany. */
  spend({ selector }: PatchOperation, elements: readonly JsonValue[]): void {
    const comparisons = selector === undefined ? 1 : comparisonsIn(selector.where);
    this.#spent += comparisons * elements.reduce<number>((sum, each) => sum + sizeOf(each), 0);
    if (this.#spent > MAX_COMPARED) {
      throw tooMany(
        `the operations compare more than ${MAX_COMPARED} characters; the text of an attribute ` +
          'counts once for each comparison in a filter',
      );
    }
  }
}

/**
 * The number of comparisons. Searching for long text within text that nearly contains it takes many
 * times as long, and counts accordingly.
 */
export function comparisonsIn(condition: Condition): number {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return condition.terms.reduce((sum, term) => sum + comparisonsIn(term), 0);
    case 'not':
      return comparisonsIn(condition.term);
    case 'any':
      return comparisonsIn(condition.where);
    case 'compare':
      return condition.operator === 'co' ? 1 + String(condition.value).length / 32 : 1;
    default:
      return 1;
  }
}

/** The cost of an element in addition to its text, in characters. */
const PER_ELEMENT = 64;

const sizes = new WeakMap<object, number>();

/** Elements that an operation leaves unchanged aren't measured again. */
function sizeOf(element: JsonValue): number {
  if (typeof element !== 'object' || element === null) return PER_ELEMENT + String(element).length;
  let size = sizes.get(element);
  if (size === undefined) {
    size = PER_ELEMENT + JSON.stringify(element).length;
    sizes.set(element, size);
  }
  return size;
}
