import { describe, expect, it } from 'vitest';
import { parseDuration } from '../../src/crd/duration.ts';

describe('parseDuration', () => {
  it.each([
    ['0s', 0],
    ['6s', 6_000],
    ['90m', 5_400_000],
    ['1h30m', 5_400_000],
    ['1h5s', 3_605_000],
    ['24h', 86_400_000],
  ])('accepts %s', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  it.each([
    '',
    '6',
    '6S',
    '-6s',
    '6 s',
    '6s ',
    '1.5h',
    '5s1h',
    '1d',
    '6s\n',
    '1000000h',
    'constructor',
  ])('refuses %j', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });
});
