/**
 * Labels, annotations and tokens can be copied. They neither allow the operator to delete an object
 * nor make it the token's Secret.
 */
import { describe, expect, it } from 'vitest';
import { SCIM_INTEGRATIONS } from '../../../src/crd/names.ts';
import type { Secret } from '../../../src/kube/objects.ts';
import { type KubeObject, ROLE_BINDINGS, SECRETS } from '../../../src/kube/resource.ts';
import { labelsFor } from '../../../src/operator/ownership.ts';
import { TEST_MANAGER } from '../../support/kube/cluster.ts';
import { CLUSTER_UID } from '../../support/operator/context.ts';
import { eachLife } from '../../support/operator/crashing.ts';
import { TestIntegration, useOperator } from '../../support/operator/fixture.ts';
import { TestTokens } from '../../support/operator/test-tokens.ts';

const fixture = useOperator();

const GENERATED = 'idp-scim-token';

async function ready(): Promise<{ tokens: TestTokens; token: string }> {
  const tokens = await TestTokens.create(fixture);
  await tokens.reconcile();
  return { tokens, token: await tokens.token() };
}

/** A copy as `kubectl get -o yaml | sed | kubectl apply` and Kyverno's clone rules create it. */
async function copy(tokens: TestTokens, name: string, from = GENERATED): Promise<Secret> {
  const { metadata, ...rest } = await tokens.integration.secret(from);
  const { namespace, labels = {}, annotations = {} } = metadata;
  const copied = { ...rest, metadata: { ...{ namespace, labels, annotations }, name } } as Secret;
  return fixture.admin.create<Secret>(SECRETS, copied, TEST_MANAGER);
}

async function expectUntouched(tokens: TestTokens, { metadata }: Secret): Promise<void> {
  const now = await tokens.integration.secret(metadata.name);
  expect(now.metadata.resourceVersion).toBe(metadata.resourceVersion);
}

const made = ({ integration }: TestTokens) =>
  fixture.store.madeObjects.list({
    ...{ clusterUid: CLUSTER_UID, kind: SCIM_INTEGRATIONS.kind },
    ...integration.key,
  });

describe('a copy of the Secret under another name', () => {
  it('is not touched while the integration lives, moves its token or ends', async () => {
    const { tokens, token } = await ready();
    const copied = await copy(tokens, 'copy');
    expect(await tokens.writes()).toEqual([]);
    await tokens.integration.patch({ spec: { token: { secretName: 'moved' } } });
    await tokens.reconcile();
    expect(await tokens.token('moved')).toBe(token);
    await expect(tokens.token()).rejects.toThrow(/404/);
    await expectUntouched(tokens, copied);

    await tokens.integration.delete();
    await tokens.reconcile();
    await expect(tokens.token('moved')).rejects.toThrow(/404/);
    await expectUntouched(tokens, copied);
    expect(await made(tokens)).toEqual([]);
  });

  it('does not keep the token alive when the Secret is deleted', async () => {
    const { tokens, token } = await ready();
    const copied = await copy(tokens, 'copy');
    await tokens.deleteSecret(GENERATED);
    await tokens.reconcile();
    expect(await tokens.token()).not.toBe(token);
    expect([await tokens.accepts(token), await tokens.accepts(await tokens.token())]).toEqual([
      false,
      true,
    ]);
    await expectUntouched(tokens, copied);
  });

  it('is not touched when the integration takes the token of an existing Secret', async () => {
    const { tokens } = await ready();
    const copied = await copy(tokens, 'copy');
    await tokens.keepSecret('mine', 'a-token-of-the-platform-team/copies');
    const existingSecret = { name: 'mine', key: 'key' };
    await tokens.integration.patch({ spec: { token: { existingSecret } } });
    await tokens.reconcile();
    await expect(tokens.token()).rejects.toThrow(/404/);
    await expectUntouched(tokens, copied);
    expect(await tokens.writes()).toEqual([]);
  });
});

describe('a Secret that was restored under its own name', () => {
  const restore = async (tokens: TestTokens) => {
    await copy(tokens, 'backup');
    await tokens.deleteSecret(GENERATED);
    const restored = await copy(tokens, GENERATED, 'backup');
    await tokens.deleteSecret('backup');
    return restored;
  };

  it('is adopted with its token, and its new UID is remembered', async () => {
    const { tokens, token } = await ready();
    const { metadata } = await restore(tokens);
    await tokens.reconcile();
    expect(await tokens.token()).toBe(token);
    expect(await tokens.accepts(token)).toBe(true);
    expect(await made(tokens)).toEqual([{ kind: 'Secret', name: GENERATED, uid: metadata.uid }]);
    await tokens.integration.delete();
    await tokens.reconcile();
    await expect(tokens.token()).rejects.toThrow(/404/);
  });

  it('is left alone when the integration ended before the next reconcile', async () => {
    const { tokens, token } = await ready();
    const restored = await restore(tokens);
    const id = await tokens.id();
    await tokens.integration.delete();
    await tokens.reconcile();
    await expectUntouched(tokens, restored);
    expect(await fixture.store.tokens.list(id)).toEqual([]);
    expect(await tokens.token()).toBe(token);
  });
});

describe('a directory that was lost', () => {
  it('recognizes the Secret, and the former one that the status names', async () => {
    const { tokens, token } = await ready();
    const maker = { clusterUid: CLUSTER_UID, kind: 'ScimIntegration', ...tokens.integration.key };
    await fixture.store.madeObjects.forget(maker, { kind: 'Secret', name: GENERATED });
    await fixture.store.tokens.revokeAll(await tokens.id());
    await tokens.integration.patch({ spec: { token: { secretName: 'moved' } } });
    await tokens.reconcile();
    expect(await tokens.token('moved')).toBe(token);
    expect(await tokens.accepts(token)).toBe(true);
    await expect(tokens.token()).rejects.toThrow(/404/);
    const { metadata } = await tokens.integration.secret('moved');
    expect(await made(tokens)).toEqual([{ kind: 'Secret', name: 'moved', uid: metadata.uid }]);
  });
});

describe('an operator killed after any of its writes', () => {
  it('while it creates a Secret leaves none behind when the integration is then deleted', async () => {
    await eachLife(async (life) => {
      const tokens = await TestTokens.create(fixture);
      await tokens.reconcile(life);
      await tokens.integration.delete();
      await tokens.reconcile();
      await expect(tokens.token()).rejects.toThrow(/404/);
      expect(await made(tokens)).toEqual([]);
    });
  });
});

describe('a RoleBinding with our labels and another role', () => {
  it('is left alone and reported as a conflict', async () => {
    const { tokens } = await ready();
    const key = { namespace: tokens.namespace, name: 'scim-idp' };
    await fixture.admin.delete(ROLE_BINDINGS, key);
    const theirs = await fixture.admin.create(
      ROLE_BINDINGS,
      {
        metadata: { ...key, labels: labelsFor('idp') },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
        subjects: [],
      } as KubeObject,
      TEST_MANAGER,
    );
    await tokens.reconcile();
    await tokens.integration.settled('False', 'ObjectConflict');
    const { metadata } = await fixture.admin.get<KubeObject>(ROLE_BINDINGS, key);
    expect(metadata.resourceVersion).toBe(theirs.metadata.resourceVersion);
  });
});

describe('two integrations that name one Secret', () => {
  it('learn whose it is, and get no advice that would end the token of the other', async () => {
    const spec = { token: { secretName: 'shared' } };
    const tokens = await TestTokens.create(fixture, spec);
    await tokens.reconcile();
    const token = await tokens.token('shared');
    const second = await TestIntegration.createIn(fixture, tokens.namespace, spec, 'second');
    await tokens.reconcile();
    const expectRefused = async (reason: string) => {
      const condition = await second.condition('TokenReady');
      expect(condition).toMatchObject({ status: 'False', reason });
      expect(condition?.message).toContain('belongs to ScimIntegration idp;');
      expect(condition?.message).not.toMatch(/delete|write another/);
      expect(await tokens.accepts(token)).toBe(true);
      expect(await tokens.tokenReady()).toBe('True TokenIssued');
    };
    await expectRefused('SecretConflict');
    // Removing the labels and annotations changes nothing, because the other one's status names it.
    const metadata = { labels: null, annotations: null };
    await tokens.patchSecret('shared', { metadata });
    await second.patch({ metadata: { annotations: { looked: 'again' } } });
    await tokens.integration.patch({ metadata: { annotations: { looked: 'again' } } });
    const { token: held } = (await second.get()).spec ?? {};
    expect(held?.secretName).toBe('shared');
    await tokens.reconcile();
    const condition = await second.condition('TokenReady');
    expect(condition?.message).toContain('belongs to ScimIntegration idp;');
  });
});
