import { describe, expect, it } from 'vitest';
import { SECRETS } from '../../../src/kube/resource.ts';
import { eventually } from '../../support/eventually.ts';
import { eachLife } from '../../support/operator/crashing.ts';
import { TestIntegration, useOperator } from '../../support/operator/fixture.ts';
import { TestTokens } from '../../support/operator/test-tokens.ts';

const fixture = useOperator();

const GENERATED = 'idp-scim-token';
const EXISTING = { token: { existingSecret: { name: 'mine', key: 'key' } } };
const NONE = { token: { existingSecret: null } };

let count = 0;
/** A token that no integration has yet. */
const newToken = () => `a-token-of-the-platform-team/${String(++count).padStart(8, '0')}`;

const encode = (token: string) => Buffer.from(token).toString('base64');

async function existing(): Promise<{ tokens: TestTokens; token: string }> {
  const tokens = await TestTokens.create(fixture, EXISTING);
  const token = newToken();
  await tokens.keepSecret('mine', token);
  await tokens.reconcile();
  return { tokens, token };
}

async function generated(): Promise<{ tokens: TestTokens; token: string }> {
  const tokens = await TestTokens.create(fixture);
  await tokens.reconcile();
  return { tokens, token: await tokens.token() };
}

describe('the token in an existing Secret', () => {
  it('is used, the Secret stays unchanged, and no other Secret is created', async () => {
    const tokens = await TestTokens.create(fixture, EXISTING);
    const token = newToken();
    await tokens.keepSecret('mine', token);
    const before = await tokens.integration.secret('mine');
    await tokens.reconcile();
    await tokens.integration.settled('True', 'Succeeded');
    expect(await tokens.accepts(token)).toBe(true);
    expect(await tokens.status()).toMatchObject({
      tokenSecretRef: { name: 'mine', key: 'key' },
      tokenKeyId: expect.stringMatching(/^[0-9A-Za-z]{10}$/),
      lastHandledRotate: '',
    });
    expect(await tokens.integration.secret('mine')).toEqual(before);
    await expect(tokens.token()).rejects.toThrow(/404/);
    expect(await tokens.writes()).toEqual([]);
  });

  it('keeps its key id, which reveals nothing about the token', async () => {
    const { tokens, token } = await existing();
    const { tokenKeyId = '' } = await tokens.status();
    expect(token).not.toContain(tokenKeyId);
    await tokens.reconcile();
    expect((await tokens.status()).tokenKeyId).toBe(tokenKeyId);
  });

  it('is replaced at once when the Secret gets another token', async () => {
    const { tokens, token } = await existing();
    const { tokenKeyId } = await tokens.status();
    const next = newToken();
    await tokens.patchSecret('mine', { data: { key: encode(next) } });
    await tokens.reconcile();
    expect([await tokens.accepts(token), await tokens.accepts(next)]).toEqual([false, true]);
    expect(await tokens.hashes()).toBe(1);
    expect((await tokens.status()).tokenKeyId).not.toBe(tokenKeyId);
    expect(await tokens.events('TokenRotated')).toEqual([
      expect.stringContaining(`the token ${tokenKeyId} ended`),
    ]);
  });

  it('is never rotated by the operator', async () => {
    const { tokens, token } = await existing();
    await tokens.annotate('rotate', 'one');
    await tokens.reconcile();
    expect(await tokens.accepts(token)).toBe(true);
    expect((await tokens.status()).lastHandledRotate).toBe('one');
    await tokens.integration.patch({ spec: NONE });
    await tokens.reconcile();
    expect(await tokens.hashes()).toBe(1);
  });

  it('ends with the integration, while the Secret stays', async () => {
    const { tokens, token } = await existing();
    const id = await tokens.id();
    await tokens.integration.delete();
    await tokens.reconcile();
    expect(await fixture.store.tokens.list(id)).toEqual([]);
    expect(await tokens.token('mine').catch(() => 'gone')).not.toBe('gone');
    expect(token).toHaveLength(37);
  });

  it.each<[string, (tokens: TestTokens) => Promise<void>, string]>([
    ['the Secret is deleted', (tokens) => tokens.deleteSecret('mine'), 'SecretMissing'],
    [
      'the Secret loses its label',
      (tokens) =>
        tokens.patchSecret('mine', { metadata: { labels: { 'scim-operator.dev/token': null } } }),
      'SecretMissing',
    ],
    [
      'the key is removed',
      (tokens) => tokens.patchSecret('mine', { data: { key: null, other: encode('x') } }),
      'InvalidToken',
    ],
    [
      'the key no longer contains a token',
      (tokens) => tokens.patchSecret('mine', { data: { key: encode('short') } }),
      'InvalidToken',
    ],
    [
      'the Secret gets a label of the operator',
      (tokens) =>
        tokens.patchSecret('mine', {
          metadata: { labels: { 'app.kubernetes.io/managed-by': 'scim-operator' } },
        }),
      'SecretConflict',
    ],
    [
      'the spec names a missing Secret',
      (tokens) =>
        tokens.integration.patch({ spec: { token: { existingSecret: { name: 'other' } } } }),
      'SecretMissing',
    ],
  ])('is revoked when %s, and works again after that is corrected', async (_, harm, reason) => {
    const { tokens, token } = await existing();
    const { tokenKeyId } = await tokens.status();
    await harm(tokens);
    await tokens.reconcile();
    expect(await tokens.tokenReady()).toBe(`False ${reason}`);
    await tokens.integration.settled('False', reason);
    expect(await tokens.accepts(token)).toBe(false);
    expect(await tokens.events('TokenRevoked')).toEqual([
      expect.stringContaining(`The token ${tokenKeyId} was revoked, because the Secret`),
    ]);
    expect(await tokens.status()).not.toHaveProperty('tokenKeyId');
    expect(await tokens.writes()).toEqual([]);

    await tokens.integration.patch({ spec: EXISTING });
    await tokens.deleteSecret('mine').catch(() => undefined);
    await tokens.keepSecret('mine', token);
    await tokens.reconcile();
    expect(await tokens.tokenReady()).toBe('True TokenIssued');
    expect(await tokens.accepts(token)).toBe(true);
  });

  it('is revoked when its Secret is deleted while reconciling is paused', async () => {
    const { tokens, token } = await existing();
    await tokens.annotate('reconcile', 'disabled');
    await tokens.deleteSecret('mine');
    await tokens.reconcile();
    expect(await tokens.accepts(token)).toBe(false);
  });

  it('of another integration gives no access and does not affect that integration', async () => {
    const victim = await generated();
    const tokens = await TestTokens.create(fixture, EXISTING);
    await tokens.keepSecret('mine', victim.token);
    await tokens.reconcile();
    expect(await tokens.tokenReady()).toBe('False InvalidToken');
    expect(await tokens.accepts(victim.token)).toBe(false);
    expect(await victim.tokens.accepts(victim.token)).toBe(true);
  });

  it('serves only one of two integrations that name the same Secret', async () => {
    const { tokens, token } = await existing();
    const second = await TestIntegration.createIn(fixture, tokens.namespace, EXISTING, 'second');
    await tokens.reconcile();
    expect(await second.condition('TokenReady')).toMatchObject({
      status: 'False',
      reason: 'InvalidToken',
      message: expect.stringContaining('belongs to ScimIntegration idp'),
    });
    expect(await tokens.accepts(token)).toBe(true);
    expect(await tokens.tokenReady()).toBe('True TokenIssued');
  });

  it('is not used from a Secret that the operator created for another integration', async () => {
    const { tokens, token } = await generated();
    const spec = { token: { existingSecret: { name: GENERATED, key: 'token' } } };
    const thief = await TestIntegration.createIn(fixture, tokens.namespace, spec, 'thief');
    await tokens.reconcile();
    expect(await thief.condition('TokenReady')).toMatchObject({ reason: 'SecretConflict' });
    expect(await tokens.accepts(token)).toBe(true);
  });
});

describe('an integration with a generated token', () => {
  it('uses the token of an existing Secret at once, and its own Secret is deleted', async () => {
    const { tokens, token } = await generated();
    const next = newToken();
    await tokens.keepSecret('mine', next);
    await tokens.integration.patch({ spec: EXISTING });
    await tokens.reconcile();
    expect([await tokens.accepts(token), await tokens.accepts(next)]).toEqual([false, true]);
    await expect(tokens.token()).rejects.toThrow(/404/);
    await tokens.deleteSecret('mine');
    await tokens.reconcile();
    expect(await tokens.hashes()).toBe(0);
  });

  it.each<[string, (tokens: TestTokens) => Promise<void>, string]>([
    ['missing', () => Promise.resolve(), 'SecretMissing'],
    ['not labelled', (tokens) => tokens.keepSecret('mine', newToken(), false), 'SecretMissing'],
    ['without a token', (tokens) => tokens.keepSecret('mine', 'short'), 'InvalidToken'],
  ])('keeps the token while the existing Secret is %s', async (_, make, reason) => {
    const { tokens, token } = await generated();
    await make(tokens);
    await tokens.integration.patch({ spec: EXISTING });
    await tokens.reconcile();
    expect(await tokens.tokenReady()).toBe(`False ${reason}`);
    expect(await tokens.accepts(token)).toBe(true);
    expect(await tokens.token()).toBe(token);
    expect(await tokens.events('TokenRevoked')).toEqual([]);
    await tokens.integration.patch({ spec: NONE });
    await tokens.reconcile();
    expect(await tokens.token()).toBe(token);
    expect(await tokens.accepts(token)).toBe(true);
  });

  it('keeps the token when it names its own Secret as an existing one', async () => {
    const { tokens, token } = await generated();
    const existingSecret = { name: GENERATED, key: 'token' };
    await tokens.integration.patch({ spec: { token: { existingSecret } } });
    await tokens.reconcile();
    expect(await tokens.tokenReady()).toBe('False SecretConflict');
    expect(await tokens.accepts(token)).toBe(true);
    expect(await tokens.token()).toBe(token);
  });

  it('keeps a token that was copied to an existing Secret', async () => {
    const { tokens, token } = await generated();
    await tokens.keepSecret('mine', token);
    await tokens.integration.patch({ spec: EXISTING });
    await tokens.reconcile();
    expect(await tokens.accepts(token)).toBe(true);
    expect((await tokens.status()).tokenKeyId).toBe(token.slice(5, 15));
    await expect(tokens.token()).rejects.toThrow(/404/);
  });

  it('gets a new token when it stops using an existing Secret, which stays', async () => {
    const { tokens, token } = await existing();
    await tokens.integration.patch({ spec: NONE });
    await tokens.reconcile();
    const fresh = await tokens.token();
    expect([await tokens.accepts(token), await tokens.accepts(fresh)]).toEqual([false, true]);
    expect(await tokens.integration.secret('mine')).toBeDefined();
  });

  it('never shows the token of an existing Secret', async () => {
    const { tokens, token } = await existing();
    await tokens.patchSecret('mine', { data: { key: encode(`${token}\n`) } });
    await tokens.reconcile();
    const shown = JSON.stringify([
      await tokens.integration.get(),
      await tokens.events('TokenRevoked'),
      await tokens.events('TokenRotated'),
    ]);
    expect(shown).not.toContain(token);
  });
});

describe('a running operator', () => {
  it('notices every change of an existing Secret', async () => {
    const operator = fixture.start();
    const tokens = new TestTokens(fixture, await TestIntegration.create(fixture, EXISTING));
    const { integration } = tokens;
    await integration.settled('False', 'SecretMissing');
    const [first, second] = [newToken(), newToken()];
    const works = async (token: string, expected: boolean) =>
      eventually(async () =>
        expect((await integration.authenticate(token)) !== undefined).toBe(expected),
      );
    await tokens.keepSecret('mine', first, false);
    await tokens.patchSecret('mine', {
      metadata: { labels: { 'scim-operator.dev/token': 'true' } },
    });
    await works(first, true);
    await tokens.patchSecret('mine', { data: { key: encode(second) } });
    await works(second, true);
    await works(first, false);
    await fixture.admin.delete(SECRETS, { namespace: tokens.namespace, name: 'mine' });
    await works(second, false);
    await integration.settled('False', 'SecretMissing');
    await operator.stop();
  });

  it('ends the previous token after the overlap, and rotates again after the interval', async () => {
    const operator = fixture.start();
    const spec = { token: { rotation: { interval: '3s', overlap: '1s' } } };
    const integration = await TestIntegration.create(fixture, spec);
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
      const { tokens, token } = await generated();
      const next = newToken();
      await tokens.keepSecret('mine', next);
      await tokens.integration.patch({ spec: EXISTING });
      await tokens.reconcile(life);
      const working = [await tokens.accepts(token), await tokens.accepts(next)];
      expect(working.filter(Boolean)).toHaveLength(1);
      await tokens.reconcile();
      expect([await tokens.accepts(token), await tokens.accepts(next)]).toEqual([false, true]);
      await expect(tokens.token()).rejects.toThrow(/404/);
      expect(await tokens.writes()).toEqual([]);
    });
  });
});
