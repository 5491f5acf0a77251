import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { comparable, instant, literalComparable } from '../../src/scim/comparable.ts';
import type { Literal } from '../../src/scim/filter.ts';
import { order } from '../../src/scim/match.ts';
import { type AttributeType, attribute } from '../../src/scim/schema.ts';

const of = (type: AttributeType, caseExact?: boolean) =>
  attribute('thing', '', { type, ...(caseExact === undefined ? {} : { caseExact }) });

describe('instant', () => {
  it.each([
    ['2026-01-31T12:00:00Z', '2026-01-31T12:00:00.000Z'],
    ['2026-01-31T12:00:00.5+05:30', '2026-01-31T06:30:00.500Z'],
    ['2026-01-31T12:00:00.123456789-0800', '2026-01-31T20:00:00.123Z'],
    ['2026-01-31t12:00:00z', '2026-01-31T12:00:00.000Z'],
    ['2026-01-31 12:00:00', '2026-01-31T12:00:00.000Z'],
    ['2026-01-31T12:00', '2026-01-31T12:00:00.000Z'],
    ['2026-01-31', '2026-01-31T00:00:00.000Z'],
    ['2028-02-29', '2028-02-29T00:00:00.000Z'],
  ])('reads %s', (text, expected) => {
    expect(instant(text)).toBe(expected);
  });

  it.each([
    ['2026-02-30T00:00:00Z', 'a day that February doesn’t have'],
    ['2026-13-01', 'a thirteenth month'],
    ['2026-01-01T25:00:00Z', 'a 25th hour'],
    ['2026-01-01T00:00:00+25:00', 'an offset beyond a day'],
    ['9999-12-31T23:59:59-01:00', 'the year 10000 in UTC'],
    ['0000-01-01T00:00:00+01:00', 'the year before 0000 in UTC'],
    ['31.01.2026', 'another notation'],
    [' 2026-01-31', 'space around it'],
    ['', 'nothing'],
  ])('refuses %s: %s', (text) => {
    expect(instant(text)).toBeUndefined();
  });

  it('returns text that sorts by time', () => {
    const time = fc.date({
      min: new Date('0000-01-02T00:00:00Z'),
      max: new Date('9999-12-30T00:00:00Z'),
      noInvalidDate: true,
    });
    const offset = fc.integer({ min: -23, max: 23 });
    fc.assert(
      fc.property(time, offset, time, (left, hours, right) => {
        const local = new Date(left.getTime() + hours * 3_600_000).toISOString();
        fc.pre(local.length === 24);
        const zone = `${hours < 0 ? '-' : '+'}${String(Math.abs(hours)).padStart(2, '0')}:00`;
        const a = instant(local.replace('Z', zone)) ?? '';
        const b = instant(right.toISOString()) ?? '';
        expect(Math.sign(order(a, b))).toBe(Math.sign(left.getTime() - right.getTime()));
      }),
    );
  });
});

describe('a value', () => {
  it('is folded unless the attribute is caseExact', () => {
    expect(comparable(of('string'), 'Ann')).toBe('ann');
    expect(comparable(of('string', true), 'Ann')).toBe('Ann');
    expect(comparable(of('reference'), '../Users/A')).toBe('../Users/A');
    expect(comparable(of('binary'), 'AAb=')).toBe('AAb=');
  });

  it.each<[AttributeType, Literal]>([
    ['boolean', 'true'],
    ['integer', '1'],
    ['string', 1],
    ['dateTime', 'yesterday'],
    ['complex', 'x'],
  ])('of another type than %s cannot be compared: %j', (type, value) => {
    expect(comparable(of(type), value)).toBeUndefined();
  });
});

describe('a literal', () => {
  it.each<[string, AttributeType, Literal, unknown]>([
    ['[Entra] a boolean in quotes', 'boolean', 'True', true],
    ['a boolean', 'boolean', false, false],
    ['a number in quotes', 'integer', '42', 42],
    ['an exponent', 'decimal', '1e3', 1000],
    ['a number for text, without quotes', 'string', 42, '42'],
    ['a keyword for text, without quotes', 'string', true, 'true'],
    ['a time with an offset', 'dateTime', '2026-01-01T01:00:00+01:00', '2026-01-01T00:00:00.000Z'],
    ['null for anything', 'integer', null, null],
  ])('may be %s', (_, type, literal, expected) => {
    expect(literalComparable(of(type), literal)).toBe(expected);
  });

  it.each<[AttributeType, Literal]>([
    ['boolean', 'yes'],
    ['boolean', 1],
    ['integer', 'x'],
    ['integer', ''],
    ['integer', true],
    ['decimal', 'Infinity'],
    ['dateTime', 'yesterday'],
    ['dateTime', 2026],
  ])('of another type than %s is refused with the name and the type: %j', (type, literal) => {
    expect(() => literalComparable(of(type), literal)).toThrow(
      expect.objectContaining({
        status: 400,
        scimType: 'invalidFilter',
        detail: `thing must be compared with a value of type ${type}`,
      }),
    );
  });
});
