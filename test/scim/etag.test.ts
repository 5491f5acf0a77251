/** Versions as ETags, and the headers that name them. */
import { describe, expect, it } from 'vitest';
import {
  checkVersion,
  etag,
  ifMatchOf,
  matchesEtag,
  parseIfMatch,
  versionTag,
} from '../../src/scim/etag.ts';

describe('a version', () => {
  it('becomes a weak ETag, with a digest if there is one', () => {
    expect([etag(3), etag(3, 'abc')]).toEqual(['W/"3"', 'W/"3.abc"']);
  });

  it.each<[string, readonly number[] | undefined]>([
    ['*', undefined],
    [' * ', undefined],
    ['W/"3"', [3]],
    ['"3"', [3]],
    ['W/"3.abc"', [3]],
    ['W/"1", "2" ,W/"3.x"', [1, 2, 3]],
    ['"abc"', []],
    ['3', []],
    ['', []],
    ['"99999999999999999999"', []],
  ])('is read from If-Match: %s', (header, versions) => {
    expect(parseIfMatch(header)).toEqual(versions && new Set(versions));
  });

  it.each([
    ['W/"3"', 'W/"3"'],
    ['"3"', 'W/"3"'],
    [' W/"3.abc" ', 'W/"3"'],
    ['W/"1", W/"2"', undefined],
    ['3', undefined],
    ['W/"3', undefined],
    ['*', undefined],
  ])('is read from an ETag without its digest: %s', (tag, version) => {
    expect(versionTag(tag)).toBe(version);
  });

  it.each<[string, string, boolean]>([
    ['W/"3"', 'W/"3"', true],
    ['"3"', 'W/"3"', true],
    ['*', 'W/"3"', true],
    ['W/"1", W/"3.a"', 'W/"3.a"', true],
    ['W/"3"', 'W/"3.a"', false],
    ['W/"3.b"', 'W/"3.a"', false],
    ['', 'W/"3"', false],
  ])('matches If-None-Match %s if the ETag is %s: %j', (header, current, expected) => {
    expect(matchesEtag(header, current)).toBe(expected);
  });

  it.each<[string | undefined, string | undefined, boolean]>([
    ['W/"3"', undefined, true],
    ['W/"2"', undefined, false],
    ['*', undefined, true],
    [undefined, 'W/"3"', false],
    [undefined, 'W/"2"', true],
    [undefined, '*', false],
    ['W/"3"', 'W/"3.a"', false],
  ])(
    'of 3 may be written with If-Match %s and If-None-Match %s: %j',
    (wanted, unwanted, expected) => {
      expect(ifMatchOf(wanted, unwanted)?.has(3)).toBe(expected);
    },
  );

  it('is of no interest to a write without If-Match and If-None-Match', () => {
    expect(ifMatchOf(undefined, undefined)).toBeUndefined();
  });

  it('is refused with 412 if the write accepts only others', () => {
    expect(() => checkVersion(3, new Set([3]))).not.toThrow();
    expect(() => checkVersion(3, undefined)).not.toThrow();
    expect(() => checkVersion(3, new Set([2]))).toThrow(expect.objectContaining({ status: 412 }));
  });
});
