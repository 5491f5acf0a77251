/** What is sealed can only be opened by the same directory, for the same purpose and in its place. */
import { describe, expect, it } from 'vitest';
import { isSame, Seal } from '../../src/sso/seal.ts';

const KEY = 'ab'.repeat(32);

describe('a seal', () => {
  const seal = new Seal(KEY, 'cookie');
  const sealed = seal.close('geheim', 'here');

  it('opens what it closed, also in another process', () => {
    expect(new Seal(KEY, 'cookie').open(sealed, 'here')).toBe('geheim');
    expect(seal.open(seal.close('', ''), '')).toBe('');
  });

  it('does not open it in another place, for another purpose or with another key', () => {
    expect(seal.open(sealed, 'there')).toBeUndefined();
    expect(new Seal(KEY, 'csrf').open(sealed, 'here')).toBeUndefined();
    expect(new Seal('cd'.repeat(32), 'cookie').open(sealed, 'here')).toBeUndefined();
  });

  it.each(['', 'x', sealed.slice(0, -2), `${sealed}AA`, '\u0000', 'A'.repeat(100)])(
    'does not open %.20j',
    (text) => {
      expect(seal.open(text, 'here')).toBeUndefined();
    },
  );

  it('never makes the same text twice', () => {
    expect(seal.close('geheim', 'here')).not.toBe(sealed);
  });
});

describe('isSame', () => {
  it('compares texts of any length', () => {
    expect([isSame('a', 'a'), isSame('a', 'b'), isSame('a', 'aa'), isSame('é', 'e')]).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });
});
