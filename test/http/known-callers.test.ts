/** Whose turn a request takes, by credentials that were valid before. */
import { describe, expect, it } from 'vitest';
import { KnownCallers } from '../../src/http/known-callers.ts';

describe('known callers', () => {
  it('are the same however their credentials are spelled', () => {
    const callers = new KnownCallers();
    callers.note('Bearer token', 'acme');
    callers.note('bEARER   token', 'acme');
    expect(callers.callerOf('bEARER   token')).toBe(callers.callerOf('Bearer token'));
    expect(callers.callerOf('Bearer other')).toBeUndefined();
  });

  it('are kept in bounded memory', () => {
    const callers = new KnownCallers();
    callers.note(`Bearer${' '.repeat(60_000)}token`, 'acme');
    expect(callers.callerOf(`Bearer${' '.repeat(60_000)}token`)).toBeUndefined();
    for (let n = 0; n < 20_000; n++) callers.note(`Bearer${' '.repeat(n % 2_000)}${n}`, 'acme');
    const known = Array.from({ length: 20_000 }, (_, n) => `Bearer${' '.repeat(n % 2_000)}${n}`);
    expect(known.filter((each) => callers.callerOf(each) === 'acme')).toHaveLength(10_000);
  });
});
