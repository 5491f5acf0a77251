import { describe, expect, it } from 'vitest';
import { SCIM_INTEGRATIONS } from '../../../src/crd/names.ts';
import type { TokenRecord } from '../../../src/directory/store/tokens.ts';
import { hashToken } from '../../../src/directory/tokens.ts';
import { TEST_MANAGER } from '../../support/kube/cluster.ts';
import { Lifetime } from '../../support/operator/crashing.ts';
import { useOperator } from '../../support/operator/fixture.ts';
import { HOUR, SECOND, TestTokens } from '../../support/operator/test-tokens.ts';

const fixture = useOperator();

type Spec = Parameters<typeof TestTokens.create>[1];
const rotating = (overlap: string, interval?: string): Spec => ({
  token: { rotation: { overlap, ...(interval === undefined ? {} : { interval }) } },
});

async function ready(spec: Spec = {}): Promise<{ tokens: TestTokens; first: string }> {
  const tokens = await TestTokens.create(fixture, spec);
  await tokens.reconcile();
  return { tokens, first: await tokens.token() };
}

async function rotate(tokens: TestTokens, value: string): Promise<string> {
  await tokens.annotate('rotate', value);
  await tokens.reconcile();
  return tokens.token();
}

const time = (milliseconds: number) => new Date(milliseconds).toISOString().replace('.000Z', 'Z');

describe('the rotate annotation', () => {
  it('replaces the token, and the previous one works until the overlap ends and is then removed', async () => {
    const { tokens, first } = await ready(rotating('2h'));
    expect((await tokens.status()).lastHandledRotate).toBe('');
    tokens.now += HOUR;
    const second = await rotate(tokens, 'one');
    expect(second).not.toBe(first);
    expect(second).toMatch(/^scim_[0-9A-Za-z]{10}_[0-9A-Za-z]{184}$/);
    const end = tokens.now + 2 * HOUR;
    expect(await tokens.status()).toMatchObject({
      lastHandledRotate: 'one',
      tokenKeyId: second.slice(5, 15),
      tokenIssuedAt: time(tokens.now),
      previousTokenExpiresAt: time(end),
    });
    expect(await tokens.tokenReady()).toBe('True Rotating');
    expect(await tokens.events('TokenRotated')).toEqual([
      expect.stringContaining(
        `the token ${first.slice(5, 15)} works until ${time(end).slice(0, 19)}`,
      ),
    ]);

    tokens.now = end - 1;
    expect(await tokens.writes()).toEqual([]);
    expect([await tokens.accepts(first), await tokens.accepts(second)]).toEqual([true, true]);
    tokens.now = end;
    expect([await tokens.accepts(first), await tokens.accepts(second)]).toEqual([false, true]);
    await tokens.reconcile();
    expect(await tokens.hashes()).toBe(1);
    expect(await tokens.status()).not.toHaveProperty('previousTokenExpiresAt');
    expect(await tokens.tokenReady()).toBe('True TokenIssued');
    expect(await tokens.token()).toBe(second);
    expect(await tokens.writes()).toEqual([]);
  });

  it('replaces the token once for each value, whatever else happens', async () => {
    const { tokens } = await ready();
    const second = await rotate(tokens, 'one');
    expect(await rotate(tokens, 'one')).toBe(second);
    await tokens.integration.patch({ spec: { description: 'another generation' } });
    await tokens.annotate('rotate', null);
    await tokens.reconcile();
    expect(await rotate(tokens, 'one')).toBe(second);
    expect(await rotate(tokens, 'two')).not.toBe(second);
    expect((await tokens.status()).lastHandledRotate).toBe('two');
    expect(await tokens.events('TokenRotated')).toHaveLength(2);
  });

  it('is recorded without a rotation at the beginning and after the status was lost', async () => {
    const tokens = await TestTokens.create(fixture);
    await tokens.annotate('rotate', 'from the start');
    await tokens.reconcile();
    const first = await tokens.token();
    expect(await tokens.events('TokenRotated')).toEqual([]);
    expect((await tokens.status()).lastHandledRotate).toBe('from the start');
    await fixture.admin.mergePatch(
      SCIM_INTEGRATIONS,
      tokens.integration.key,
      { status: null },
      { fieldManager: TEST_MANAGER, subresource: 'status' },
    );
    expect(await rotate(tokens, 'restored')).toBe(first);
    expect((await tokens.status()).lastHandledRotate).toBe('restored');
    expect(await rotate(tokens, 'asked')).not.toBe(first);
  });

  it('of 2,000 characters also replaces the token once', async () => {
    const { tokens, first } = await ready();
    const second = await rotate(tokens, 'x'.repeat(2_000));
    expect(second).not.toBe(first);
    await tokens.reconcile();
    expect(await tokens.token()).toBe(second);
  });

  it('has no effect until reconciling is resumed', async () => {
    const { tokens, first } = await ready();
    await tokens.annotate('reconcile', 'disabled');
    expect(await rotate(tokens, 'one')).toBe(first);
    await tokens.annotate('reconcile', null);
    await tokens.reconcile();
    expect(await tokens.token()).not.toBe(first);
  });

  it('changed twice within an overlap ends the oldest token with an event, so that two work', async () => {
    const { tokens, first } = await ready();
    const second = await rotate(tokens, 'one');
    const third = await rotate(tokens, 'two');
    expect(await Promise.all([first, second, third].map((token) => tokens.accepts(token)))).toEqual(
      [false, true, true],
    );
    expect(await tokens.events('TokenRevoked')).toEqual([
      expect.stringContaining(`The token ${first.slice(5, 15)} ended before its overlap did`),
    ]);
  });

  it('ends the previous token at once if there is no overlap', async () => {
    const { tokens, first } = await ready(rotating('0s'));
    const second = await rotate(tokens, 'one');
    expect([await tokens.accepts(first), await tokens.accepts(second)]).toEqual([false, true]);
    expect(await tokens.hashes()).toBe(1);
    expect(await tokens.status()).not.toHaveProperty('previousTokenExpiresAt');
    expect(await tokens.events('TokenRotated')).toEqual([expect.stringContaining('ended')]);
  });

  it('replaces the token when its Secret gets another name at the same time', async () => {
    const { tokens, first } = await ready();
    await tokens.integration.patch({ spec: { token: { secretName: 'moved' } } });
    await tokens.annotate('rotate', 'one');
    await tokens.reconcile();
    const second = await tokens.token('moved');
    expect(second).not.toBe(first);
    expect([await tokens.accepts(first), await tokens.accepts(second)]).toEqual([true, true]);
    await expect(tokens.token()).rejects.toThrow(/404/);
  });
});

describe('the overlap', () => {
  it('ends at once when it is shortened, and never later than announced', async () => {
    const { tokens, first } = await ready(rotating('2h'));
    await rotate(tokens, 'one');
    const end = (await tokens.status()).previousTokenExpiresAt;
    await tokens.integration.patch({ spec: rotating('9h') });
    await tokens.reconcile();
    expect((await tokens.status()).previousTokenExpiresAt).toBe(end);
    await tokens.integration.patch({ spec: rotating('0s') });
    await tokens.reconcile();
    expect(await tokens.accepts(first)).toBe(false);
    const status = await tokens.status();
    expect(status).not.toHaveProperty('previousTokenExpiresAt');
    expect(status.conditions?.map(({ message }) => message).join()).not.toContain('works until');
    const ended = `The token ${first.slice(5, 15)} ended before its overlap did, because spec.token`;
    expect(await tokens.events('TokenRevoked')).toEqual([expect.stringContaining(ended)]);
  });

  it('ends when the Secret is deleted', async () => {
    const { tokens, first } = await ready();
    const second = await rotate(tokens, 'one');
    await tokens.deleteSecret('idp-scim-token');
    await tokens.reconcile();
    const third = await tokens.token();
    expect(await Promise.all([first, second, third].map((token) => tokens.accepts(token)))).toEqual(
      [false, false, true],
    );
    expect(await tokens.status()).not.toHaveProperty('previousTokenExpiresAt');
  });

  it('ends when the previous token is written back into the Secret', async () => {
    const { tokens, first } = await ready();
    const second = await rotate(tokens, 'one');
    const data = { token: Buffer.from(first).toString('base64') };
    await tokens.patchSecret('idp-scim-token', { data });
    await tokens.reconcile();
    expect([await tokens.accepts(first), await tokens.accepts(second)]).toEqual([true, false]);
    tokens.now += 100 * HOUR;
    expect(await tokens.accepts(first)).toBe(true);
  });
});

describe('the interval', () => {
  it('replaces the token each time it is over, and the next reconcile is due exactly then', async () => {
    const { tokens, first } = await ready(rotating('5s', '20s'));
    const begin = tokens.now;
    expect(await tokens.reconcile()).toBe(20 * SECOND);
    tokens.now = begin + 20 * SECOND - 1;
    expect(await tokens.reconcile()).toBe(1);
    expect(await tokens.token()).toBe(first);

    tokens.now = begin + 21 * SECOND;
    // The rotation itself, and a process that starts later.
    expect(await tokens.reconcile()).toBe(5 * SECOND);
    const second = await tokens.token();
    expect(second).not.toBe(first);
    expect(await tokens.accepts(first)).toBe(true);
    tokens.now += 3 * SECOND;
    expect(await tokens.reconcile()).toBe(2 * SECOND);
    tokens.now += 2 * SECOND;
    expect(await tokens.reconcile()).toBe(15 * SECOND);
    expect(await tokens.accepts(first)).toBe(false);
    expect(await tokens.token()).toBe(second);

    tokens.now += 15 * SECOND;
    await tokens.reconcile();
    expect(await tokens.token()).not.toBe(second);
    expect(await tokens.accepts(second)).toBe(true);
  });

  it('replaces the token once after a long time without an operator', async () => {
    const { tokens, first } = await ready(rotating('24h', '720h'));
    tokens.now += 10_000 * HOUR;
    await tokens.reconcile();
    expect(await tokens.token()).not.toBe(first);
    expect(await tokens.events('TokenRotated')).toHaveLength(1);
  });

  it('keeps the token of a disabled integration, and counts again once it is enabled', async () => {
    const { tokens, first } = await ready({ enabled: false, ...rotating('1h', '48h') });
    tokens.now += 100 * HOUR;
    await tokens.reconcile();
    expect(await tokens.token()).toBe(first);
    await tokens.integration.patch({ spec: { enabled: true } });
    await tokens.reconcile();
    expect(await tokens.token()).not.toBe(first);
    expect(await tokens.accepts(first)).toBe(true);
  });
});

describe('a rotation during which somebody', () => {
  const rotated = async (tokens: TestTokens, interference: () => Promise<unknown>) => {
    const life = new Lifetime(Number.POSITIVE_INFINITY, { 'patch Secret': interference });
    await tokens.reconcile(life);
    expect(life.pending).toEqual([]);
    return tokens.token();
  };

  it('deletes the Secret ends the token and generates a new one', async () => {
    const { tokens, first } = await ready();
    await tokens.annotate('rotate', 'one');
    const second = await rotated(tokens, () => tokens.deleteSecret('idp-scim-token'));
    expect([await tokens.accepts(first), await tokens.accepts(second)]).toEqual([false, true]);
    expect(await tokens.hashes()).toBe(1);
  });

  it('writes a token keeps theirs until the rotation is repeated, and three never work', async () => {
    const { tokens, first } = await ready();
    const mine = `scim_mine000000_${'a'.repeat(184)}`;
    await tokens.annotate('rotate', 'one');
    const second = await rotated(tokens, () =>
      tokens.patchSecret('idp-scim-token', {
        data: { token: Buffer.from(mine).toString('base64') },
      }),
    );
    expect(second).not.toBe(mine);
    expect(await Promise.all([first, mine, second].map((token) => tokens.accepts(token)))).toEqual([
      false,
      true,
      true,
    ]);
  });

  it('changes the annotation ends with the token for the newer value', async () => {
    const { tokens, first } = await ready();
    await tokens.annotate('rotate', 'one');
    const life = new Lifetime(Number.POSITIVE_INFINITY, {
      'add token': () => tokens.annotate('rotate', 'two'),
    });
    await tokens.reconcile(life);
    const last = await tokens.token();
    expect((await tokens.status()).lastHandledRotate).toBe('two');
    expect(await tokens.accepts(last)).toBe(true);
    expect(await tokens.hashes()).toBe(2);
    expect(last).not.toBe(first);
  });

  it('removes the annotation after it was seen keeps the token', async () => {
    const { tokens, first } = await ready();
    // This is written before the token is reconciled.
    await tokens.integration.patch({ spec: { deletionPolicy: 'Delete' } });
    await tokens.annotate('rotate', 'one');
    const life = new Lifetime(Number.POSITIVE_INFINITY, {
      'put integration': () => tokens.annotate('rotate', null),
    });
    await tokens.reconcile(life);
    expect(life.pending).toEqual([]);
    expect(await tokens.token()).toBe(first);
    expect(await tokens.hashes()).toBe(1);
  });

  it.each(['add token', 'patch Secret', 'keep token', 'patch ScimIntegration status'])(
    'else rotates just before the write "%s" happens once',
    async (write) => {
      const { tokens, first } = await ready();
      await tokens.annotate('rotate', 'one');
      const life = new Lifetime(Number.POSITIVE_INFINITY, { [write]: () => tokens.reconcile() });
      await tokens.reconcile(life);
      expect(life.pending).toEqual([]);
      const second = await tokens.token();
      expect(second).not.toBe(first);
      expect([await tokens.accepts(first), await tokens.accepts(second)]).toEqual([true, true]);
      expect(await tokens.hashes()).toBe(2);
      expect(await tokens.status()).toMatchObject({
        lastHandledRotate: 'one',
        tokenKeyId: second.slice(5, 15),
      });
    },
  );
});

describe('a directory that was restored from yesterday', () => {
  /** Restores what the directory contained and removes what was added since. */
  const restore = async (tokens: TestTokens, records: readonly TokenRecord[]) => {
    await fixture.store.tokens.revokeAll(await tokens.id());
    for (const record of records) await fixture.store.tokens.add(record);
  };
  const backup = async (tokens: TestTokens) => fixture.store.tokens.list(await tokens.id());

  it('does not revive a token that was revoked since, and the one in the Secret works', async () => {
    const { tokens, first } = await ready();
    const second = await rotate(tokens, 'one');
    const yesterday = await backup(tokens);
    await tokens.deleteSecret('idp-scim-token');
    await tokens.reconcile();
    const third = await tokens.token();
    await restore(tokens, yesterday);
    await tokens.reconcile();
    expect(await Promise.all([first, second, third].map((token) => tokens.accepts(token)))).toEqual(
      [false, false, true],
    );
    expect(await tokens.token()).toBe(third);
  });

  it('does not repeat a rotation that happened since', async () => {
    const { tokens } = await ready(rotating('1h', '48h'));
    const yesterday = await backup(tokens);
    tokens.now += 48 * HOUR;
    await tokens.reconcile();
    const second = await tokens.token();
    const { tokenIssuedAt } = await tokens.status();
    await restore(tokens, yesterday);
    tokens.now += HOUR;
    await tokens.reconcile();
    expect(await tokens.token()).toBe(second);
    expect(await tokens.accepts(second)).toBe(true);
    expect((await tokens.status()).tokenIssuedAt).toBe(tokenIssuedAt);
  });
});

describe('no rotation', () => {
  it('leaves a token in events, status or directory', async () => {
    const { tokens, first } = await ready();
    const second = await rotate(tokens, 'one');
    const shown = JSON.stringify([
      await fixture.store.tokens.list(await tokens.id()),
      await tokens.integration.get(),
      await tokens.events('TokenRotated'),
      await tokens.events('TokenGenerated'),
    ]);
    for (const token of [first, second]) {
      expect(shown).toContain(hashToken(token));
      expect(shown).not.toContain(token.slice(16));
    }
  });
});
