import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isoTime } from '../../src/scim/iso-time.ts';

/** The last millisecond that a Date can have. */
const LAST = 8_640_000_000_000_000;
const DAY = 86_400_000;

it('a time is written as a Date writes it', () => {
  fc.assert(
    fc.property(fc.integer({ min: -LAST, max: LAST }), (at) => {
      expect(isoTime(at)).toBe(new Date(at).toISOString());
    }),
  );
});

it('times before and after midnight have different dates, in any order', () => {
  for (const at of [0, -1, 1, DAY - 1, DAY, DAY + 1, DAY - 1, 59_999, 60_000, 3_599_999]) {
    expect(isoTime(at)).toBe(new Date(at).toISOString());
  }
});

it('times of more days than are remembered are written as a Date writes them', () => {
  for (let at = 0; at < 1_200 * DAY; at += DAY)
    expect(isoTime(at)).toBe(new Date(at).toISOString());
  expect(isoTime(0)).toBe('1970-01-01T00:00:00.000Z');
});

it('a time that is none is refused as a Date refuses it, and does not disturb the next one', () => {
  expect(() => isoTime(Number.NaN)).toThrow(RangeError);
  expect(isoTime(0)).toBe('1970-01-01T00:00:00.000Z');
});
