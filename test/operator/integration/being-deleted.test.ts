/**
 * An object that is being deleted counts as gone, even if a finalizer holds it. That applies to
 * Secrets, the other objects of an integration, and the integration itself.
 */
import { describe, expect, it } from 'vitest';
import { SCIM_INTEGRATIONS } from '../../../src/crd/names.ts';
import {
  type KubeObject,
  type ResourceDefinition,
  ROLE_BINDINGS,
  ROLES,
  SECRETS,
  SERVICE_ACCOUNTS,
} from '../../../src/kube/resource.ts';
import { eventually } from '../../support/eventually.ts';
import { denyWrites } from '../../support/kube/admission.ts';
import { TEST_MANAGER } from '../../support/kube/cluster.ts';
import { deleteLeaving } from '../../support/kube/deletion.ts';
import { TestIntegration, unique, useOperator } from '../../support/operator/fixture.ts';
import { TestTokens } from '../../support/operator/test-tokens.ts';

const fixture = useOperator({ starts: {} });

const GENERATED = 'idp-scim-token';
const HOLDER = 'example.com/backup';

async function setFinalizers(
  resource: ResourceDefinition,
  key: { namespace: string; name: string },
  finalizers: readonly string[],
): Promise<void> {
  const patch = { metadata: { finalizers } };
  await fixture.admin.mergePatch(resource, key, patch, { fieldManager: TEST_MANAGER });
}

/** Deletes an object that a finalizer holds; returns a function that removes the finalizer. */
async function deleteHeld(
  resource: ResourceDefinition,
  namespace: string,
  name: string,
): Promise<() => Promise<void>> {
  const key = { namespace, name };
  await setFinalizers(resource, key, [HOLDER]);
  await fixture.admin.delete(resource, key);
  return () => setFinalizers(resource, key, []);
}

async function ready(): Promise<{
  integration: TestIntegration;
  tokens: TestTokens;
  token: string;
}> {
  const integration = await TestIntegration.create(fixture);
  await integration.settled('True', 'Succeeded');
  return {
    integration,
    tokens: new TestTokens(fixture, integration),
    token: await integration.token(),
  };
}

const ends = (integration: TestIntegration, token: string) =>
  eventually(async () => expect(await integration.authenticate(token)).toBeUndefined());

const isHeld = (integration: TestIntegration, reason = 'SecretMissing') =>
  eventually(async () => {
    const condition = await integration.condition('TokenReady');
    expect(condition).toMatchObject({ status: 'False', reason });
    expect(condition?.message).toContain(`the finalizer ${HOLDER} holds it`);
  });

/** Waits until a new token works and none of these does. */
const recovers = (integration: TestIntegration, ...before: readonly string[]) =>
  eventually(async () => {
    const token = await integration.token();
    expect(before).not.toContain(token);
    expect(await integration.authenticate(token)).toBeDefined();
    expect(await integration.condition('TokenReady')).toMatchObject({ status: 'True' });
    for (const each of before) expect(await integration.authenticate(each)).toBeUndefined();
  });

describe("a token's Secret that is being deleted", () => {
  it('revokes the token immediately, is reported with its finalizer, and is replaced once it is gone', async () => {
    const { integration, token } = await ready();
    const release = await deleteHeld(SECRETS, integration.namespace, GENERATED);
    await ends(integration, token);
    await isHeld(integration);
    expect((await integration.get()).status).not.toHaveProperty('tokenKeyId');
    expect(await integration.token()).toBe(token);
    await release();
    await recovers(integration, token);
  });

  it('revokes both tokens of an overlap and postpones a requested rotation', async () => {
    const { integration, tokens, token } = await ready();
    await tokens.annotate('rotate', 'one');
    const second = await eventually(async () => {
      const { status } = await integration.get();
      expect(status?.lastHandledRotate).toBe('one');
      return integration.token();
    });
    const release = await deleteHeld(SECRETS, integration.namespace, GENERATED);
    await tokens.annotate('rotate', 'two');
    await ends(integration, token);
    await ends(integration, second);
    await isHeld(integration);
    expect(await integration.token()).toBe(second);
    await release();
    await recovers(integration, token, second);
    const { integrationId = '' } = (await integration.get()).status ?? {};
    expect(await fixture.store.tokens.list(integrationId)).toHaveLength(1);
  });

  it('delays a move of the token to its name, without revoking the token', async () => {
    const { integration, token } = await ready();
    const key = { namespace: integration.namespace, name: 'moved' };
    const metadata = { ...key, labels: { 'app.kubernetes.io/managed-by': 'scim-operator' } };
    await fixture.admin.create(SECRETS, { metadata } as KubeObject, TEST_MANAGER);
    const release = await deleteHeld(SECRETS, integration.namespace, 'moved');
    await integration.patch({ spec: { token: { secretName: 'moved' } } });
    await isHeld(integration);
    expect(await integration.authenticate(token)).toBeDefined();
    await release();
    await integration.patch({ metadata: { annotations: { looked: 'again' } } });
    await eventually(async () => expect(await integration.token('moved')).toBe(token));
    expect(await integration.authenticate(token)).toBeDefined();
  });

  it('revokes the token even if it is an existingSecret', async () => {
    const mine = 'a-token-of-the-platform-team/held-by';
    const spec = { token: { existingSecret: { name: 'mine', key: 'key' } } };
    const integration = await TestIntegration.create(fixture, spec);
    const tokens = new TestTokens(fixture, integration);
    await tokens.keepSecret('mine', mine);
    await eventually(async () => expect(await integration.authenticate(mine)).toBeDefined());
    const release = await deleteHeld(SECRETS, integration.namespace, 'mine');
    await ends(integration, mine);
    await isHeld(integration);
    await release();
    await eventually(() => expect(integration.secret('mine')).rejects.toThrow(/404/));
    await tokens.keepSecret('mine', mine);
    await eventually(async () => expect(await integration.authenticate(mine)).toBeDefined());
  });
});

describe('a ServiceAccount, Role or RoleBinding that is being deleted', () => {
  it.each<[string, ResourceDefinition, string]>([
    ['ServiceAccount', SERVICE_ACCOUNTS, 'scim-idp'],
    ['Role', ROLES, 'SCIMProvisioner'],
    ['RoleBinding', ROLE_BINDINGS, 'scim-idp'],
  ])('counts as missing and is recreated once it is gone (%s)', async (kind, resource, name) => {
    const { integration } = await ready();
    const key = { namespace: integration.namespace, name };
    const before = await fixture.admin.get<KubeObject>(resource, key);
    const release = await deleteHeld(resource, integration.namespace, name);
    await eventually(async () => {
      const condition = await integration.condition('RBACReady');
      expect(condition).toMatchObject({ status: 'False', reason: 'ObjectConflict' });
      expect(condition?.message).toContain(`${kind} ${name} is being deleted`);
      expect(condition?.message).toContain(`the finalizer ${HOLDER} holds it`);
    });
    await release();
    await integration.settled('True', 'Succeeded');
    const after = await fixture.admin.get<KubeObject>(resource, key);
    expect(after.metadata.uid).not.toBe(before.metadata.uid);
  });
});

describe('an integration that is being deleted', () => {
  it('loses its token and its Secret while a finalizer still holds it', async () => {
    const { integration, token } = await ready();
    const release = await deleteHeld(SCIM_INTEGRATIONS, integration.namespace, 'idp');
    await ends(integration, token);
    await eventually(() => expect(integration.secret()).rejects.toThrow(/404/));
    await release();
  });
});

describe('objects that the deletion of an integration orphaned', () => {
  it('are adopted by the next integration of that name, including the Role', async () => {
    const { integration, token } = await ready();
    const children: readonly [ResourceDefinition, string][] = [
      [SERVICE_ACCOUNTS, 'scim-idp'],
      [ROLES, 'SCIMProvisioner'],
      [ROLE_BINDINGS, 'scim-idp'],
    ];
    const read = () =>
      Promise.all(
        children.map(([resource, name]) =>
          fixture.admin.get<KubeObject>(resource, { namespace: integration.namespace, name }),
        ),
      );
    const before = await read();
    await deleteLeaving(SCIM_INTEGRATIONS, integration.key);
    await eventually(() => expect(integration.get()).rejects.toThrow(/404/));
    for (const { metadata } of await read()) expect(metadata.ownerReferences).toBeUndefined();
    await integration.apply();
    const { metadata } = await integration.settled('True', 'Succeeded');
    // The Role has its own controller.
    await eventually(async () => {
      const after = await read();
      expect(after.map((each) => each.metadata.uid)).toEqual(
        before.map((each) => each.metadata.uid),
      );
      for (const each of after)
        expect(each.metadata.ownerReferences).toMatchObject([{ uid: metadata.uid }]);
    });
    expect(await integration.token()).not.toBe(token);
  });
});

describe('an integration that is deleted and recreated within milliseconds', () => {
  const replace = async (integration: TestIntegration, spec: object = {}) => {
    await fixture.admin.delete(SCIM_INTEGRATIONS, integration.key);
    const object = { metadata: integration.key, spec } as KubeObject;
    return fixture.admin.create<KubeObject>(SCIM_INTEGRATIONS, object, TEST_MANAGER);
  };

  it('never has the token of its predecessor, in 30 rounds', async () => {
    const { integration, token } = await ready();
    const before = new Map([[token, (await integration.get()).status?.integrationId ?? '']]);
    for (let round = 0; round < 30; round += 1) {
      const { metadata } = await replace(integration);
      const next = await eventually(async () => {
        const { status, metadata: now } = await integration.get();
        expect(now.uid).toBe(metadata.uid);
        expect(status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True');
        return { token: await integration.token(), id: status?.integrationId ?? '' };
      });
      expect([...before.keys()]).not.toContain(next.token);
      for (const [old, id] of before) expect(await fixture.store.tokens.list(id), old).toEqual([]);
      expect(await fixture.store.tokens.list(next.id)).toHaveLength(1);
      before.set(next.token, next.id);
    }
    expect(new Set(before.values()).size).toBe(31);
  }, 300_000);

  it("gets no token while deleting its predecessor's Secret is forbidden, and reports that", async () => {
    const { integration, token } = await ready();
    const { namespace } = integration;
    const { integrationId = '' } = (await integration.get()).status ?? {};
    const rule = await denyWrites(fixture.admin, namespace, SECRETS, ['DELETE']);
    await eventually(async () => {
      const name = unique('try');
      await fixture.admin.create(SECRETS, { metadata: { namespace, name } }, TEST_MANAGER);
      await expect(fixture.admin.delete(SECRETS, { namespace, name })).rejects.toThrow(rule.name);
    });
    await replace(integration);
    await eventually(async () => {
      const ready = await integration.condition('Ready');
      expect(ready).toMatchObject({ status: 'False', reason: 'ReconciliationFailed' });
      expect(ready?.message).toContain(rule.name);
    });
    expect(await fixture.store.tokens.list(integrationId)).toEqual([]);
    expect(await integration.token()).toBe(token);
    await rule.remove();
    await eventually(async () => {
      await integration.patch({ metadata: { annotations: { looked: String(performance.now()) } } });
      expect(await integration.condition('Ready')).toMatchObject({ status: 'True' });
    });
    expect(await integration.token()).not.toBe(token);
    expect(await fixture.store.tokens.list(integrationId)).toEqual([]);
  });

  it('gets neither the token nor the endpoint in a Secret that a finalizer holds', async () => {
    const { integration, token } = await ready();
    const { endpoint } = (await integration.get()).status ?? {};
    const key = { namespace: integration.namespace, name: GENERATED };
    await setFinalizers(SECRETS, key, [HOLDER]);
    await replace(integration);
    await isHeld(integration);
    expect(await integration.token()).toBe(token);
    await setFinalizers(SECRETS, key, []);
    const { status } = await integration.settled('True', 'Succeeded');
    expect(await integration.token()).not.toBe(token);
    expect(status?.endpoint).not.toBe(endpoint);
  });

  it('keeps an endpoint that spec.integrationId pins, and gets a new token', async () => {
    const spec = { integrationId: `replaced_${'x'.repeat(12)}` };
    const integration = await TestIntegration.create(fixture, spec);
    const { status } = await integration.settled('True', 'Succeeded');
    const token = await integration.token();
    const { metadata } = await replace(integration, spec);
    await eventually(async () => {
      const now = await integration.settled('True', 'Succeeded');
      expect(now.metadata.uid).toBe(metadata.uid);
      expect(now.status?.endpoint).toBe(status?.endpoint);
      expect(await integration.token()).not.toBe(token);
    });
    expect(await integration.authenticate(await integration.token())).toBeDefined();
    expect(await integration.authenticate(token)).toBeUndefined();
  });
});
