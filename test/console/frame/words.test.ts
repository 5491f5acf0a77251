import { describe, expect, it } from 'vitest';
import {
  count,
  countOf,
  shortId,
  spanInWords,
  timeInWords,
} from '../../../src/console/frame/words.ts';

const NOW = Date.UTC(2026, 10, 29, 9);
const S = 1_000;
const DAY = 86_400 * S;

describe('times in words', () => {
  it.each([
    [0, 'just now'],
    [-12 * S, '12 s ago'],
    [-240 * S, '4 min ago'],
    [-2 * 3_600 * S, '2 h ago'],
    [-30 * 3_600 * S, 'yesterday'],
    [-3 * DAY, '3 days ago'],
    [-90 * DAY, '31 Aug 2026'],
    [50 * DAY, 'in 50 days'],
    [90 * S, 'in 1 min'],
  ])('say %d ms from now as %s', (distance, words) => {
    expect(timeInWords(NOW + distance, NOW)).toBe(words);
  });

  it('say durations in their largest unit', () => {
    expect([10 * S, 120 * S, 7_200 * S, 2 * DAY].map(spanInWords)).toEqual([
      '10 s',
      '2 min',
      '2 h',
      '2 days',
    ]);
  });
});

describe('numbers', () => {
  it('have separators, and agree with their noun', () => {
    expect(count(1_000_060)).toBe('1,000,060');
    expect(countOf(1, 'user')).toBe('1 user');
    expect(countOf(2, 'identity', 'identities')).toBe('2 identities');
  });
});

describe('ids', () => {
  it('are shortened in the middle', () => {
    expect(shortId('01a20000-0000-7000-8000-00000000af35')).toBe('01a2…af35');
    expect(shortId('short')).toBe('short');
  });
});
