/** Random filters as syntax trees. Names and literals need not exist in any schema. */
import fc from 'fast-check';
import type { AttributePath, CompareOperator, Filter, Literal } from '../../../src/scim/filter.ts';

const OPERATORS: readonly CompareOperator[] = [
  ...(['eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le'] as const),
];

/** Names include words that are keywords elsewhere in the grammar. */
const name = fc.oneof(
  fc.constantFrom('userName', 'emails', '$ref', 'x509Certificates', 'pr', 'eq', 'and', 'null'),
  fc.stringMatching(/^[A-Za-z][A-Za-z0-9_$-]{0,8}$/).filter((each) => each.toLowerCase() !== 'not'),
);
const urn = fc.constantFrom(
  'urn:ietf:params:scim:schemas:core:2.0:User',
  'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User',
  'URN:example:a.b:1.0',
);

export const attributePaths: fc.Arbitrary<AttributePath> = fc.record({
  urn: fc.option(urn, { nil: undefined }),
  name,
  sub: fc.option(name, { nil: undefined }),
});

/** Numbers that can be printed in a filter, which excludes -0. */
const numbers = fc.oneof(
  fc.maxSafeInteger().map((each) => each + 0),
  fc.integer({ min: -9999, max: 9999 }).map((each) => each / 100 + 0),
);

/**
 * Text of any code units, including lone surrogates, quotes, backslashes and control characters.
 */
const texts = fc.oneof(
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 6 }).map((units) => {
    return String.fromCharCode(...units);
  }),
  fc.string({ unit: fc.constantFrom('"', '\\', '\n', '\0', '(', ']', ' ', 'a', '💼') }),
  fc.constantFrom('true', 'null', '42', 'and', ''),
);

export const literals: fc.Arbitrary<Literal> = fc.oneof(
  texts,
  numbers,
  fc.boolean(),
  fc.constant(null),
);

const { filter: syntaxTrees } = fc.letrec<{ filter: Filter; leaf: Filter }>((tie) => ({
  leaf: fc.oneof(
    fc.record({ kind: fc.constant('present' as const), path: attributePaths }),
    fc.record({
      kind: fc.constant('compare' as const),
      path: attributePaths,
      operator: fc.constantFrom(...OPERATORS),
      value: literals,
    }),
  ),
  filter: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    tie('leaf'),
    fc.record({
      kind: fc.constantFrom('and' as const, 'or' as const),
      terms: fc.array(tie('filter'), { minLength: 2, maxLength: 3 }),
    }),
    fc.record({ kind: fc.constant('not' as const), term: tie('filter') }),
    fc.record({ kind: fc.constant('any' as const), path: attributePaths, filter: tie('filter') }),
  ),
}));

/** Every filter that parseFilter can return, and no other. */
export const filterTrees: fc.Arbitrary<Filter> = syntaxTrees;

/** Text that resembles a filter or an attack on its parser. */
export const filterLikeText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(
      fc.constantFrom(
        ...[
          'userName',
          'emails',
          'urn:a:2.0:B:c',
          'eq',
          'pr',
          'and',
          'or',
          'not',
          'x',
          '42',
          'null',
        ],
        ...[
          '"',
          '\\',
          '\\u',
          '00',
          '(',
          ')',
          '[',
          ']',
          '.',
          ':',
          ' ',
          ' ',
          ' ',
          '"a"',
          '__proto__',
        ],
      ),
      { maxLength: 30 },
    )
    .map((parts) => parts.join('')),
);
