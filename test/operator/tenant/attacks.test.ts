/**
 * The operator must not become a confused deputy for the administrator of one namespace who wants
 * the directory of another tenant.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { serviceAccountKubeconfig } from '../../../hack/operator/install.ts';
import { GROUP, SCIM_INTEGRATIONS, SCIM_TENANTS } from '../../../src/crd/names.ts';
import { Client } from '../../../src/kube/client.ts';
import { Connection, loadKubeConfig } from '../../../src/kube/connection.ts';
import type { Role, RoleBinding } from '../../../src/kube/objects.ts';
import {
  type KubeObject,
  NAMESPACES,
  ROLE_BINDINGS,
  ROLES,
  SECRETS,
  SERVICE_ACCOUNTS,
} from '../../../src/kube/resource.ts';
import { eventually } from '../../support/eventually.ts';
import { untilGranted, userOf } from '../../support/kube/access.ts';
import { createNamespace, TEST_MANAGER } from '../../support/kube/cluster.ts';
import { CLUSTER_UID } from '../../support/operator/context.ts';
import { Lifetime } from '../../support/operator/crashing.ts';
import { TestIntegration, useOperator } from '../../support/operator/fixture.ts';
import { runProcess } from '../../support/operator/process.ts';
import {
  ask,
  createTenant,
  type Door,
  deleteTenant,
  doorOf,
  integrationIn,
  label,
  recreateNamespace,
} from '../../support/operator/tenants.ts';

const fixture = useOperator();
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'scim-operator-attacker-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A client with the permissions of an administrator of one namespace, and none outside of it. */
async function attacker(): Promise<{ client: Client; namespace: string }> {
  const namespace = await createNamespace(fixture.admin, 'attacker');
  const name = 'editor';
  const metadata = { namespace, name };
  const role: Role = {
    metadata,
    rules: [
      { apiGroups: [GROUP, 'rbac.authorization.k8s.io', 'apps'], resources: ['*'], verbs: ['*'] },
      { apiGroups: [''], resources: ['secrets', 'serviceaccounts', 'pods'], verbs: ['*'] },
      { apiGroups: [''], resources: ['namespaces'], verbs: ['get', 'list', 'watch'] },
    ],
  };
  const binding: RoleBinding = {
    metadata,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
    subjects: [{ kind: 'ServiceAccount', namespace, name }],
  };
  await fixture.admin.create(SERVICE_ACCOUNTS, { metadata }, TEST_MANAGER);
  await fixture.admin.create(ROLES, role, TEST_MANAGER);
  await fixture.admin.create(ROLE_BINDINGS, binding, TEST_MANAGER);
  const config = loadKubeConfig(inject('kubeconfig'));
  const path = join(folder, namespace);
  writeFileSync(path, await serviceAccountKubeconfig(fixture.admin, config, namespace, name));
  await untilGranted(fixture.admin, userOf(metadata), [role]);
  return { client: new Client(new Connection(loadKubeConfig(path))), namespace };
}

const recordsIn = async (namespace: string) => {
  const { metadata } = await fixture.admin.get<KubeObject>(NAMESPACES, { name: 'kube-system' });
  const records = await fixture.store.integrations.list(metadata.uid ?? '');
  return records.filter((record) => record.namespace === namespace);
};

describe('an attacker who administers a namespace', () => {
  let victim: TestIntegration;
  let door: Door;
  let mine: { client: Client; namespace: string };
  let stop: () => Promise<void>;
  beforeAll(() => {
    stop = fixture.start().stop;
  });
  afterAll(() => stop());
  beforeEach(async () => {
    const tenant = await createTenant(fixture.admin, { selector: { matchLabels: { team: 'v' } } });
    victim = await integrationIn(fixture, tenant, { team: 'v' });
    door = await doorOf(fixture, victim);
    mine = await attacker();
  });

  const apply = async (spec: NonNullable<Parameters<TestIntegration['apply']>[0]>) => {
    const metadata = { namespace: mine.namespace, name: 'idp' };
    const object = { metadata, spec } as KubeObject;
    await mine.client.apply(SCIM_INTEGRATIONS, object, 'attacker');
    return new TestIntegration(fixture, mine.namespace, 'idp');
  };
  const expectNothing = async (integration: TestIntegration) => {
    await expect(integration.secret()).rejects.toThrow(/404/);
    expect((await integration.get()).status).not.toHaveProperty('endpoint');
    expect(await recordsIn(mine.namespace)).toEqual([]);
    expect(await door.answer()).toBe('open');
  };

  it.each(['its own name', 'the namespace of an integration'])(
    'gets no tenant by naming %s',
    async (which) => {
      const tenant = which === 'its own name' ? door.tenant : victim.namespace;
      const integration = await apply({ tenant });
      await integration.settled('False', 'TenantNotAllowed');
      await expectNothing(integration);
    },
  );

  it('gets no tenant by pinning the id of its integration', async () => {
    const integration = await apply({ tenant: door.tenant, integrationId: door.id });
    await integration.settled('False', 'TenantNotAllowed');
    await expectNothing(integration);
  });

  it('gets nothing by pinning the id of another integration in their own tenant', async () => {
    const integration = await apply({ integrationId: door.id });
    await integration.settled('False', 'IntegrationIdConflict');
    await expectNothing(integration);
    expect(await ask(fixture, mine.namespace, door.id, door.token)).toBe('unauthorized');
  });

  it('gets nothing by writing the id of another integration into a status', async () => {
    const integration = await apply({ tenant: door.tenant });
    await integration.settled('False', 'TenantNotAllowed');
    const status = { tenant: door.tenant, integrationId: door.id, conditions: [] };
    await mine.client.mergePatch(
      SCIM_INTEGRATIONS,
      integration.key,
      { status },
      { fieldManager: 'attacker', subresource: 'status' },
    );
    await integration.settled('False', 'TenantNotAllowed');
    await expect(integration.secret()).rejects.toThrow(/404/);
    expect(await recordsIn(mine.namespace)).toEqual([]);
    expect(await door.answer()).toBe('open');
  });

  it('gets nothing by copying the Secret of another integration with its labels and annotations', async () => {
    const { metadata, data, type } = await victim.secret();
    const { name, labels, annotations } = metadata;
    const copy = {
      metadata: { namespace: mine.namespace, name, labels, annotations },
      data,
      type,
    } as KubeObject;
    await mine.client.create(SECRETS, copy, 'attacker');
    const integration = await apply({});
    await integration.settled('False');
    expect(await recordsIn(mine.namespace)).toEqual([]);
    expect(await ask(fixture, mine.namespace, door.id, door.token)).toBe('unauthorized');
    expect(await door.answer()).toBe('open');
    expect(await victim.token()).toBe(door.token);
  });

  it('gets nothing by recreating an integration for another tenant', async () => {
    const own = await apply({});
    const before = await doorOf(fixture, own);
    await mine.client.delete(SCIM_INTEGRATIONS, own.key);
    const integration = await apply({ tenant: door.tenant });
    await integration.settled('False', 'TenantNotAllowed');
    expect(await ask(fixture, door.tenant, before.id, before.token)).toBe('unauthorized');
    await before.becomes('unauthorized');
    expect(await door.answer()).toBe('open');
  });

  it('can neither label their namespace nor create or change a ScimTenant', async () => {
    await expect(label(mine.client, mine.namespace, { team: 'v' })).rejects.toThrow(/403/);
    const names = [mine.namespace];
    await expect(createTenant(mine.client, { names })).rejects.toThrow(/403/);
    const patch = { spec: { namespaces: { names } } };
    const { tenant: name } = door;
    await expect(
      mine.client.mergePatch(SCIM_TENANTS, { name }, patch, { fieldManager: 'attacker' }),
    ).rejects.toThrow(/403/);
  });
});

describe('an integration that changes faster than the operator works', () => {
  const accepts = async (integration: TestIntegration, tenant: string) => {
    const { namespace, name } = integration;
    const record = await fixture.store.integrations.find({
      clusterUid: CLUSTER_UID,
      namespace,
      name,
    });
    return record?.allowed === true && record.tenant === tenant;
  };
  const reconcile = async (
    integration: TestIntegration,
    interference: Readonly<Record<string, () => Promise<unknown>>>,
  ) => {
    const life = new Lifetime(Number.POSITIVE_INFINITY, interference);
    await runProcess(fixture, integration.namespace, life);
    expect(life.pending).toEqual([]);
  };

  it.each(['put integration', 'add token', 'create Secret', 'patch ScimIntegration status'])(
    'keeps no right that its namespace loses just before a write (%s)',
    async (write) => {
      const tenant = await createTenant(fixture.admin, {
        selector: { matchLabels: { team: 'a' } },
      });
      const integration = await integrationIn(fixture, tenant, { team: 'a' });
      await reconcile(integration, {
        [write]: () => label(fixture.admin, integration.namespace, { team: null }),
      });
      await integration.settled('False', 'TenantNotAllowed');
      expect(await accepts(integration, tenant)).toBe(false);
    },
  );

  it('loses its right before anything else is written, but none of its objects', async () => {
    const tenant = await createTenant(fixture.admin, { selector: { matchLabels: { team: 'a' } } });
    const integration = await integrationIn(fixture, tenant, { team: 'a' });
    await runProcess(fixture, integration.namespace, new Lifetime());
    await integration.settled('True', 'Succeeded');
    await label(fixture.admin, integration.namespace, { team: null });
    const life = new Lifetime();
    await runProcess(fixture, integration.namespace, life);
    expect(life.writes).toEqual(['put integration', 'patch ScimIntegration status']);
    expect(await accepts(integration, tenant)).toBe(false);
  });

  it('keeps no right if the ScimTenant is deleted in the meantime', async () => {
    const tenant = await createTenant(fixture.admin, { selector: {} });
    const integration = await integrationIn(fixture, tenant);
    await reconcile(integration, { 'put integration': () => deleteTenant(fixture.admin, tenant) });
    await integration.settled('False', 'TenantNotAllowed');
    expect(await accepts(integration, tenant)).toBe(false);
    const { governed } = await fixture.store.integrations.tenantHistory(tenant);
    expect(governed).toBe(true);
  });

  it('gets no token in a namespace that was recreated in the meantime', async () => {
    const integration = await TestIntegration.create(fixture);
    await runProcess(fixture, integration.namespace, new Lifetime());
    await integration.settled('True', 'Succeeded');
    const stale = runProcess(fixture, integration.namespace, new Lifetime(), {
      behind: () => recreateNamespace(fixture.admin, integration.namespace),
    });
    await expect(stale).rejects.toThrow(/404/);
    await expect(integration.secret()).rejects.toThrow(/404/);
  });

  it('has another endpoint if it is recreated for another tenant, and its old endpoint ends', async () => {
    const tenant = await createTenant(fixture.admin, { selector: {} });
    const integration = await TestIntegration.create(fixture);
    await runProcess(fixture, integration.namespace, new Lifetime());
    const before = await doorOf(fixture, integration);
    await integration.delete();
    await integration.apply({ tenant });
    await runProcess(fixture, integration.namespace, new Lifetime());
    const after = await doorOf(fixture, integration);
    expect(after.tenant).toBe(tenant);
    expect(after.id).not.toBe(before.id);
    expect(await after.answer()).toBe('open');
    expect(await before.answer()).toBe('unauthorized');
    expect(await ask(fixture, tenant, before.id, before.token)).toBe('unauthorized');
    expect(await fixture.store.integrations.get(before.id)).toMatchObject({
      tenant: before.tenant,
      endedAt: expect.any(Number),
    });
  });

  it('gets no right from a stale cache', async () => {
    const tenant = await createTenant(fixture.admin, { selector: { matchLabels: { team: 'a' } } });
    const integration = await integrationIn(fixture, tenant, { team: 'a' });
    // This happens between the check of the caches and that of the API server.
    const life = new Lifetime();
    await runProcess(fixture, integration.namespace, life, {
      behind: () => label(fixture.admin, integration.namespace, { team: null }),
    });
    expect(life.writes).not.toContain('put integration');
    await eventually(() => integration.settled('False', 'TenantNotAllowed'));
  });
});
