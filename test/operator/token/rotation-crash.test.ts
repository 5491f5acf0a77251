import { describe, expect, it } from 'vitest';
import { hashToken } from '../../../src/directory/tokens.ts';
import { eachLife, type Lifetime } from '../../support/operator/crashing.ts';
import { useOperator } from '../../support/operator/fixture.ts';
import { HOUR, TokenProbe } from '../../support/operator/token-probe.ts';

const fixture = useOperator();

const GENERATED = 'idp-scim-token';
const SPEC = { token: { rotation: { interval: '48h', overlap: '2h' } } };

async function ready(): Promise<TokenProbe> {
  const probe = await TokenProbe.create(fixture, SPEC);
  await probe.reconcile();
  return probe;
}

/** After the process died, the token in the Secret and the previous one both work. */
async function crash(probe: TokenProbe, life: Lifetime): Promise<void> {
  const token = await probe.token();
  await probe.reconcile(life);
  expect(await probe.accepts(token)).toBe(true);
  expect(await probe.accepts(await probe.token())).toBe(true);
  expect(await probe.hashes()).toBeLessThanOrEqual(2);
}

/** There is one new token, and the previous one works until the end of the overlap. */
async function expectRotatedOnce(probe: TokenProbe, former: string): Promise<void> {
  const current = await probe.token();
  expect(current).not.toBe(former);
  expect(await probe.status()).toMatchObject({ tokenKeyId: current.slice(5, 15) });
  expect(await probe.tokenReady()).toBe('True Rotating');
  const tokens = await fixture.store.tokens.list(await probe.id());
  const found = tokens.map(({ hash, expiresAt, pending }) => ({ hash, expiresAt, pending }));
  const wanted = [
    { hash: hashToken(current), expiresAt: undefined, pending: false },
    { hash: hashToken(former), expiresAt: probe.now + 2 * HOUR, pending: false },
  ];
  expect(found).toHaveLength(2);
  expect(found).toEqual(expect.arrayContaining(wanted));
  expect(await probe.writes()).toEqual([]);
  expect(await probe.token()).toBe(current);
}

describe('an operator killed after any of its writes, then started again', () => {
  it.each<[string, (probe: TokenProbe) => Promise<void>]>([
    ['on request', (probe) => probe.annotate('rotate', 'now')],
    [
      'after the interval',
      async (probe) => {
        probe.now += 48 * HOUR;
      },
    ],
    [
      'for both reasons',
      async (probe) => {
        probe.now += 48 * HOUR;
        await probe.annotate('rotate', 'now');
      },
    ],
    [
      'during an overlap',
      async (probe) => {
        await probe.annotate('rotate', 'before');
        await probe.reconcile();
        await probe.annotate('rotate', 'now');
      },
    ],
  ])('rotates once %s, and never has three tokens', async (_, happens) => {
    const crashes = await eachLife(async (life) => {
      const probe = await ready();
      await happens(probe);
      const former = await probe.token();
      await crash(probe, life);
      await probe.reconcile();
      await expectRotatedOnce(probe, former);
    });
    expect(crashes).toBeGreaterThanOrEqual(4);
  });

  it('completes a rotation long after it was killed', async () => {
    await eachLife(async (life) => {
      const probe = await ready();
      const first = await probe.token();
      await probe.annotate('rotate', 'now');
      await crash(probe, life);
      const left = await probe.token();
      probe.now += 3 * HOUR;
      await probe.reconcile();
      const last = await probe.token();
      expect(await probe.accepts(last)).toBe(true);
      expect((await probe.status()).lastHandledRotate).toBe('now');
      // The overlap begins when the new token is written.
      expect(await probe.accepts(first)).toBe(left === first);
      expect(await probe.writes()).toEqual([]);
    });
  });

  it('generates one new token when the Secret was deleted in the meantime', async () => {
    await eachLife(async (life) => {
      const probe = await ready();
      const first = await probe.token();
      await probe.annotate('rotate', 'now');
      await crash(probe, life);
      const second = await probe.token();
      await probe.deleteSecret(GENERATED);
      await probe.reconcile();
      const last = await probe.token();
      const working = await Promise.all([first, second, last].map((token) => probe.accepts(token)));
      expect(working).toEqual([false, false, true]);
      expect(await probe.hashes()).toBe(1);
      expect((await probe.status()).lastHandledRotate).toBe('now');
      expect(await probe.writes()).toEqual([]);
    });
  });

  it('removes the token whose overlap is over', async () => {
    await eachLife(async (life) => {
      const probe = await ready();
      const first = await probe.token();
      await probe.annotate('rotate', 'now');
      await probe.reconcile();
      probe.now += 2 * HOUR;
      await crash(probe, life);
      await probe.reconcile();
      expect(await probe.accepts(first)).toBe(false);
      expect(await probe.hashes()).toBe(1);
      expect(await probe.status()).not.toHaveProperty('previousTokenExpiresAt');
      expect(await probe.writes()).toEqual([]);
    });
  });
});
