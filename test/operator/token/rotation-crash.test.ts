import { describe, expect, it } from 'vitest';
import { hashToken } from '../../../src/directory/tokens.ts';
import { eachLife, type Lifetime } from '../../support/operator/crashing.ts';
import { useOperator } from '../../support/operator/fixture.ts';
import { HOUR, TestTokens } from '../../support/operator/test-tokens.ts';

const fixture = useOperator();

const GENERATED = 'idp-scim-token';
const SPEC = { token: { rotation: { interval: '48h', overlap: '2h' } } };

async function ready(): Promise<TestTokens> {
  const tokens = await TestTokens.create(fixture, SPEC);
  await tokens.reconcile();
  return tokens;
}

/** After the process died, the token in the Secret and the previous one both work. */
async function crash(tokens: TestTokens, life: Lifetime): Promise<void> {
  const token = await tokens.token();
  await tokens.reconcile(life);
  expect(await tokens.accepts(token)).toBe(true);
  expect(await tokens.accepts(await tokens.token())).toBe(true);
  expect(await tokens.hashes()).toBeLessThanOrEqual(2);
}

/** There is one new token, and the previous one works until the end of the overlap. */
async function expectRotatedOnce(tokens: TestTokens, former: string): Promise<void> {
  const current = await tokens.token();
  expect(current).not.toBe(former);
  expect(await tokens.status()).toMatchObject({ tokenKeyId: current.slice(5, 15) });
  expect(await tokens.tokenReady()).toBe('True Rotating');
  const records = await fixture.store.tokens.list(await tokens.id());
  const found = records.map(({ hash, expiresAt, pending }) => ({ hash, expiresAt, pending }));
  const wanted = [
    { hash: hashToken(current), expiresAt: undefined, pending: false },
    { hash: hashToken(former), expiresAt: tokens.now + 2 * HOUR, pending: false },
  ];
  expect(found).toHaveLength(2);
  expect(found).toEqual(expect.arrayContaining(wanted));
  expect(await tokens.writes()).toEqual([]);
  expect(await tokens.token()).toBe(current);
}

describe('an operator killed after any of its writes, then started again', () => {
  it.each<[string, (tokens: TestTokens) => Promise<void>]>([
    ['on request', (tokens) => tokens.annotate('rotate', 'now')],
    [
      'after the interval',
      async (tokens) => {
        tokens.now += 48 * HOUR;
      },
    ],
    [
      'for both reasons',
      async (tokens) => {
        tokens.now += 48 * HOUR;
        await tokens.annotate('rotate', 'now');
      },
    ],
    [
      'during an overlap',
      async (tokens) => {
        await tokens.annotate('rotate', 'before');
        await tokens.reconcile();
        await tokens.annotate('rotate', 'now');
      },
    ],
  ])('rotates once %s, and never has three tokens', async (_, happens) => {
    const crashes = await eachLife(async (life) => {
      const tokens = await ready();
      await happens(tokens);
      const former = await tokens.token();
      await crash(tokens, life);
      await tokens.reconcile();
      await expectRotatedOnce(tokens, former);
    });
    expect(crashes).toBeGreaterThanOrEqual(4);
  });

  it('completes a rotation long after it was killed', async () => {
    await eachLife(async (life) => {
      const tokens = await ready();
      const first = await tokens.token();
      await tokens.annotate('rotate', 'now');
      await crash(tokens, life);
      const left = await tokens.token();
      tokens.now += 3 * HOUR;
      await tokens.reconcile();
      const last = await tokens.token();
      expect(await tokens.accepts(last)).toBe(true);
      expect((await tokens.status()).lastHandledRotate).toBe('now');
      // The overlap begins when the new token is written.
      expect(await tokens.accepts(first)).toBe(left === first);
      expect(await tokens.writes()).toEqual([]);
    });
  });

  it('generates one new token when the Secret was deleted in the meantime', async () => {
    await eachLife(async (life) => {
      const tokens = await ready();
      const first = await tokens.token();
      await tokens.annotate('rotate', 'now');
      await crash(tokens, life);
      const second = await tokens.token();
      await tokens.deleteSecret(GENERATED);
      await tokens.reconcile();
      const last = await tokens.token();
      const working = await Promise.all(
        [first, second, last].map((token) => tokens.accepts(token)),
      );
      expect(working).toEqual([false, false, true]);
      expect(await tokens.hashes()).toBe(1);
      expect((await tokens.status()).lastHandledRotate).toBe('now');
      expect(await tokens.writes()).toEqual([]);
    });
  });

  it('removes the token whose overlap is over', async () => {
    await eachLife(async (life) => {
      const tokens = await ready();
      const first = await tokens.token();
      await tokens.annotate('rotate', 'now');
      await tokens.reconcile();
      tokens.now += 2 * HOUR;
      await crash(tokens, life);
      await tokens.reconcile();
      expect(await tokens.accepts(first)).toBe(false);
      expect(await tokens.hashes()).toBe(1);
      expect(await tokens.status()).not.toHaveProperty('previousTokenExpiresAt');
      expect(await tokens.writes()).toEqual([]);
    });
  });
});
