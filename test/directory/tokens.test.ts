import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  authenticate,
  generateToken,
  hashToken,
  isWellFormedToken,
  keyIdOf,
} from '../../src/directory/tokens.ts';
import { type SqliteDirectory, useSqlite } from '../support/directory/sqlite.ts';
import { at, integration, token } from './contract/fixture.ts';

describe('a token', () => {
  it('is exactly 200 characters: scim_, a key id, _ and 184 base62 characters', () => {
    const generated = generateToken();
    expect(generated).toHaveLength(200);
    expect(generated).toMatch(/^scim_[0-9A-Za-z]{10}_[0-9A-Za-z]{184}$/);
    expect(isWellFormedToken(generated)).toBe(true);
    expect(keyIdOf(generated)).toBe(generated.slice(5, 15));
    expect(generateToken()).not.toBe(generated);
  });

  it('has no bias: bytes beyond the last multiple of 62 are drawn again', () => {
    const drawn: number[] = [];
    const source = (size: number): Buffer => {
      const bytes = Buffer.alloc(size, 255);
      bytes[0] = drawn.length % 248;
      drawn.push(bytes[0]);
      return bytes;
    };
    const generated = generateToken(source);
    expect(generated).toHaveLength(200);
    const expected = drawn.map(
      (byte) => '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'[byte % 62],
    );
    expect(generated.replace('scim_', '').replace('_', '')).toBe(expected.join(''));
  });

  it('uses every character about equally often', () => {
    const counts = new Map<string, number>();
    for (let n = 0; n < 200; n++) {
      for (const each of generateToken(randomBytes).slice(16)) {
        counts.set(each, (counts.get(each) ?? 0) + 1);
      }
    }
    // 36,800 characters: 594 of each, give or take eight standard deviations.
    expect(counts.size).toBe(62);
    for (const count of counts.values()) {
      expect(count).toBeGreaterThan(400);
      expect(count).toBeLessThan(790);
    }
  });

  it('is well formed in no other form', () => {
    const generated = generateToken();
    for (const other of [
      '',
      generated.slice(1),
      `${generated}a`,
      `${generated}\n`,
      generated.replace('scim_', 'SCIM_'),
      `${generated.slice(0, 199)}-`,
    ]) {
      expect(isWellFormedToken(other)).toBe(false);
    }
  });

  it('is known by the SHA-256 of all of its characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(hashToken(text)).toBe(createHash('sha256').update(text, 'utf8').digest('hex'));
      }),
    );
  });
});

describe('authentication', () => {
  let directory: SqliteDirectory;
  const generated = generateToken();

  beforeEach(async () => {
    directory = await useSqlite();
    await directory.store.integrations.put(integration());
    await directory.store.tokens.add(
      token({ hash: hashToken(generated), keyId: keyIdOf(generated) }),
    );
  });
  afterEach(() => directory.close());

  it('opens the integration with its own token only', async () => {
    const { store } = directory;
    const open = (text: string) => authenticate(store, 'acme', 'okta', text, at(1));
    expect(await open(generated)).toEqual({
      integration: integration(),
      keyId: keyIdOf(generated),
    });
    for (const wrong of [
      '',
      hashToken(generated),
      `${generated} `,
      generateToken(),
      'x'.repeat(100_000),
    ]) {
      expect(await open(wrong)).toBeUndefined();
    }
  });
});
