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
import { IntegrationProbe, useOperator } from '../../support/operator/fixture.ts';
import { TokenProbe } from '../../support/operator/token-probe.ts';

const fixture = useOperator();

const GENERATED = 'idp-scim-token';

async function ready(): Promise<{ probe: TokenProbe; token: string }> {
  const probe = await TokenProbe.create(fixture);
  await probe.reconcile();
  return { probe, token: await probe.token() };
}

/** A copy as `kubectl get -o yaml | sed | kubectl apply` and Kyverno's clone rules create it. */
async function copy(probe: TokenProbe, name: string, from = GENERATED): Promise<Secret> {
  const { metadata, ...rest } = await probe.integration.secret(from);
  const { namespace, labels = {}, annotations = {} } = metadata;
  const copied = { ...rest, metadata: { ...{ namespace, labels, annotations }, name } } as Secret;
  return fixture.admin.create<Secret>(SECRETS, copied, TEST_MANAGER);
}

async function expectUntouched(probe: TokenProbe, { metadata }: Secret): Promise<void> {
  const now = await probe.integration.secret(metadata.name);
  expect(now.metadata.resourceVersion).toBe(metadata.resourceVersion);
}

const made = ({ integration }: TokenProbe) =>
  fixture.store.madeObjects.list({
    ...{ clusterUid: CLUSTER_UID, kind: SCIM_INTEGRATIONS.kind },
    ...integration.key,
  });

describe('a copy of the Secret under another name', () => {
  it('is not touched while the integration lives, moves its token or ends', async () => {
    const { probe, token } = await ready();
    const copied = await copy(probe, 'copy');
    expect(await probe.writes()).toEqual([]);
    await probe.integration.patch({ spec: { token: { secretName: 'moved' } } });
    await probe.reconcile();
    expect(await probe.token('moved')).toBe(token);
    await expect(probe.token()).rejects.toThrow(/404/);
    await expectUntouched(probe, copied);

    await probe.integration.delete();
    await probe.reconcile();
    await expect(probe.token('moved')).rejects.toThrow(/404/);
    await expectUntouched(probe, copied);
    expect(await made(probe)).toEqual([]);
  });

  it('does not keep the token alive when the Secret is deleted', async () => {
    const { probe, token } = await ready();
    const copied = await copy(probe, 'copy');
    await probe.deleteSecret(GENERATED);
    await probe.reconcile();
    expect(await probe.token()).not.toBe(token);
    expect([await probe.accepts(token), await probe.accepts(await probe.token())]).toEqual([
      false,
      true,
    ]);
    await expectUntouched(probe, copied);
  });

  it('is not touched when the integration takes the token of an existing Secret', async () => {
    const { probe } = await ready();
    const copied = await copy(probe, 'copy');
    await probe.keepSecret('mine', 'a-token-of-the-platform-team/copies');
    const existingSecret = { name: 'mine', key: 'key' };
    await probe.integration.patch({ spec: { token: { existingSecret } } });
    await probe.reconcile();
    await expect(probe.token()).rejects.toThrow(/404/);
    await expectUntouched(probe, copied);
    expect(await probe.writes()).toEqual([]);
  });
});

describe('a Secret that was restored under its own name', () => {
  const restore = async (probe: TokenProbe) => {
    await copy(probe, 'backup');
    await probe.deleteSecret(GENERATED);
    const restored = await copy(probe, GENERATED, 'backup');
    await probe.deleteSecret('backup');
    return restored;
  };

  it('is adopted with its token, and its new UID is remembered', async () => {
    const { probe, token } = await ready();
    const { metadata } = await restore(probe);
    await probe.reconcile();
    expect(await probe.token()).toBe(token);
    expect(await probe.accepts(token)).toBe(true);
    expect(await made(probe)).toEqual([{ kind: 'Secret', name: GENERATED, uid: metadata.uid }]);
    await probe.integration.delete();
    await probe.reconcile();
    await expect(probe.token()).rejects.toThrow(/404/);
  });

  it('is left alone when the integration ended before the next reconcile', async () => {
    const { probe, token } = await ready();
    const restored = await restore(probe);
    const id = await probe.id();
    await probe.integration.delete();
    await probe.reconcile();
    await expectUntouched(probe, restored);
    expect(await fixture.store.tokens.list(id)).toEqual([]);
    expect(await probe.token()).toBe(token);
  });
});

describe('a directory that was lost', () => {
  it('recognizes the Secret, and the former one that the status names', async () => {
    const { probe, token } = await ready();
    const maker = { clusterUid: CLUSTER_UID, kind: 'ScimIntegration', ...probe.integration.key };
    await fixture.store.madeObjects.forget(maker, { kind: 'Secret', name: GENERATED });
    await fixture.store.tokens.revokeAll(await probe.id());
    await probe.integration.patch({ spec: { token: { secretName: 'moved' } } });
    await probe.reconcile();
    expect(await probe.token('moved')).toBe(token);
    expect(await probe.accepts(token)).toBe(true);
    await expect(probe.token()).rejects.toThrow(/404/);
    const { metadata } = await probe.integration.secret('moved');
    expect(await made(probe)).toEqual([{ kind: 'Secret', name: 'moved', uid: metadata.uid }]);
  });
});

describe('an operator killed after any of its writes', () => {
  it('while it creates a Secret leaves none behind when the integration is then deleted', async () => {
    await eachLife(async (life) => {
      const probe = await TokenProbe.create(fixture);
      await probe.reconcile(life);
      await probe.integration.delete();
      await probe.reconcile();
      await expect(probe.token()).rejects.toThrow(/404/);
      expect(await made(probe)).toEqual([]);
    });
  });
});

describe('a RoleBinding with our labels and another role', () => {
  it('is left alone and reported as a conflict', async () => {
    const { probe } = await ready();
    const key = { namespace: probe.namespace, name: 'scim-idp' };
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
    await probe.reconcile();
    await probe.integration.settled('False', 'ObjectConflict');
    const { metadata } = await fixture.admin.get<KubeObject>(ROLE_BINDINGS, key);
    expect(metadata.resourceVersion).toBe(theirs.metadata.resourceVersion);
  });
});

describe('two integrations that name one Secret', () => {
  it('learn whose it is, and get no advice that would end the token of the other', async () => {
    const spec = { token: { secretName: 'shared' } };
    const probe = await TokenProbe.create(fixture, spec);
    await probe.reconcile();
    const token = await probe.token('shared');
    const second = await IntegrationProbe.createIn(fixture, probe.namespace, spec, 'second');
    await probe.reconcile();
    const expectRefused = async (reason: string) => {
      const condition = await second.condition('TokenReady');
      expect(condition).toMatchObject({ status: 'False', reason });
      expect(condition?.message).toContain('belongs to ScimIntegration idp;');
      expect(condition?.message).not.toMatch(/delete|write another/);
      expect(await probe.accepts(token)).toBe(true);
      expect(await probe.tokenReady()).toBe('True TokenIssued');
    };
    await expectRefused('SecretConflict');
    // Removing the labels and annotations changes nothing, because the other one's status names it.
    const metadata = { labels: null, annotations: null };
    await probe.patchSecret('shared', { metadata });
    await second.patch({ metadata: { annotations: { looked: 'again' } } });
    await probe.integration.patch({ metadata: { annotations: { looked: 'again' } } });
    const { token: held } = (await second.get()).spec ?? {};
    expect(held?.secretName).toBe('shared');
    await probe.reconcile();
    const condition = await second.condition('TokenReady');
    expect(condition?.message).toContain('belongs to ScimIntegration idp;');
  });
});
