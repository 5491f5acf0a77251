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
import { HOUR, TestTokens } from '../../support/operator/test-tokens.ts';

const fixture = useOperator();

const GENERATED = 'idp-scim-token';

interface Overlap {
  readonly tokens: TestTokens;
  readonly first: string;
  readonly second: string;
}

/** An integration with two valid tokens. */
async function inOverlap(): Promise<Overlap> {
  const tokens = await TestTokens.create(fixture, { token: { rotation: { overlap: '2h' } } });
  await tokens.reconcile();
  const first = await tokens.token();
  await tokens.annotate('rotate', 'one');
  await tokens.reconcile();
  return { tokens, first, second: await tokens.token() };
}

/** Everything is as it was before the second rotation was requested. */
async function expectBothWork({ tokens, first, second }: Overlap, end: number): Promise<void> {
  expect(await tokens.token()).toBe(second);
  expect([await tokens.accepts(first), await tokens.accepts(second)]).toEqual([true, true]);
  expect(await tokens.hashes()).toBe(2);
  expect(await tokens.status()).toMatchObject({
    tokenKeyId: second.slice(5, 15),
    previousTokenExpiresAt: new Date(end).toISOString().replace('.000Z', 'Z'),
    lastHandledRotate: 'one',
  });
  expect(await tokens.tokenReady()).toBe('True Rotating');
  expect(await tokens.events('TokenRevoked')).toEqual([]);
}

async function expectRotated({ tokens, first, second }: Overlap): Promise<void> {
  const third = await tokens.token();
  expect(third).not.toBe(second);
  expect(await Promise.all([first, second, third].map((each) => tokens.accepts(each)))).toEqual([
    false,
    true,
    true,
  ]);
  expect((await tokens.status()).lastHandledRotate).toBe('two');
  expect(await tokens.events('TokenRevoked')).toEqual([
    expect.stringContaining(`${first.slice(5, 15)} ended before its overlap did`),
  ]);
}

describe('a rotation within an overlap', () => {
  it('that an admission policy refuses is reported and leaves both tokens, and the first one still ends on time', async () => {
    const overlap = await inOverlap();
    const { tokens, first, second } = overlap;
    const end = tokens.now + 2 * HOUR;
    const rule = await denyWrites(fixture.admin, tokens.namespace, SECRETS, ['UPDATE']);
    await eventually(() =>
      expect(tokens.patchSecret(GENERATED, { metadata: { labels: { x: 'y' } } })).rejects.toThrow(
        'refused by',
      ),
    );
    await tokens.annotate('rotate', 'two');
    expect(await tokens.reconcile()).toBe(30_000);
    await expectBothWork(overlap, end);
    const ready = await tokens.integration.condition('Ready');
    expect(ready).toMatchObject({ status: 'False', reason: 'ReconciliationFailed' });
    expect(ready?.message).toContain(rule.name);

    // The next reconcile comes at the end of the overlap if that is sooner.
    tokens.now = end - 10_000;
    expect(await tokens.reconcile()).toBe(10_000);
    tokens.now = end;
    await tokens.reconcile();
    expect([await tokens.accepts(first), await tokens.accepts(second)]).toEqual([false, true]);
    expect(await tokens.status()).not.toHaveProperty('previousTokenExpiresAt');
    expect(await tokens.tokenReady()).toBe('True TokenIssued');

    await rule.remove();
    await eventually(async () => {
      await tokens.reconcile();
      expect(await tokens.token()).not.toBe(second);
    });
    expect((await tokens.status()).lastHandledRotate).toBe('two');
    expect(await tokens.accepts(second)).toBe(true);
  });

  it.each<[string, ApiError]>([
    ['a missing permission', new ApiError(403, 'no', { reason: 'Forbidden' })],
    ['an admission webhook', new ApiError(500, 'no', { refusedBy: 'admission webhook w' })],
    ['a concurrent change', new ApiError(409, 'no', { reason: 'Conflict' })],
  ])(
    'that %s prevents at the last moment restores the token that had ended for it',
    async (_, refusal) => {
      const overlap = await inOverlap();
      const { tokens } = overlap;
      await tokens.annotate('rotate', 'two');
      // The refusal comes between the rehearsal and the write, and the process ends after that.
      const life = new Lifetime(5, { 'patch Secret': () => Promise.reject(refusal) });
      await tokens.reconcile(life);
      expect(life.writes.slice(2)).toEqual(['patch Secret', 'add token', 'keep token']);
      await expectBothWork(overlap, tokens.now + 2 * HOUR);
      await tokens.reconcile();
      await expectRotated(overlap);
    },
  );
});

describe('an immutable Secret', () => {
  const WORDS = 'data: Forbidden: field is immutable when `immutable` is set';

  async function expectConflict(tokens: TestTokens): Promise<void> {
    const condition = await tokens.integration.condition('TokenReady');
    expect(condition).toMatchObject({ status: 'False', reason: 'SecretConflict' });
    expect(condition?.message).toContain('set spec.token.secretName to another name');
    expect(condition?.message).toContain(WORDS);
    expect(await tokens.integration.condition('Ready')).toMatchObject({ reason: 'SecretConflict' });
    const shown = JSON.stringify(await tokens.integration.get());
    expect(shown).not.toContain((await tokens.token()).slice(16));
  }

  it('keeps working, reports that it cannot be rotated, and is rotated once the token has moved', async () => {
    const overlap = await inOverlap();
    const { tokens, second } = overlap;
    await tokens.patchSecret(GENERATED, { immutable: true });
    expect(await tokens.writes()).toEqual([]);
    expect(await tokens.tokenReady()).toBe('True Rotating');

    await tokens.annotate('rotate', 'two');
    await tokens.reconcile();
    await expectConflict(tokens);
    expect([await tokens.accepts(overlap.first), await tokens.accepts(second)]).toEqual([
      true,
      true,
    ]);
    expect(await tokens.status()).toMatchObject({
      tokenKeyId: second.slice(5, 15),
      previousTokenExpiresAt: expect.any(String),
      lastHandledRotate: 'one',
    });
    expect(await tokens.writes()).toEqual([]);

    await tokens.integration.patch({ spec: { token: { secretName: 'moved' } } });
    await tokens.reconcile();
    await expect(tokens.token()).rejects.toThrow(/404/);
    const third = await tokens.token('moved');
    expect(third).not.toBe(second);
    expect([await tokens.accepts(second), await tokens.accepts(third)]).toEqual([true, true]);
    expect((await tokens.status()).lastHandledRotate).toBe('two');
    expect(await tokens.tokenReady()).toBe('True Rotating');
  });

  it('that is incomplete keeps its token', async () => {
    const { tokens, second } = await inOverlap();
    await tokens.patchSecret(GENERATED, { data: { endpoint: null }, immutable: true });
    // Each reconcile tries again.
    await tokens.reconcile(new Lifetime(2));
    await expectConflict(tokens);
    expect(await tokens.accepts(second)).toBe(true);
  });

  it('without a token gets none until it is deleted', async () => {
    const { tokens, second } = await inOverlap();
    await tokens.patchSecret(GENERATED, { data: { token: 'bm9uZQ==' }, immutable: true });
    await tokens.reconcile();
    const condition = await tokens.integration.condition('TokenReady');
    expect(condition).toMatchObject({ status: 'False', reason: 'SecretConflict' });
    expect(condition?.message).toContain(WORDS);
    expect(await tokens.accepts(second)).toBe(false);
    expect(await tokens.hashes()).toBe(0);
    await tokens.deleteSecret(GENERATED);
    await tokens.reconcile();
    expect(await tokens.accepts(await tokens.token())).toBe(true);
    expect(await tokens.tokenReady()).toBe('True TokenIssued');
  });
});
