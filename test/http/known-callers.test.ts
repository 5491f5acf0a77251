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
    const known = Array.from({ length: 20_000 }, (_, n) => `Bearer ${n}`);
    for (const each of known) callers.note(each, `caller of ${each}`);
    expect(known.filter((each) => callers.callerOf(each) !== undefined)).toHaveLength(10_000);
  });

  it('leave room for others, however many spellings one of them uses', () => {
    const callers = new KnownCallers();
    const spellings = Array.from(
      { length: 20_000 },
      (_, n) => `Bearer${' '.repeat(n % 2_000)}${n}`,
    );
    for (const each of spellings) callers.note(each, 'acme');
    callers.note('Bearer other', 'globex');
    expect(callers.callerOf('Bearer other')).toBe('globex');
    const kept = spellings.filter((each) => callers.callerOf(each) === 'acme');
    expect(kept).toEqual(spellings.slice(-8));
  });
});
