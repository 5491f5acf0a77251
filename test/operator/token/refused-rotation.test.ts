/**
 * Rotations whose write is refused. Nothing ends before its replacement exists, and the status says
 * what the directory contains.
 */
import { describe, expect, it } from 'vitest';
import { ApiError } from '../../../src/kube/errors.ts';
import { SECRETS } from '../../../src/kube/resource.ts';
import { eventually } from '../../support/eventually.ts';
import { denyWrites } from '../../support/kube/admission.ts';
import { Lifetime } from '../../support/operator/crashing.ts';
import { useOperator } from '../../support/operator/fixture.ts';
import { HOUR, TokenProbe } from '../../support/operator/token-probe.ts';

const fixture = useOperator();

const GENERATED = 'idp-scim-token';

interface Overlap {
  readonly probe: TokenProbe;
  readonly first: string;
  readonly second: string;
}

/** An integration with two valid tokens. */
async function inOverlap(): Promise<Overlap> {
  const probe = await TokenProbe.create(fixture, { token: { rotation: { overlap: '2h' } } });
  await probe.reconcile();
  const first = await probe.token();
  await probe.annotate('rotate', 'one');
  await probe.reconcile();
  return { probe, first, second: await probe.token() };
}

/** Everything is as it was before the second rotation was requested. */
async function expectBothWork({ probe, first, second }: Overlap, end: number): Promise<void> {
  expect(await probe.token()).toBe(second);
  expect([await probe.accepts(first), await probe.accepts(second)]).toEqual([true, true]);
  expect(await probe.hashes()).toBe(2);
  expect(await probe.status()).toMatchObject({
    tokenKeyId: second.slice(5, 15),
    previousTokenExpiresAt: new Date(end).toISOString().replace('.000Z', 'Z'),
    lastHandledRotate: 'one',
  });
  expect(await probe.tokenReady()).toBe('True Rotating');
  expect(await probe.events('TokenRevoked')).toEqual([]);
}

async function expectRotated({ probe, first, second }: Overlap): Promise<void> {
  const third = await probe.token();
  expect(third).not.toBe(second);
  expect(await Promise.all([first, second, third].map((each) => probe.accepts(each)))).toEqual([
    false,
    true,
    true,
  ]);
  expect((await probe.status()).lastHandledRotate).toBe('two');
  expect(await probe.events('TokenRevoked')).toEqual([
    expect.stringContaining(`${first.slice(5, 15)} ended before its overlap did`),
  ]);
}

describe('a rotation within an overlap', () => {
  it('that an admission policy refuses is reported and leaves both tokens, and the first one still ends on time', async () => {
    const overlap = await inOverlap();
    const { probe, first, second } = overlap;
    const end = probe.now + 2 * HOUR;
    const rule = await denyWrites(fixture.admin, probe.namespace, SECRETS, ['UPDATE']);
    await eventually(() =>
      expect(probe.patchSecret(GENERATED, { metadata: { labels: { x: 'y' } } })).rejects.toThrow(
        'refused by',
      ),
    );
    await probe.annotate('rotate', 'two');
    expect(await probe.reconcile()).toBe(30_000);
    await expectBothWork(overlap, end);
    const ready = await probe.integration.condition('Ready');
    expect(ready).toMatchObject({ status: 'False', reason: 'ReconciliationFailed' });
    expect(ready?.message).toContain(rule.name);

    // The next reconcile comes at the end of the overlap if that is sooner.
    probe.now = end - 10_000;
    expect(await probe.reconcile()).toBe(10_000);
    probe.now = end;
    await probe.reconcile();
    expect([await probe.accepts(first), await probe.accepts(second)]).toEqual([false, true]);
    expect(await probe.status()).not.toHaveProperty('previousTokenExpiresAt');
    expect(await probe.tokenReady()).toBe('True TokenIssued');

    await rule.remove();
    await eventually(async () => {
      await probe.reconcile();
      expect(await probe.token()).not.toBe(second);
    });
    expect((await probe.status()).lastHandledRotate).toBe('two');
    expect(await probe.accepts(second)).toBe(true);
  });

  it.each<[string, ApiError]>([
    ['a missing permission', new ApiError(403, 'no', { reason: 'Forbidden' })],
    ['an admission webhook', new ApiError(500, 'no', { refusedBy: 'admission webhook w' })],
    ['a concurrent change', new ApiError(409, 'no', { reason: 'Conflict' })],
  ])(
    'that %s prevents at the last moment restores the token that had ended for it',
    async (_, refusal) => {
      const overlap = await inOverlap();
      const { probe } = overlap;
      await probe.annotate('rotate', 'two');
      // The refusal comes between the rehearsal and the write, and the process ends after that.
      const life = new Lifetime(5, { 'patch Secret': () => Promise.reject(refusal) });
      await probe.reconcile(life);
      expect(life.writes.slice(2)).toEqual(['patch Secret', 'add token', 'keep token']);
      await expectBothWork(overlap, probe.now + 2 * HOUR);
      await probe.reconcile();
      await expectRotated(overlap);
    },
  );
});

describe('an immutable Secret', () => {
  const WORDS = 'data: Forbidden: field is immutable when `immutable` is set';

  async function expectConflict(probe: TokenProbe): Promise<void> {
    const condition = await probe.integration.condition('TokenReady');
    expect(condition).toMatchObject({ status: 'False', reason: 'SecretConflict' });
    expect(condition?.message).toContain('set spec.token.secretName to another name');
    expect(condition?.message).toContain(WORDS);
    expect(await probe.integration.condition('Ready')).toMatchObject({ reason: 'SecretConflict' });
    const shown = JSON.stringify(await probe.integration.get());
    expect(shown).not.toContain((await probe.token()).slice(16));
  }

  it('keeps working, reports that it cannot be rotated, and is rotated once the token has moved', async () => {
    const overlap = await inOverlap();
    const { probe, second } = overlap;
    await probe.patchSecret(GENERATED, { immutable: true });
    expect(await probe.writes()).toEqual([]);
    expect(await probe.tokenReady()).toBe('True Rotating');

    await probe.annotate('rotate', 'two');
    await probe.reconcile();
    await expectConflict(probe);
    expect([await probe.accepts(overlap.first), await probe.accepts(second)]).toEqual([true, true]);
    expect(await probe.status()).toMatchObject({
      tokenKeyId: second.slice(5, 15),
      previousTokenExpiresAt: expect.any(String),
      lastHandledRotate: 'one',
    });
    expect(await probe.writes()).toEqual([]);

    await probe.integration.patch({ spec: { token: { secretName: 'moved' } } });
    await probe.reconcile();
    await expect(probe.token()).rejects.toThrow(/404/);
    const third = await probe.token('moved');
    expect(third).not.toBe(second);
    expect([await probe.accepts(second), await probe.accepts(third)]).toEqual([true, true]);
    expect((await probe.status()).lastHandledRotate).toBe('two');
    expect(await probe.tokenReady()).toBe('True Rotating');
  });

  it('that is incomplete keeps its token', async () => {
    const { probe, second } = await inOverlap();
    await probe.patchSecret(GENERATED, { data: { endpoint: null }, immutable: true });
    // Each reconcile tries again.
    await probe.reconcile(new Lifetime(2));
    await expectConflict(probe);
    expect(await probe.accepts(second)).toBe(true);
  });

  it('without a token gets none until it is deleted', async () => {
    const { probe, second } = await inOverlap();
    await probe.patchSecret(GENERATED, { data: { token: 'bm9uZQ==' }, immutable: true });
    await probe.reconcile();
    const condition = await probe.integration.condition('TokenReady');
    expect(condition).toMatchObject({ status: 'False', reason: 'SecretConflict' });
    expect(condition?.message).toContain(WORDS);
    expect(await probe.accepts(second)).toBe(false);
    expect(await probe.hashes()).toBe(0);
    await probe.deleteSecret(GENERATED);
    await probe.reconcile();
    expect(await probe.accepts(await probe.token())).toBe(true);
    expect(await probe.tokenReady()).toBe('True TokenIssued');
  });
});
