import { describe, expect, it } from 'vitest';
import { SCIM_INTEGRATIONS } from '../../../src/crd/names.ts';
import { hashToken } from '../../../src/directory/tokens.ts';
import {
  type Role,
  type RoleBinding,
  type ServiceAccount,
  textOf,
} from '../../../src/kube/objects.ts';
import {
  EVENTS,
  type KubeObject,
  NAMESPACES,
  type ResourceDefinition,
  ROLE_BINDINGS,
  ROLES,
  SECRETS,
  SERVICE_ACCOUNTS,
} from '../../../src/kube/resource.ts';
import { SCIM_PROVISIONER_RULES } from '../../../src/operator/rbac.ts';
import { eventually } from '../../support/eventually.ts';
import { createNamespace, TEST_MANAGER } from '../../support/kube/cluster.ts';
import { deleteInForeground } from '../../support/kube/deletion.ts';
import { PUBLIC_URL, TestIntegration, useOperator } from '../../support/operator/fixture.ts';

const fixture = useOperator({ starts: {} });

const events = async (integration: TestIntegration) => {
  const { items } = await fixture.admin.list<KubeObject & { reason: string; note: string }>(
    EVENTS,
    {
      namespace: integration.namespace,
    },
  );
  return items ?? [];
};

const expectEvent = (integration: TestIntegration, reason: string) =>
  eventually(async () =>
    expect((await events(integration)).map((event) => event.reason)).toContain(reason),
  );

describe('an applied ScimIntegration', () => {
  it('becomes ready with an endpoint, a token of 200 characters and its RBAC objects', async () => {
    const integration = await TestIntegration.create(fixture);
    const { status } = await integration.settled('True', 'Succeeded');
    const { namespace } = integration;
    const endpoint = `${PUBLIC_URL}/api/v1/${namespace}/integrations/${status?.integrationId}/scim/v2`;
    expect(status).toMatchObject({
      endpoint,
      tenant: namespace,
      observedGeneration: 1,
      tokenSecretRef: { name: 'idp-scim-token', key: 'token' },
      users: 0,
      groups: 0,
    });
    expect(status?.conditions?.map(({ type, status }) => `${type}=${status}`).sort()).toEqual([
      'RBACReady=True',
      'Ready=True',
      'TokenReady=True',
    ]);
    const secret = await integration.secret();
    const token = textOf(secret, 'token') ?? '';
    expect(token).toMatch(/^scim_[0-9A-Za-z]{10}_[0-9A-Za-z]{184}$/);
    expect(token.slice(5, 15)).toBe(status?.tokenKeyId);
    expect(textOf(secret, 'endpoint')).toBe(endpoint);
    expect(textOf(secret, 'integrationId')).toBe(status?.integrationId);
    expect(secret.type).toBe('Opaque');
    expect(secret.metadata.ownerReferences).toBeUndefined();

    const serviceAccount = await fixture.admin.get<ServiceAccount>(SERVICE_ACCOUNTS, {
      namespace,
      name: 'scim-idp',
    });
    expect(serviceAccount.automountServiceAccountToken).toBe(false);
    const role = await fixture.admin.get<Role>(ROLES, { namespace, name: 'SCIMProvisioner' });
    expect(role.rules).toEqual(SCIM_PROVISIONER_RULES);
    const binding = await fixture.admin.get<RoleBinding>(ROLE_BINDINGS, {
      namespace,
      name: 'scim-idp',
    });
    expect(binding.roleRef?.name).toBe('SCIMProvisioner');
    expect(binding.subjects).toEqual([{ kind: 'ServiceAccount', namespace, name: 'scim-idp' }]);
    for (const child of [serviceAccount, role, binding]) {
      expect(child.metadata.ownerReferences?.[0]).not.toHaveProperty('blockOwnerDeletion');
    }
    await expectEvent(integration, 'TokenGenerated');
  });

  it('stores only the hash of its token in the directory, and reveals no token in events or status', async () => {
    const integration = await TestIntegration.create(fixture);
    const { status } = await integration.settled('True');
    const token = await integration.token();
    const tokens = await fixture.store.tokens.list(status?.integrationId ?? '');
    expect(tokens).toMatchObject([{ hash: hashToken(token), pending: false }]);
    await expectEvent(integration, 'TokenGenerated');
    const shown = JSON.stringify([tokens, await events(integration), await integration.get()]);
    expect(shown).not.toContain(token.slice(16));
  });

  it('keeps a pinned integrationId', async () => {
    const integrationId = `pinned_${'x'.repeat(14)}`;
    const integration = await TestIntegration.create(fixture, { integrationId });
    expect((await integration.settled('True')).status?.integrationId).toBe(integrationId);
  });

  it('shares the Role with the other integrations of its namespace', async () => {
    const first = await TestIntegration.create(fixture);
    const second = await TestIntegration.createIn(fixture, first.namespace, {}, 'other');
    const uids = [await first.settled('True'), await second.settled('True')].map(
      ({ metadata }) => metadata.uid,
    );
    await eventually(async () => {
      const role = await fixture.admin.get<Role>(ROLES, {
        namespace: first.namespace,
        name: 'SCIMProvisioner',
      });
      expect(role.metadata.ownerReferences?.map(({ uid }) => uid).sort()).toEqual(uids.sort());
    });
    expect(await first.token()).not.toBe(await second.token());
  });
});

describe('spec.enabled', () => {
  it('disables and enables an integration without changing anything else', async () => {
    const integration = await TestIntegration.create(fixture);
    await integration.settled('True', 'Succeeded');
    const before = await integration.secret();
    const token = await integration.token();
    expect(await integration.authenticate(token)).toMatchObject({ enabled: true });

    await integration.patch({ spec: { enabled: false } });
    const off = await integration.settled('True', 'Disabled');
    expect(await integration.authenticate(token)).toMatchObject({ enabled: false });
    expect((await integration.secret()).metadata.resourceVersion).toBe(
      before.metadata.resourceVersion,
    );
    await expectEvent(integration, 'IntegrationDisabled');

    await integration.patch({ spec: { enabled: true } });
    const on = await integration.settled('True', 'Succeeded');
    expect(await integration.authenticate(token)).toMatchObject({ enabled: true });
    expect(on.status?.endpoint).toBe(off.status?.endpoint);
    await expectEvent(integration, 'IntegrationEnabled');
  });

  it('is obeyed while reconciling is paused', async () => {
    const integration = await TestIntegration.create(fixture);
    await integration.settled('True');
    const token = await integration.token();
    await integration.patch({
      metadata: { annotations: { 'scim-operator.dev/reconcile': 'disabled' } },
    });
    await integration.patch({ spec: { enabled: false } });
    await eventually(async () =>
      expect(await integration.authenticate(token)).toMatchObject({ enabled: false }),
    );
  });
});

describe('the token', () => {
  it('is revoked and replaced when its Secret is deleted', async () => {
    const integration = await TestIntegration.create(fixture);
    await integration.settled('True');
    const old = await integration.token();
    await fixture.admin.delete(SECRETS, {
      namespace: integration.namespace,
      name: 'idp-scim-token',
    });
    const fresh = await eventually(async () => {
      const token = await integration.token();
      expect(token).not.toBe(old);
      expect(await integration.authenticate(token)).toBeDefined();
      return token;
    });
    expect(fresh).toHaveLength(200);
    expect(await integration.authenticate(old)).toBeUndefined();
    await expectEvent(integration, 'TokenRevoked');
  });

  it('is revoked but not replaced while reconciling is paused', async () => {
    const integration = await TestIntegration.create(fixture);
    await integration.settled('True');
    const token = await integration.token();
    await integration.patch({
      metadata: { annotations: { 'scim-operator.dev/reconcile': 'disabled' } },
    });
    // Secrets have another watch, which could be faster.
    await eventually(async () =>
      expect(await integration.condition('Paused')).toMatchObject({ status: 'True' }),
    );
    await fixture.admin.delete(SECRETS, {
      namespace: integration.namespace,
      name: 'idp-scim-token',
    });
    await eventually(async () => expect(await integration.authenticate(token)).toBeUndefined());
    await integration.settled('False', 'SecretMissing');
    await expect(integration.secret()).rejects.toThrow(/404/);
    await integration.patch({ metadata: { annotations: { 'scim-operator.dev/reconcile': null } } });
    await integration.settled('True');
  });

  it('is replaced when the Secret contains something else', async () => {
    const integration = await TestIntegration.create(fixture);
    await integration.settled('True');
    const old = await integration.token();
    const data = { token: Buffer.from('hunter2').toString('base64') };
    await fixture.admin.mergePatch(
      SECRETS,
      { namespace: integration.namespace, name: 'idp-scim-token' },
      { data },
      { fieldManager: TEST_MANAGER },
    );
    await eventually(async () => {
      const token = await integration.token();
      expect(token).toMatch(/^scim_/);
      expect(await integration.authenticate(token)).toBeDefined();
    });
    expect(await integration.authenticate(old)).toBeUndefined();
  });

  it('is replaced by another valid token that a user writes into the Secret', async () => {
    const integration = await TestIntegration.create(fixture);
    await integration.settled('True');
    const old = await integration.token();
    const mine = `scim_mine000000_${'a'.repeat(184)}`;
    const data = { token: Buffer.from(mine).toString('base64') };
    await fixture.admin.mergePatch(
      SECRETS,
      { namespace: integration.namespace, name: 'idp-scim-token' },
      { data },
      { fieldManager: TEST_MANAGER },
    );
    await eventually(async () => expect(await integration.authenticate(mine)).toBeDefined());
    expect(await integration.authenticate(old)).toBeUndefined();
    await eventually(async () =>
      expect((await integration.get()).status?.tokenKeyId).toBe('mine000000'),
    );
  });

  it('moves to the Secret that spec.token.secretName names, and the old Secret is deleted', async () => {
    const integration = await TestIntegration.create(fixture);
    await integration.settled('True');
    const token = await integration.token();
    await integration.patch({ spec: { token: { secretName: 'moved' } } });
    await eventually(async () => expect(await integration.token('moved')).toBe(token));
    await eventually(() => expect(integration.secret()).rejects.toThrow(/404/));
    expect(await integration.authenticate(token)).toBeDefined();
    await eventually(async () =>
      expect((await integration.get()).status?.tokenSecretRef?.name).toBe('moved'),
    );
  });

  it('of another integration is rejected in this Secret and keeps working in its own', async () => {
    const victim = await TestIntegration.create(fixture);
    const thief = await TestIntegration.create(fixture);
    await victim.settled('True');
    await thief.settled('True');
    const token = await victim.token();
    const data = { token: Buffer.from(token).toString('base64') };
    await fixture.admin.mergePatch(
      SECRETS,
      { namespace: thief.namespace, name: 'idp-scim-token' },
      { data },
      { fieldManager: TEST_MANAGER },
    );
    await thief.settled('False', 'InvalidToken');
    expect(await thief.authenticate(token)).toBeUndefined();
    expect(await victim.authenticate(token)).toBeDefined();
  });
});

describe('deleting a ScimIntegration', () => {
  it('removes its token and its objects immediately, without a finalizer', async () => {
    const integration = await TestIntegration.create(fixture);
    expect((await integration.settled('True')).metadata).not.toHaveProperty('finalizers');
    const token = await integration.token();
    await integration.delete();
    await eventually(async () => expect(await integration.authenticate(token)).toBeUndefined());
    const { namespace } = integration;
    await eventually(async () => {
      for (const [resource, name] of [
        [SECRETS, 'idp-scim-token'],
        [SERVICE_ACCOUNTS, 'scim-idp'],
        [ROLE_BINDINGS, 'scim-idp'],
        [ROLES, 'SCIMProvisioner'],
      ] as const) {
        await expect(fixture.admin.get(resource, { namespace, name })).rejects.toThrow(/404/);
      }
    });
  });

  it('means another id and token when it is recreated', async () => {
    const integration = await TestIntegration.create(fixture);
    const first = await integration.settled('True');
    const token = await integration.token();
    await integration.delete();
    await eventually(async () => expect(await integration.authenticate(token)).toBeUndefined());
    await integration.apply();
    const second = await integration.settled('True');
    expect(second.status?.integrationId).not.toBe(first.status?.integrationId);
    expect(await integration.authenticate(token)).toBeUndefined();
  });

  it('keeps its id free for a recreated one that pins it', async () => {
    const integration = await TestIntegration.create(fixture);
    const { status } = await integration.settled('True');
    const token = await integration.token();
    await integration.delete();
    await eventually(async () => expect(await integration.authenticate(token)).toBeUndefined());
    await integration.apply({ integrationId: status?.integrationId ?? '' });
    expect((await integration.settled('True')).status?.endpoint).toBe(status?.endpoint);
  });

  it('revokes its token even while a finalizer holds it', async () => {
    const integration = await TestIntegration.create(fixture);
    await integration.settled('True');
    const token = await integration.token();
    await integration.patch({ metadata: { finalizers: ['example.com/wait'] } });
    await integration.delete();
    await eventually(async () => expect(await integration.authenticate(token)).toBeUndefined());
    await integration.patch({ metadata: { finalizers: null } });
    await eventually(() => expect(integration.get()).rejects.toThrow(/404/));
  });

  it('works in the foreground, and leaves its neighbour the Role that they share', async () => {
    const integration = await TestIntegration.create(fixture);
    const neighbour = await TestIntegration.createIn(
      fixture,
      integration.namespace,
      {},
      'neighbour',
    );
    await integration.settled('True', 'Succeeded');
    const { metadata } = await neighbour.settled('True', 'Succeeded');
    const { namespace } = integration;
    const token = await integration.token();
    await integration.authenticate(token);
    const gone = (resource: ResourceDefinition, name: string) =>
      eventually(() =>
        expect(fixture.admin.get(resource, { namespace, name })).rejects.toThrow(/404/),
      );

    await deleteInForeground(SCIM_INTEGRATIONS, integration.key);
    await gone(SCIM_INTEGRATIONS, 'idp');
    await eventually(async () => expect(await integration.authenticate(token)).toBeUndefined());
    await gone(SECRETS, 'idp-scim-token');
    await gone(SERVICE_ACCOUNTS, 'scim-idp');
    await gone(ROLE_BINDINGS, 'scim-idp');
    await eventually(async () => {
      const role = await fixture.admin.get<Role>(ROLES, { namespace, name: 'SCIMProvisioner' });
      expect(role.metadata.ownerReferences?.map(({ uid }) => uid)).toEqual([metadata.uid]);
    });
    await neighbour.settled('True', 'Succeeded');
  });

  it("with its namespace revokes its token and doesn't block the namespace", async () => {
    const integration = await TestIntegration.create(fixture);
    await integration.settled('True');
    const token = await integration.token();
    await integration.authenticate(token);
    await fixture.admin.delete(NAMESPACES, { name: integration.namespace });
    await eventually(async () => expect(await integration.authenticate(token)).toBeUndefined());
    await eventually(() =>
      expect(fixture.admin.get(NAMESPACES, { name: integration.namespace })).rejects.toThrow(/404/),
    );
  });
});

describe('a ScimIntegration', () => {
  it('gets nothing if its tenant belongs to another namespace', async () => {
    const integration = await TestIntegration.create(fixture, { tenant: 'somebody-else' });
    const { status } = await integration.settled('False', 'TenantNotAllowed');
    expect(status?.conditions?.find(({ type }) => type === 'Stalled')?.status).toBe('True');
    expect(status).not.toHaveProperty('endpoint');
    await expect(integration.secret()).rejects.toThrow(/404/);
    await expectEvent(integration, 'TenantNotAllowed');
  });

  it('gets nothing in a new namespace of the same name', async () => {
    const integration = await TestIntegration.create(fixture);
    await integration.settled('True');
    const token = await integration.token();
    await integration.authenticate(token);
    await fixture.admin.delete(NAMESPACES, { name: integration.namespace });
    await eventually(() =>
      fixture.admin.create(NAMESPACES, { metadata: { name: integration.namespace } }, TEST_MANAGER),
    );
    await integration.apply();
    await integration.settled('False', 'TenantNotAllowed');
    expect(await integration.authenticate(token)).toBeUndefined();
  });

  it('gets nothing if it pins the id of another integration', async () => {
    const holder = await TestIntegration.create(fixture);
    const { status } = await holder.settled('True');
    const namespace = await createNamespace(fixture.admin, 'tenant');
    const integration = await TestIntegration.createIn(fixture, namespace, {
      integrationId: status?.integrationId ?? '',
    });
    await integration.settled('False', 'IntegrationIdConflict');
    expect(await holder.authenticate(await holder.token())).toBeDefined();
  });
});
