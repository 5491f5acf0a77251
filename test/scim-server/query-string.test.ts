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

  it('are not well-formed if they are not UTF-8, keep other percent signs, and may be named like parts of a prototype', () => {
    expect([...queriesOf('/Users?a=%41/%ff&%&__proto__=b&a&c=50%+%fc%zz')]).toEqual([
      ['a', ['A/\udfff', '']],
      ['%', ['']],
      ['__proto__', ['b']],
      ['c', ['50% \udfff%zz']],
    ]);
  });

  it('have a plus sign for a space, unless the first one is encoded otherwise', () => {
    const filterOf = (query: string) => queriesOf(`/Users?filter=${query}`).get('filter');
    expect(filterOf('userName+eq+%22ada%2B1%22')).toEqual(['userName eq "ada+1"']);
    expect(filterOf('userName%20eq%20%22ada+1%22')).toEqual(['userName eq "ada+1"']);
    expect(filterOf('displayName+eq+%22My%20Group%22')).toEqual(['displayName eq "My Group"']);
    expect(queriesOf('/Users?a=x+y&b=x%20+y')).toEqual(
      new Map([
        ['a', ['x y']],
        ['b', ['x +y']],
      ]),
    );
  });

  it('are none of a fragment', () => {
    expect([...queriesOf('/Users#?a=b')]).toEqual([]);
    expect([...queriesOf('/Users?a=b#&c=d')]).toEqual([['a', ['b']]]);
  });
});
