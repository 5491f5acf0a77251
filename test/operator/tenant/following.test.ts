import { describe, expect, it } from 'vitest';
import { SCIM_TENANTS } from '../../../src/crd/names.ts';
import { EVENTS, type KubeObject, SECRETS } from '../../../src/kube/resource.ts';
import { eventually } from '../../support/eventually.ts';
import { createNamespace, TEST_MANAGER } from '../../support/kube/cluster.ts';
import { TestIntegration, useOperator } from '../../support/operator/fixture.ts';
import {
  changeTenant,
  createTenant,
  deleteTenant,
  doorOf,
  getTenant,
  integrationIn,
  label,
  recreateNamespace,
} from '../../support/operator/tenants.ts';

const fixture = useOperator({ starts: {} });

const refusalsOf = async ({ namespace }: TestIntegration) => {
  type Event = KubeObject & { reason: string };
  const { items } = await fixture.admin.list<Event>(EVENTS, { namespace });
  return (items ?? []).filter(({ reason }) => reason === 'TenantNotAllowed');
};

/** Loses the right and regains it, with the same endpoint and token and a single event. */
async function expectLostAndRegained(
  integration: TestIntegration,
  lose: () => Promise<void>,
  regain: () => Promise<unknown>,
): Promise<void> {
  const door = await doorOf(fixture, integration);
  expect(await door.answer()).toBe('open');
  await lose();
  await door.becomes('not allowed');
  await integration.settled('False', 'TenantNotAllowed');
  expect(await integration.condition('Stalled')).toMatchObject({ reason: 'TenantNotAllowed' });
  expect(await integration.token()).toBe(door.token);
  await eventually(async () => expect(await refusalsOf(integration)).toHaveLength(1));
  await regain();
  await door.becomes('open');
  const after = await doorOf(fixture, integration);
  expect(after).toMatchObject({ id: door.id, token: door.token });
  expect(await integration.condition('Stalled')).toBeUndefined();
}

describe('a ScimTenant', () => {
  it('allows its tenant to a namespace that it names and to one that it selects, but to no other', async () => {
    const chosen = await createNamespace(fixture.admin, 'team');
    const tenant = await createTenant(fixture.admin, {
      names: [chosen],
      selector: { matchLabels: { team: 'chosen' } },
    });
    const named = await TestIntegration.createIn(fixture, chosen, { tenant });
    const selected = await integrationIn(fixture, tenant, { team: 'chosen' });
    const other = await integrationIn(fixture, tenant, { team: 'other' });
    for (const integration of [named, selected]) {
      const door = await doorOf(fixture, integration);
      expect(door.tenant).toBe(tenant);
      expect(await door.answer()).toBe('open');
      expect((await integration.get()).status?.endpoint).toContain(
        `/api/v1/${tenant}/integrations/`,
      );
    }
    await other.settled('False', 'TenantNotAllowed');
    await expect(other.secret()).rejects.toThrow(/404/);
  });

  it('with an empty selector allows its tenant to every namespace', async () => {
    const tenant = await createTenant(fixture.admin, { selector: {} });
    await (await integrationIn(fixture, tenant)).settled('True', 'Succeeded');
  });

  it('shows the integrations that use it, without those that are not allowed', async () => {
    const tenant = await createTenant(fixture.admin, {
      selector: { matchExpressions: [{ key: 'team', operator: 'In', values: ['a', 'b'] }] },
    });
    const integration = await integrationIn(fixture, tenant, { team: 'a' });
    const second = await TestIntegration.createIn(
      fixture,
      integration.namespace,
      { tenant },
      'second',
    );
    await (await integrationIn(fixture, tenant, { team: 'c' })).settled('False');
    await integration.settled('True');
    await second.settled('True');
    await eventually(async () =>
      expect((await getTenant(fixture.admin, tenant)).status).toMatchObject({
        observedGeneration: 1,
        namespaces: 1,
        integrations: 2,
        integrationRefs: [integration.key, second.key],
        conditions: [{ type: 'Ready', status: 'True', reason: 'Succeeded' }],
      }),
    );
    await second.delete();
    await label(fixture.admin, integration.namespace, { team: 'c' });
    await eventually(async () =>
      expect((await getTenant(fixture.admin, tenant)).status).toMatchObject({
        namespaces: 0,
        integrations: 0,
      }),
    );
  });
});

describe('the status of a ScimTenant', () => {
  it('is left alone if another operator has written it, until something changes', async () => {
    const namespace = await createNamespace(fixture.admin, 'team');
    const tenant = await createTenant(fixture.admin, { names: [namespace] });
    const integration = await TestIntegration.createIn(fixture, namespace, { tenant });
    const shows = (integrationRefs: readonly object[]) =>
      eventually(async () =>
        expect((await getTenant(fixture.admin, tenant)).status).toMatchObject({ integrationRefs }),
      );
    await integration.settled('True', 'Succeeded');
    await shows([integration.key]);
    const theirs = { status: { integrationRefs: [] } };
    const options = { fieldManager: 'another', subresource: 'status' } as const;
    // The last changes of the integration may still cause a write.
    await eventually(async () => {
      await fixture.admin.mergePatch(SCIM_TENANTS, { name: tenant }, theirs, options);
      // The operator sees their write before this integration, so it would have reacted to it by
      // then.
      await (await TestIntegration.create(fixture)).settled('True', 'Succeeded');
      const { status } = await getTenant(fixture.admin, tenant);
      expect(status).toMatchObject({ integrationRefs: [] });
    });
    await changeTenant(fixture.admin, tenant, { names: [namespace, 'another'] });
    await shows([integration.key]);
  });
});

describe('a right is lost immediately, and regained with the same token,', () => {
  it('when a namespace loses its label and gets it again', async () => {
    const tenant = await createTenant(fixture.admin, {
      selector: { matchLabels: { team: 'a' } },
    });
    const integration = await integrationIn(fixture, tenant, { team: 'a' });
    await expectLostAndRegained(
      integration,
      () => label(fixture.admin, integration.namespace, { team: null }),
      () => label(fixture.admin, integration.namespace, { team: 'a' }),
    );
  });

  it('when a ScimTenant names other namespaces and then this one again', async () => {
    const tenant = await createTenant(fixture.admin, { names: [] });
    const integration = await integrationIn(fixture, tenant);
    await integration.settled('False', 'TenantNotAllowed');
    await eventually(async () => expect(await refusalsOf(integration)).toHaveLength(1));
    await changeTenant(fixture.admin, tenant, { names: [integration.namespace] });
    const door = await doorOf(fixture, integration);
    await changeTenant(fixture.admin, tenant, { names: ['somebody-else'] });
    await door.becomes('not allowed');
    await changeTenant(fixture.admin, tenant, { names: ['x', integration.namespace] });
    await door.becomes('open');
  });

  it('when a ScimTenant is deleted and recreated', async () => {
    const tenant = await createTenant(fixture.admin, { selector: {} });
    const integration = await integrationIn(fixture, tenant);
    await expectLostAndRegained(
      integration,
      () => deleteTenant(fixture.admin, tenant),
      () => createTenant(fixture.admin, { names: [integration.namespace] }, tenant),
    );
  });

  it('when a ScimTenant takes the tenant from the namespace of its name', async () => {
    const integration = await TestIntegration.create(fixture);
    await expectLostAndRegained(
      integration,
      async () => {
        await createTenant(fixture.admin, { names: ['somebody-else'] }, integration.namespace);
      },
      () => changeTenant(fixture.admin, integration.namespace, { names: [integration.namespace] }),
    );
  });

  it('when a ScimTenant is being deleted', async () => {
    const tenant = await createTenant(fixture.admin, { selector: {} });
    const door = await doorOf(fixture, await integrationIn(fixture, tenant));
    const setFinalizers = (finalizers: readonly string[] | null) =>
      fixture.admin.mergePatch(
        SCIM_TENANTS,
        { name: tenant },
        { metadata: { finalizers } },
        { fieldManager: TEST_MANAGER },
      );
    await setFinalizers(['example.com/wait']);
    await deleteTenant(fixture.admin, tenant);
    await door.becomes('not allowed');
    await setFinalizers(null);
  });

  it('but a token still ends if its Secret is deleted in between', async () => {
    const tenant = await createTenant(fixture.admin, { selector: { matchLabels: { team: 'a' } } });
    const integration = await integrationIn(fixture, tenant, { team: 'a' });
    const door = await doorOf(fixture, integration);
    await label(fixture.admin, integration.namespace, { team: null });
    await integration.settled('False', 'TenantNotAllowed');
    const { namespace } = integration;
    await fixture.admin.delete(SECRETS, { namespace, name: 'idp-scim-token' });
    await door.becomes('unauthorized');
    await label(fixture.admin, integration.namespace, { team: 'a' });
    expect((await doorOf(fixture, integration)).token).not.toBe(door.token);
    expect(await door.answer()).toBe('unauthorized');
  });
});

describe('a tenant that a ScimTenant has governed', () => {
  it('is not allowed to the namespace of its name any more once the ScimTenant is deleted', async () => {
    const integration = await TestIntegration.create(fixture);
    const tenant = integration.namespace;
    const door = await doorOf(fixture, integration);
    await createTenant(fixture.admin, { names: [tenant] }, tenant);
    await eventually(async () =>
      expect((await getTenant(fixture.admin, tenant)).status?.observedGeneration).toBe(1),
    );
    expect(await door.answer()).toBe('open');
    await deleteTenant(fixture.admin, tenant);
    await door.becomes('not allowed');
    await integration.settled('False', 'TenantNotAllowed');
    expect((await integration.condition('Ready'))?.message).toMatch(/was governed/);
  });

  it('is not allowed to the first integration that is created after the ScimTenant was deleted', async () => {
    const namespace = await createNamespace(fixture.admin, 'tenant');
    await createTenant(fixture.admin, { names: [] }, namespace);
    await eventually(async () =>
      expect((await getTenant(fixture.admin, namespace)).status?.observedGeneration).toBe(1),
    );
    await deleteTenant(fixture.admin, namespace);
    const integration = await TestIntegration.createIn(fixture, namespace);
    await integration.settled('False', 'TenantNotAllowed');
    await expect(integration.secret()).rejects.toThrow(/404/);
  });
});

describe('a namespace that is recreated', () => {
  it('gets nothing of the tenant of its name, even after a ScimTenant was created and deleted', async () => {
    const integration = await TestIntegration.create(fixture);
    const door = await doorOf(fixture, integration);
    await recreateNamespace(fixture.admin, integration.namespace);
    await door.becomes('unauthorized');
    await integration.apply({ integrationId: door.id });
    await integration.settled('False', 'TenantNotAllowed');
    await expect(integration.secret()).rejects.toThrow(/404/);
    await createTenant(fixture.admin, { names: ['somebody-else'] }, integration.namespace);
    await deleteTenant(fixture.admin, integration.namespace);
    expect(await door.answer()).toBe('unauthorized');
    await integration.settled('False', 'TenantNotAllowed');
  });

  it('gets the tenant with a new token if a ScimTenant allows it', async () => {
    const integration = await TestIntegration.create(fixture);
    const door = await doorOf(fixture, integration);
    await recreateNamespace(fixture.admin, integration.namespace);
    await integration.apply();
    await integration.settled('False', 'TenantNotAllowed');
    await createTenant(fixture.admin, { names: [integration.namespace] }, integration.namespace);
    const next = await doorOf(fixture, integration);
    expect(next.id).not.toBe(door.id);
    expect(next.token).not.toBe(door.token);
    expect(await door.answer()).toBe('unauthorized');
  });

  it('is not selected by the labels of its predecessor', async () => {
    const tenant = await createTenant(fixture.admin, { selector: { matchLabels: { team: 'a' } } });
    const integration = await integrationIn(fixture, tenant, { team: 'a' });
    const door = await doorOf(fixture, integration);
    await recreateNamespace(fixture.admin, integration.namespace);
    await integration.apply({ tenant });
    await integration.settled('False', 'TenantNotAllowed');
    expect(await door.answer()).toBe('unauthorized');
  });
});
