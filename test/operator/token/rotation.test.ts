import { describe, expect, it } from 'vitest';
import { SCIM_INTEGRATIONS } from '../../../src/crd/names.ts';
import type { TokenRecord } from '../../../src/directory/store/tokens.ts';
import { hashToken } from '../../../src/directory/tokens.ts';
import { TEST_MANAGER } from '../../support/kube/cluster.ts';
import { Lifetime } from '../../support/operator/crashing.ts';
import { useOperator } from '../../support/operator/fixture.ts';
import { HOUR, SECOND, TokenProbe } from '../../support/operator/token-probe.ts';

const fixture = useOperator();

type Spec = Parameters<typeof TokenProbe.create>[1];
const rotating = (overlap: string, interval?: string): Spec => ({
  token: { rotation: { overlap, ...(interval === undefined ? {} : { interval }) } },
});

async function ready(spec: Spec = {}): Promise<{ probe: TokenProbe; first: string }> {
  const probe = await TokenProbe.create(fixture, spec);
  await probe.reconcile();
  return { probe, first: await probe.token() };
}

async function rotate(probe: TokenProbe, value: string): Promise<string> {
  await probe.annotate('rotate', value);
  await probe.reconcile();
  return probe.token();
}

const time = (milliseconds: number) => new Date(milliseconds).toISOString().replace('.000Z', 'Z');

describe('the rotate annotation', () => {
  it('replaces the token, and the previous one works until the overlap ends and is then removed', async () => {
    const { probe, first } = await ready(rotating('2h'));
    expect((await probe.status()).lastHandledRotate).toBe('');
    probe.now += HOUR;
    const second = await rotate(probe, 'one');
    expect(second).not.toBe(first);
    expect(second).toMatch(/^scim_[0-9A-Za-z]{10}_[0-9A-Za-z]{184}$/);
    const end = probe.now + 2 * HOUR;
    expect(await probe.status()).toMatchObject({
      lastHandledRotate: 'one',
      tokenKeyId: second.slice(5, 15),
      tokenIssuedAt: time(probe.now),
      previousTokenExpiresAt: time(end),
    });
    expect(await probe.tokenReady()).toBe('True Rotating');
    expect(await probe.events('TokenRotated')).toEqual([
      expect.stringContaining(
        `the token ${first.slice(5, 15)} works until ${time(end).slice(0, 19)}`,
      ),
    ]);

    probe.now = end - 1;
    expect(await probe.writes()).toEqual([]);
    expect([await probe.accepts(first), await probe.accepts(second)]).toEqual([true, true]);
    probe.now = end;
    expect([await probe.accepts(first), await probe.accepts(second)]).toEqual([false, true]);
    await probe.reconcile();
    expect(await probe.hashes()).toBe(1);
    expect(await probe.status()).not.toHaveProperty('previousTokenExpiresAt');
    expect(await probe.tokenReady()).toBe('True TokenIssued');
    expect(await probe.token()).toBe(second);
    expect(await probe.writes()).toEqual([]);
  });

  it('replaces the token once for each value, whatever else happens', async () => {
    const { probe } = await ready();
    const second = await rotate(probe, 'one');
    expect(await rotate(probe, 'one')).toBe(second);
    await probe.integration.patch({ spec: { description: 'another generation' } });
    await probe.annotate('rotate', null);
    await probe.reconcile();
    expect(await rotate(probe, 'one')).toBe(second);
    expect(await rotate(probe, 'two')).not.toBe(second);
    expect((await probe.status()).lastHandledRotate).toBe('two');
    expect(await probe.events('TokenRotated')).toHaveLength(2);
  });

  it('is recorded without a rotation at the beginning and after the status was lost', async () => {
    const probe = await TokenProbe.create(fixture);
    await probe.annotate('rotate', 'from the start');
    await probe.reconcile();
    const first = await probe.token();
    expect(await probe.events('TokenRotated')).toEqual([]);
    expect((await probe.status()).lastHandledRotate).toBe('from the start');
    await fixture.admin.mergePatch(
      SCIM_INTEGRATIONS,
      probe.integration.key,
      { status: null },
      { fieldManager: TEST_MANAGER, subresource: 'status' },
    );
    expect(await rotate(probe, 'restored')).toBe(first);
    expect((await probe.status()).lastHandledRotate).toBe('restored');
    expect(await rotate(probe, 'asked')).not.toBe(first);
  });

  it('of 2,000 characters also replaces the token once', async () => {
    const { probe, first } = await ready();
    const second = await rotate(probe, 'x'.repeat(2_000));
    expect(second).not.toBe(first);
    await probe.reconcile();
    expect(await probe.token()).toBe(second);
  });

  it('has no effect until reconciling is resumed', async () => {
    const { probe, first } = await ready();
    await probe.annotate('reconcile', 'disabled');
    expect(await rotate(probe, 'one')).toBe(first);
    await probe.annotate('reconcile', null);
    await probe.reconcile();
    expect(await probe.token()).not.toBe(first);
  });

  it('changed twice within an overlap ends the oldest token with an event, so that two work', async () => {
    const { probe, first } = await ready();
    const second = await rotate(probe, 'one');
    const third = await rotate(probe, 'two');
    expect(await Promise.all([first, second, third].map((token) => probe.accepts(token)))).toEqual([
      false,
      true,
      true,
    ]);
    expect(await probe.events('TokenRevoked')).toEqual([
      expect.stringContaining(`The token ${first.slice(5, 15)} ended before its overlap did`),
    ]);
  });

  it('ends the previous token at once if there is no overlap', async () => {
    const { probe, first } = await ready(rotating('0s'));
    const second = await rotate(probe, 'one');
    expect([await probe.accepts(first), await probe.accepts(second)]).toEqual([false, true]);
    expect(await probe.hashes()).toBe(1);
    expect(await probe.status()).not.toHaveProperty('previousTokenExpiresAt');
    expect(await probe.events('TokenRotated')).toEqual([expect.stringContaining('ended')]);
  });

  it('replaces the token when its Secret gets another name at the same time', async () => {
    const { probe, first } = await ready();
    await probe.integration.patch({ spec: { token: { secretName: 'moved' } } });
    await probe.annotate('rotate', 'one');
    await probe.reconcile();
    const second = await probe.token('moved');
    expect(second).not.toBe(first);
    expect([await probe.accepts(first), await probe.accepts(second)]).toEqual([true, true]);
    await expect(probe.token()).rejects.toThrow(/404/);
  });
});

describe('the overlap', () => {
  it('ends at once when it is shortened, and never later than announced', async () => {
    const { probe, first } = await ready(rotating('2h'));
    await rotate(probe, 'one');
    const end = (await probe.status()).previousTokenExpiresAt;
    await probe.integration.patch({ spec: rotating('9h') });
    await probe.reconcile();
    expect((await probe.status()).previousTokenExpiresAt).toBe(end);
    await probe.integration.patch({ spec: rotating('0s') });
    await probe.reconcile();
    expect(await probe.accepts(first)).toBe(false);
    expect(await probe.status()).not.toHaveProperty('previousTokenExpiresAt');
  });

  it('ends when the Secret is deleted', async () => {
    const { probe, first } = await ready();
    const second = await rotate(probe, 'one');
    await probe.deleteSecret('idp-scim-token');
    await probe.reconcile();
    const third = await probe.token();
    expect(await Promise.all([first, second, third].map((token) => probe.accepts(token)))).toEqual([
      false,
      false,
      true,
    ]);
    expect(await probe.status()).not.toHaveProperty('previousTokenExpiresAt');
  });

  it('ends when the previous token is written back into the Secret', async () => {
    const { probe, first } = await ready();
    const second = await rotate(probe, 'one');
    const data = { token: Buffer.from(first).toString('base64') };
    await probe.patchSecret('idp-scim-token', { data });
    await probe.reconcile();
    expect([await probe.accepts(first), await probe.accepts(second)]).toEqual([true, false]);
    probe.now += 100 * HOUR;
    expect(await probe.accepts(first)).toBe(true);
  });
});

describe('the interval', () => {
  it('replaces the token each time it is over, and the next reconcile is due exactly then', async () => {
    const { probe, first } = await ready(rotating('5s', '20s'));
    const begin = probe.now;
    expect(await probe.reconcile()).toBe(20 * SECOND);
    probe.now = begin + 20 * SECOND - 1;
    expect(await probe.reconcile()).toBe(1);
    expect(await probe.token()).toBe(first);

    probe.now = begin + 21 * SECOND;
    // The rotation itself, and a process that starts later.
    expect(await probe.reconcile()).toBe(5 * SECOND);
    const second = await probe.token();
    expect(second).not.toBe(first);
    expect(await probe.accepts(first)).toBe(true);
    probe.now += 3 * SECOND;
    expect(await probe.reconcile()).toBe(2 * SECOND);
    probe.now += 2 * SECOND;
    expect(await probe.reconcile()).toBe(15 * SECOND);
    expect(await probe.accepts(first)).toBe(false);
    expect(await probe.token()).toBe(second);

    probe.now += 15 * SECOND;
    await probe.reconcile();
    expect(await probe.token()).not.toBe(second);
    expect(await probe.accepts(second)).toBe(true);
  });

  it('replaces the token once after a long time without an operator', async () => {
    const { probe, first } = await ready(rotating('24h', '720h'));
    probe.now += 10_000 * HOUR;
    await probe.reconcile();
    expect(await probe.token()).not.toBe(first);
    expect(await probe.events('TokenRotated')).toHaveLength(1);
  });

  it('keeps the token of a disabled integration, and counts again once it is enabled', async () => {
    const { probe, first } = await ready({ enabled: false, ...rotating('1h', '48h') });
    probe.now += 100 * HOUR;
    await probe.reconcile();
    expect(await probe.token()).toBe(first);
    await probe.integration.patch({ spec: { enabled: true } });
    await probe.reconcile();
    expect(await probe.token()).not.toBe(first);
    expect(await probe.accepts(first)).toBe(true);
  });
});

describe('a rotation during which somebody', () => {
  const rotated = async (probe: TokenProbe, interference: () => Promise<unknown>) => {
    const life = new Lifetime(Number.POSITIVE_INFINITY, { 'patch Secret': interference });
    await probe.reconcile(life);
    expect(life.pending).toEqual([]);
    return probe.token();
  };

  it('deletes the Secret ends the token and generates a new one', async () => {
    const { probe, first } = await ready();
    await probe.annotate('rotate', 'one');
    const second = await rotated(probe, () => probe.deleteSecret('idp-scim-token'));
    expect([await probe.accepts(first), await probe.accepts(second)]).toEqual([false, true]);
    expect(await probe.hashes()).toBe(1);
  });

  it('writes a token keeps theirs until the rotation is repeated, and three never work', async () => {
    const { probe, first } = await ready();
    const mine = `scim_mine000000_${'a'.repeat(184)}`;
    await probe.annotate('rotate', 'one');
    const second = await rotated(probe, () =>
      probe.patchSecret('idp-scim-token', {
        data: { token: Buffer.from(mine).toString('base64') },
      }),
    );
    expect(second).not.toBe(mine);
    expect(await Promise.all([first, mine, second].map((token) => probe.accepts(token)))).toEqual([
      false,
      true,
      true,
    ]);
  });

  it('changes the annotation ends with the token for the newer value', async () => {
    const { probe, first } = await ready();
    await probe.annotate('rotate', 'one');
    const life = new Lifetime(Number.POSITIVE_INFINITY, {
      'add token': () => probe.annotate('rotate', 'two'),
    });
    await probe.reconcile(life);
    const last = await probe.token();
    expect((await probe.status()).lastHandledRotate).toBe('two');
    expect(await probe.accepts(last)).toBe(true);
    expect(await probe.hashes()).toBe(2);
    expect(last).not.toBe(first);
  });

  it('removes the annotation after it was seen keeps the token', async () => {
    const { probe, first } = await ready();
    // This is written before the token is reconciled.
    await probe.integration.patch({ spec: { deletionPolicy: 'Delete' } });
    await probe.annotate('rotate', 'one');
    const life = new Lifetime(Number.POSITIVE_INFINITY, {
      'put integration': () => probe.annotate('rotate', null),
    });
    await probe.reconcile(life);
    expect(life.pending).toEqual([]);
    expect(await probe.token()).toBe(first);
    expect(await probe.hashes()).toBe(1);
  });

  it.each(['add token', 'patch Secret', 'keep token', 'patch ScimIntegration status'])(
    'else rotates just before the write "%s" happens once',
    async (write) => {
      const { probe, first } = await ready();
      await probe.annotate('rotate', 'one');
      const life = new Lifetime(Number.POSITIVE_INFINITY, { [write]: () => probe.reconcile() });
      await probe.reconcile(life);
      expect(life.pending).toEqual([]);
      const second = await probe.token();
      expect(second).not.toBe(first);
      expect([await probe.accepts(first), await probe.accepts(second)]).toEqual([true, true]);
      expect(await probe.hashes()).toBe(2);
      expect(await probe.status()).toMatchObject({
        lastHandledRotate: 'one',
        tokenKeyId: second.slice(5, 15),
      });
    },
  );
});

describe('a directory that was restored from yesterday', () => {
  /** Restores what the directory contained and removes what was added since. */
  const restore = async (probe: TokenProbe, tokens: readonly TokenRecord[]) => {
    await fixture.store.tokens.revokeAll(await probe.id());
    for (const token of tokens) await fixture.store.tokens.add(token);
  };
  const backup = async (probe: TokenProbe) => fixture.store.tokens.list(await probe.id());

  it('does not revive a token that was revoked since, and the one in the Secret works', async () => {
    const { probe, first } = await ready();
    const second = await rotate(probe, 'one');
    const yesterday = await backup(probe);
    await probe.deleteSecret('idp-scim-token');
    await probe.reconcile();
    const third = await probe.token();
    await restore(probe, yesterday);
    await probe.reconcile();
    expect(await Promise.all([first, second, third].map((token) => probe.accepts(token)))).toEqual([
      false,
      false,
      true,
    ]);
    expect(await probe.token()).toBe(third);
  });

  it('does not repeat a rotation that happened since', async () => {
    const { probe } = await ready(rotating('1h', '48h'));
    const yesterday = await backup(probe);
    probe.now += 48 * HOUR;
    await probe.reconcile();
    const second = await probe.token();
    const { tokenIssuedAt } = await probe.status();
    await restore(probe, yesterday);
    probe.now += HOUR;
    await probe.reconcile();
    expect(await probe.token()).toBe(second);
    expect(await probe.accepts(second)).toBe(true);
    expect((await probe.status()).tokenIssuedAt).toBe(tokenIssuedAt);
  });
});

describe('no rotation', () => {
  it('leaves a token in events, status or directory', async () => {
    const { probe, first } = await ready();
    const second = await rotate(probe, 'one');
    const shown = JSON.stringify([
      await fixture.store.tokens.list(await probe.id()),
      await probe.integration.get(),
      await probe.events('TokenRotated'),
      await probe.events('TokenGenerated'),
    ]);
    for (const token of [first, second]) {
      expect(shown).toContain(hashToken(token));
      expect(shown).not.toContain(token.slice(16));
    }
  });
});
