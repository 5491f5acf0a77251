import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareText, fold } from '../../src/scim/text.ts';

/** Letters with special lower-case forms, and marks that compose with them. */
const spiced = fc
  .array(
    fc.constantFrom('J', 'ẖ', 'H', 'I', 'İ', 'Σ', 'ς', 'a', 'é', '\u0301', '\u030c', '\u0331', ' '),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''));
const anyText = fc.oneof(spiced, fc.string({ unit: 'binary' }));

describe('fold', () => {
  it.each([
    ['Ann@EXAMPLE.com', 'ann@example.com', 'letters'],
    ['E\u0301va', '\u00e9va', 'composed and decomposed accents'],
    ['J\u030c', '\u01f0', 'letters that are composed in lower case only'],
    ['ΝΙΚΟΣ', 'νικοσ', 'a sigma at the end of a word'],
    ['νικος', 'νικοσ', 'a final sigma'],
    ['\u212a', 'k', 'the Kelvin sign'],
  ])('makes %s and %s the same: %s', (left, right) => {
    expect(fold(left)).toBe(fold(right));
  });

  it('preserves prefixes', () => {
    expect(fold('ΝΙΚΟΣΑΣ').startsWith(fold('ΝΙΚΟΣ'))).toBe(true);
  });

  it('is idempotent, and the same for canonically equivalent text', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(fold(fold(text))).toBe(fold(text));
        expect(fold(text.normalize('NFD'))).toBe(fold(text));
      }),
    );
  });
});

describe('compareText', () => {
  it('orders text by its UTF-8 bytes, including surrogate pairs', () => {
    const unit = fc.constantFrom('a', 'b', 'é', '\ud7ff', '\ue000', '\uffee', '💼', '\u{10ffff}');
    const near = fc.array(unit, { maxLength: 4 }).map((parts) => parts.join(''));
    const text = fc.oneof(near, fc.string({ unit: 'binary' }));
    fc.assert(
      fc.property(text, text, (left, right) => {
        const expected = Buffer.compare(Buffer.from(left), Buffer.from(right));
        expect(Math.sign(compareText(left, right))).toBe(expected);
      }),
    );
  });
});
