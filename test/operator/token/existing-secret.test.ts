import { describe, expect, it } from 'vitest';
import { SECRETS } from '../../../src/kube/resource.ts';
import { eventually } from '../../support/eventually.ts';
import { eachLife } from '../../support/operator/crashing.ts';
import { IntegrationProbe, useOperator } from '../../support/operator/fixture.ts';
import { TokenProbe } from '../../support/operator/token-probe.ts';

const fixture = useOperator();

const GENERATED = 'idp-scim-token';
const EXISTING = { token: { existingSecret: { name: 'mine', key: 'key' } } };
const NONE = { token: { existingSecret: null } };

let count = 0;
/** A token that no integration has yet. */
const newToken = () => `a-token-of-the-platform-team/${String(++count).padStart(8, '0')}`;

const encode = (token: string) => Buffer.from(token).toString('base64');

async function existing(): Promise<{ probe: TokenProbe; token: string }> {
  const probe = await TokenProbe.create(fixture, EXISTING);
  const token = newToken();
  await probe.keepSecret('mine', token);
  await probe.reconcile();
  return { probe, token };
}

async function generated(): Promise<{ probe: TokenProbe; token: string }> {
  const probe = await TokenProbe.create(fixture);
  await probe.reconcile();
  return { probe, token: await probe.token() };
}

describe('the token in an existing Secret', () => {
  it('is used, the Secret stays unchanged, and no other Secret is created', async () => {
    const probe = await TokenProbe.create(fixture, EXISTING);
    const token = newToken();
    await probe.keepSecret('mine', token);
    const before = await probe.integration.secret('mine');
    await probe.reconcile();
    await probe.integration.settled('True', 'Succeeded');
    expect(await probe.accepts(token)).toBe(true);
    expect(await probe.status()).toMatchObject({
      tokenSecretRef: { name: 'mine', key: 'key' },
      tokenKeyId: expect.stringMatching(/^[0-9A-Za-z]{10}$/),
      lastHandledRotate: '',
    });
    expect(await probe.integration.secret('mine')).toEqual(before);
    await expect(probe.token()).rejects.toThrow(/404/);
    expect(await probe.writes()).toEqual([]);
  });

  it('keeps its key id, which reveals nothing about the token', async () => {
    const { probe, token } = await existing();
    const { tokenKeyId = '' } = await probe.status();
    expect(token).not.toContain(tokenKeyId);
    await probe.reconcile();
    expect((await probe.status()).tokenKeyId).toBe(tokenKeyId);
  });

  it('is replaced at once when the Secret gets another token', async () => {
    const { probe, token } = await existing();
    const { tokenKeyId } = await probe.status();
    const next = newToken();
    await probe.patchSecret('mine', { data: { key: encode(next) } });
    await probe.reconcile();
    expect([await probe.accepts(token), await probe.accepts(next)]).toEqual([false, true]);
    expect(await probe.hashes()).toBe(1);
    expect((await probe.status()).tokenKeyId).not.toBe(tokenKeyId);
    expect(await probe.events('TokenRotated')).toEqual([
      expect.stringContaining(`the token ${tokenKeyId} ended`),
    ]);
  });

  it('is never rotated by the operator', async () => {
    const { probe, token } = await existing();
    await probe.annotate('rotate', 'one');
    await probe.reconcile();
    expect(await probe.accepts(token)).toBe(true);
    expect((await probe.status()).lastHandledRotate).toBe('one');
    await probe.integration.patch({ spec: NONE });
    await probe.reconcile();
    expect(await probe.hashes()).toBe(1);
  });

  it('ends with the integration, while the Secret stays', async () => {
    const { probe, token } = await existing();
    const id = await probe.id();
    await probe.integration.delete();
    await probe.reconcile();
    expect(await fixture.store.tokens.list(id)).toEqual([]);
    expect(await probe.token('mine').catch(() => 'gone')).not.toBe('gone');
    expect(token).toHaveLength(37);
  });

  it.each<[string, (probe: TokenProbe) => Promise<void>, string]>([
    ['the Secret is deleted', (probe) => probe.deleteSecret('mine'), 'SecretMissing'],
    [
      'the Secret loses its label',
      (probe) =>
        probe.patchSecret('mine', { metadata: { labels: { 'scim-operator.dev/token': null } } }),
      'SecretMissing',
    ],
    [
      'the key is removed',
      (probe) => probe.patchSecret('mine', { data: { key: null, other: encode('x') } }),
      'InvalidToken',
    ],
    [
      'the key no longer contains a token',
      (probe) => probe.patchSecret('mine', { data: { key: encode('short') } }),
      'InvalidToken',
    ],
    [
      'the Secret gets a label of the operator',
      (probe) =>
        probe.patchSecret('mine', {
          metadata: { labels: { 'app.kubernetes.io/managed-by': 'scim-operator' } },
        }),
      'SecretConflict',
    ],
    [
      'the spec names a missing Secret',
      (probe) =>
        probe.integration.patch({ spec: { token: { existingSecret: { name: 'other' } } } }),
      'SecretMissing',
    ],
  ])('is revoked when %s, and works again after that is corrected', async (_, harm, reason) => {
    const { probe, token } = await existing();
    const { tokenKeyId } = await probe.status();
    await harm(probe);
    await probe.reconcile();
    expect(await probe.tokenReady()).toBe(`False ${reason}`);
    await probe.integration.settled('False', reason);
    expect(await probe.accepts(token)).toBe(false);
    expect(await probe.events('TokenRevoked')).toEqual([
      expect.stringContaining(`The token ${tokenKeyId} was revoked, because the Secret`),
    ]);
    expect(await probe.status()).not.toHaveProperty('tokenKeyId');
    expect(await probe.writes()).toEqual([]);

    await probe.integration.patch({ spec: EXISTING });
    await probe.deleteSecret('mine').catch(() => undefined);
    await probe.keepSecret('mine', token);
    await probe.reconcile();
    expect(await probe.tokenReady()).toBe('True TokenIssued');
    expect(await probe.accepts(token)).toBe(true);
  });

  it('is revoked when its Secret is deleted while reconciling is paused', async () => {
    const { probe, token } = await existing();
    await probe.annotate('reconcile', 'disabled');
    await probe.deleteSecret('mine');
    await probe.reconcile();
    expect(await probe.accepts(token)).toBe(false);
  });

  it('of another integration gives no access and does not affect that integration', async () => {
    const victim = await generated();
    const probe = await TokenProbe.create(fixture, EXISTING);
    await probe.keepSecret('mine', victim.token);
    await probe.reconcile();
    expect(await probe.tokenReady()).toBe('False InvalidToken');
    expect(await probe.accepts(victim.token)).toBe(false);
    expect(await victim.probe.accepts(victim.token)).toBe(true);
  });

  it('serves only one of two integrations that name the same Secret', async () => {
    const { probe, token } = await existing();
    const second = await IntegrationProbe.createIn(fixture, probe.namespace, EXISTING, 'second');
    await probe.reconcile();
    expect(await second.condition('TokenReady')).toMatchObject({
      status: 'False',
      reason: 'InvalidToken',
      message: expect.stringContaining('belongs to ScimIntegration idp'),
    });
    expect(await probe.accepts(token)).toBe(true);
    expect(await probe.tokenReady()).toBe('True TokenIssued');
  });

  it('is not used from a Secret that the operator created for another integration', async () => {
    const { probe, token } = await generated();
    const spec = { token: { existingSecret: { name: GENERATED, key: 'token' } } };
    const thief = await IntegrationProbe.createIn(fixture, probe.namespace, spec, 'thief');
    await probe.reconcile();
    expect(await thief.condition('TokenReady')).toMatchObject({ reason: 'SecretConflict' });
    expect(await probe.accepts(token)).toBe(true);
  });
});

describe('an integration with a generated token', () => {
  it('uses the token of an existing Secret at once, and its own Secret is deleted', async () => {
    const { probe, token } = await generated();
    const next = newToken();
    await probe.keepSecret('mine', next);
    await probe.integration.patch({ spec: EXISTING });
    await probe.reconcile();
    expect([await probe.accepts(token), await probe.accepts(next)]).toEqual([false, true]);
    await expect(probe.token()).rejects.toThrow(/404/);
    await probe.deleteSecret('mine');
    await probe.reconcile();
    expect(await probe.hashes()).toBe(0);
  });

  it.each<[string, (probe: TokenProbe) => Promise<void>, string]>([
    ['missing', () => Promise.resolve(), 'SecretMissing'],
    ['not labelled', (probe) => probe.keepSecret('mine', newToken(), false), 'SecretMissing'],
    ['without a token', (probe) => probe.keepSecret('mine', 'short'), 'InvalidToken'],
  ])('keeps the token while the existing Secret is %s', async (_, make, reason) => {
    const { probe, token } = await generated();
    await make(probe);
    await probe.integration.patch({ spec: EXISTING });
    await probe.reconcile();
    expect(await probe.tokenReady()).toBe(`False ${reason}`);
    expect(await probe.accepts(token)).toBe(true);
    expect(await probe.token()).toBe(token);
    expect(await probe.events('TokenRevoked')).toEqual([]);
    await probe.integration.patch({ spec: NONE });
    await probe.reconcile();
    expect(await probe.token()).toBe(token);
    expect(await probe.accepts(token)).toBe(true);
  });

  it('keeps the token when it names its own Secret as an existing one', async () => {
    const { probe, token } = await generated();
    const existingSecret = { name: GENERATED, key: 'token' };
    await probe.integration.patch({ spec: { token: { existingSecret } } });
    await probe.reconcile();
    expect(await probe.tokenReady()).toBe('False SecretConflict');
    expect(await probe.accepts(token)).toBe(true);
    expect(await probe.token()).toBe(token);
  });

  it('keeps a token that was copied to an existing Secret', async () => {
    const { probe, token } = await generated();
    await probe.keepSecret('mine', token);
    await probe.integration.patch({ spec: EXISTING });
    await probe.reconcile();
    expect(await probe.accepts(token)).toBe(true);
    expect((await probe.status()).tokenKeyId).toBe(token.slice(5, 15));
    await expect(probe.token()).rejects.toThrow(/404/);
  });

  it('gets a new token when it stops using an existing Secret, which stays', async () => {
    const { probe, token } = await existing();
    await probe.integration.patch({ spec: NONE });
    await probe.reconcile();
    const fresh = await probe.token();
    expect([await probe.accepts(token), await probe.accepts(fresh)]).toEqual([false, true]);
    expect(await probe.integration.secret('mine')).toBeDefined();
  });

  it('never shows the token of an existing Secret', async () => {
    const { probe, token } = await existing();
    await probe.patchSecret('mine', { data: { key: encode(`${token}\n`) } });
    await probe.reconcile();
    const shown = JSON.stringify([
      await probe.integration.get(),
      await probe.events('TokenRevoked'),
      await probe.events('TokenRotated'),
    ]);
    expect(shown).not.toContain(token);
  });
});

describe('a running operator', () => {
  it('notices every change of an existing Secret', async () => {
    const operator = fixture.start();
    const probe = new TokenProbe(fixture, await IntegrationProbe.create(fixture, EXISTING));
    const { integration } = probe;
    await integration.settled('False', 'SecretMissing');
    const [first, second] = [newToken(), newToken()];
    const works = async (token: string, expected: boolean) =>
      eventually(async () =>
        expect((await integration.authenticate(token)) !== undefined).toBe(expected),
      );
    await probe.keepSecret('mine', first, false);
    await probe.patchSecret('mine', {
      metadata: { labels: { 'scim-operator.dev/token': 'true' } },
    });
    await works(first, true);
    await probe.patchSecret('mine', { data: { key: encode(second) } });
    await works(second, true);
    await works(first, false);
    await fixture.admin.delete(SECRETS, { namespace: probe.namespace, name: 'mine' });
    await works(second, false);
    await integration.settled('False', 'SecretMissing');
    await operator.stop();
  });

  it('ends the previous token after the overlap, and rotates again after the interval', async () => {
    const operator = fixture.start();
    const spec = { token: { rotation: { interval: '3s', overlap: '1s' } } };
    const integration = await IntegrationProbe.create(fixture, spec);
    await integration.settled('True');
    const first = await integration.token();
    const second = await eventually(async () => {
      const token = await integration.token();
      expect(token).not.toBe(first);
      return token;
    });
    await eventually(async () => {
      const { status } = await integration.get();
      const tokens = await fixture.store.tokens.list(status?.integrationId ?? '');
      expect(tokens).toHaveLength(1);
    });
    expect(await integration.authenticate(first)).toBeUndefined();
    await eventually(async () => expect(await integration.token()).not.toBe(second));
    await integration.delete();
    await operator.stop();
  });
});

describe('an operator killed after any of its writes', () => {
  it('while it adopts the token of an existing Secret leaves one working token', async () => {
    await eachLife(async (life) => {
      const { probe, token } = await generated();
      const next = newToken();
      await probe.keepSecret('mine', next);
      await probe.integration.patch({ spec: EXISTING });
      await probe.reconcile(life);
      const working = [await probe.accepts(token), await probe.accepts(next)];
      expect(working.filter(Boolean)).toHaveLength(1);
      await probe.reconcile();
      expect([await probe.accepts(token), await probe.accepts(next)]).toEqual([false, true]);
      await expect(probe.token()).rejects.toThrow(/404/);
      expect(await probe.writes()).toEqual([]);
    });
  });
});
