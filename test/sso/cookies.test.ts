/** Cookies as browsers send them, and as nobody should. */
import { describe, expect, it } from 'vitest';
import { readCookies } from '../../src/sso/cookies.ts';

const read = (cookie: string) => Object.fromEntries(readCookies(new Headers({ cookie })));

describe('the cookies of a request', () => {
  it('are separated by semicolons, with or without spaces', () => {
    expect(read('a=1; b=2;c=3  ;  d=x=y')).toEqual({ a: '1', b: '2', c: '3', d: 'x=y' });
  });

  it('count once: the most specific one comes first', () => {
    expect(read('a=1; a=2')).toEqual({ a: '1' });
  });

  it('may be none, or have no name', () => {
    expect(read('')).toEqual({});
    expect(read('=1; b; ;;')).toEqual({});
  });

  it('cost little, whatever is between them', () => {
    const since = performance.now();
    expect(read(`a${' '.repeat(60_000)}b`)).toEqual({});
    expect(performance.now() - since).toBeLessThan(1_000);
  });
});
