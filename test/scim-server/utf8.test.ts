/** Text that arrives in chunks which end anywhere. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Utf8Text } from '../../src/scim-server/utf8.ts';

describe('text in UTF-8', () => {
  it('is the same wherever its chunks end', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
        (text, lengths) => {
          const bytes = Buffer.from(text);
          expect(read(bytes, lengths)).toBe(bytes.toString().replace(/^\uFEFF/, ''));
        },
      ),
    );
  });

  it('of more bytes than are decoded at once is the same', () => {
    const text = `\uFEFF${'a'.repeat(65_534)}${'€\uFEFF𝄞é'.repeat(20_000)}`;
    expect(read(Buffer.from(text), [1_000_000])).toBe(text.slice(1));
  });

  it.each([
    ['a character without its end', [0x61, 0xe2, 0x82]],
    ['a character without its beginning', [0x61, 0x82, 0xac]],
    ['two beginnings', [0xe2, 0xe2, 0x82, 0xac]],
    ['an unpaired surrogate', [0xed, 0xa0, 0x80]],
    ['a byte that never occurs', [0xff, 0x61]],
  ])('with %s is refused', (_, bytes) => {
    for (const length of [1, 2, 100]) {
      expect(() => read(Buffer.from(bytes), [length])).toThrow('not valid UTF-8');
    }
  });
});

/** Reads chunks of the lengths in turn. */
function read(bytes: Buffer, lengths: readonly number[]): string {
  const text = new Utf8Text();
  const pieces: string[] = [];
  for (let at = 0, n = 0; at < bytes.length; n++) {
    const length = lengths[n % lengths.length] ?? 1;
    pieces.push(...text.write(bytes.subarray(at, at + length)));
    at += length;
  }
  text.end();
  return pieces.join('');
}
