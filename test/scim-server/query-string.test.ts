/** The parameters of a URL. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { queriesOf } from '../../src/scim-server/query-string.ts';

describe('the parameters of a URL', () => {
  it('are those of the URL Standard if they are well encoded, without empty names', () => {
    const parameters = fc.array(fc.tuple(fc.string({ unit: 'grapheme' }), fc.string()));
    fc.assert(
      fc.property(parameters, (pairs) => {
        const query = new URLSearchParams(pairs);
        const names = new Set([...query.keys()].filter((name) => name !== ''));
        const expected = [...names].map((name) => [name, query.getAll(name)]);
        expect([...queriesOf(`/Users?${query}`)]).toEqual(expected);
      }),
    );
  });

  it('keep what can’t be decoded, unlike the URL Standard, and may be named like parts of a prototype', () => {
    expect([...queriesOf('/Users?a=%41/%ff&%&__proto__=b&a')]).toEqual([
      ['a', ['A/%ff', '']],
      ['%', ['']],
      ['__proto__', ['b']],
    ]);
  });

  it('are none of a fragment', () => {
    expect([...queriesOf('/Users#?a=b')]).toEqual([]);
    expect([...queriesOf('/Users?a=b#&c=d')]).toEqual([['a', ['b']]]);
  });
});
