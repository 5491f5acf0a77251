/** Duplicate elements of multi-valued attributes (RFC 7643 §2.4). */
import { describe, expect, it } from 'vitest';
import { distinct } from '../../src/scim/element-set.ts';
import type { JsonValue } from '../../src/scim/json.ts';
import { attribute } from '../../src/scim/schema.ts';

const TEXTS = attribute('tags', '', { multiValued: true });
const EXACT = attribute('codes', '', { multiValued: true, caseExact: true });
const NUMBERS = attribute('levels', '', { type: 'integer', multiValued: true });
const DOORS = attribute('doors', '', {
  multiValued: true,
  subAttributes: [attribute('value', '', { caseExact: true }), attribute('primary', '')],
});

describe('elements', () => {
  it.each<[string, typeof TEXTS, readonly JsonValue[], readonly JsonValue[]]>([
    ['strings in any case', TEXTS, ['a', 'B', 'A', 'b'], ['A', 'b']],
    ['strings that are caseExact', EXACT, ['a', 'A', 'a'], ['a', 'A']],
    ['numbers', NUMBERS, [1, 2, 1], [1, 2]],
    [
      'complex values without a type',
      DOORS,
      [{ value: 'x', primary: true }, { value: 'X' }, { value: 'x', primary: false }],
      [{ value: 'x', primary: true }, { value: 'X' }],
    ],
    [
      'complex values without a value',
      DOORS,
      [{ primary: false }, { primary: true }, { primary: false }],
      [{ primary: false }, { primary: true }],
    ],
  ])('that are the same are kept once: %s', (_, definition, elements, expected) => {
    expect(distinct(definition, elements)).toEqual(expected);
  });

  it('that differ are returned as the same list', () => {
    const elements = ['a', 'b'];
    expect(distinct(TEXTS, elements)).toBe(elements);
  });

  it('are not compared in pairs, however many there are', () => {
    const elements = Array.from({ length: 200_000 }, (_, index) => `tag-${index % 1000}`);
    expect(distinct(TEXTS, elements)).toHaveLength(1000);
  });
});
