import { describe, expect, it } from 'vitest';
import { SCIM_TENANTS } from '../../../src/crd/names.ts';
import { EVENTS, type KubeObject, SECRETS } from '../../../src/kube/resource.ts';
import { eventually } from '../../support/eventually.ts';
import { createNamespace, TEST_MANAGER } from '../../support/kube/cluster.ts';
import { IntegrationProbe, useOperator } from '../../support/operator/fixture.ts';
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

const refusalsOf = async ({ namespace }: IntegrationProbe) => {
  type Event = KubeObject & { reason: string };
  const { items } = await fixture.admin.list<Event>(EVENTS, { namespace });
  return (items ?? []).filter(({ reason }) => reason === 'TenantNotAllowed');
};

/** Loses the right and regains it, with the same endpoint and token and a single event. */
async function expectLostAndRegained(
  probe: IntegrationProbe,
  lose: () => Promise<void>,
  regain: () => Promise<unknown>,
): Promise<void> {
  const door = await doorOf(fixture, probe);
  expect(await door.answer()).toBe('open');
  await lose();
  await door.becomes('not allowed');
  await probe.settled('False', 'TenantNotAllowed');
  expect(await probe.condition('Stalled')).toMatchObject({ reason: 'TenantNotAllowed' });
  expect(await probe.token()).toBe(door.token);
  await eventually(async () => expect(await refusalsOf(probe)).toHaveLength(1));
  await regain();
  await door.becomes('open');
  const after = await doorOf(fixture, probe);
  expect(after).toMatchObject({ id: door.id, token: door.token });
  expect(await probe.condition('Stalled')).toBeUndefined();
}

describe('a ScimTenant', () => {
  it('allows its tenant to a namespace that it names and to one that it selects, but to no other', async () => {
    const chosen = await createNamespace(fixture.admin, 'team');
    const tenant = await createTenant(fixture.admin, {
      names: [chosen],
      selector: { matchLabels: { team: 'chosen' } },
    });
    const named = await IntegrationProbe.createIn(fixture, chosen, { tenant });
    const selected = await integrationIn(fixture, tenant, { team: 'chosen' });
    const other = await integrationIn(fixture, tenant, { team: 'other' });
    for (const probe of [named, selected]) {
      const door = await doorOf(fixture, probe);
      expect(door.tenant).toBe(tenant);
      expect(await door.answer()).toBe('open');
      expect((await probe.get()).status?.endpoint).toContain(`/api/v1/${tenant}/integrations/`);
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
    const probe = await integrationIn(fixture, tenant, { team: 'a' });
    const second = await IntegrationProbe.createIn(fixture, probe.namespace, { tenant }, 'second');
    await (await integrationIn(fixture, tenant, { team: 'c' })).settled('False');
    await probe.settled('True');
    await second.settled('True');
    await eventually(async () =>
      expect((await getTenant(fixture.admin, tenant)).status).toMatchObject({
        observedGeneration: 1,
        namespaces: 1,
        integrations: 2,
        integrationRefs: [probe.key, second.key],
        conditions: [{ type: 'Ready', status: 'True', reason: 'Succeeded' }],
      }),
    );
    await second.delete();
    await label(fixture.admin, probe.namespace, { team: 'c' });
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
    const probe = await IntegrationProbe.createIn(fixture, namespace, { tenant });
    const shows = (integrationRefs: readonly object[]) =>
      eventually(async () =>
        expect((await getTenant(fixture.admin, tenant)).status).toMatchObject({ integrationRefs }),
      );
    await probe.settled('True', 'Succeeded');
    await shows([probe.key]);
    const theirs = { status: { integrationRefs: [] } };
    const options = { fieldManager: 'another', subresource: 'status' } as const;
    // The last changes of the integration may still cause a write.
    await eventually(async () => {
      await fixture.admin.mergePatch(SCIM_TENANTS, { name: tenant }, theirs, options);
      // The operator sees their write before this integration, so it would have reacted to it by
      // then.
      await (await IntegrationProbe.create(fixture)).settled('True', 'Succeeded');
      const { status } = await getTenant(fixture.admin, tenant);
      expect(status).toMatchObject({ integrationRefs: [] });
    });
    await changeTenant(fixture.admin, tenant, { names: [namespace, 'another'] });
    await shows([probe.key]);
  });
});

describe('a right is lost immediately, and regained with the same token,', () => {
  it('when a namespace loses its label and gets it again', async () => {
    const tenant = await createTenant(fixture.admin, {
      selector: { matchLabels: { team: 'a' } },
    });
    const probe = await integrationIn(fixture, tenant, { team: 'a' });
    await expectLostAndRegained(
      probe,
      () => label(fixture.admin, probe.namespace, { team: null }),
      () => label(fixture.admin, probe.namespace, { team: 'a' }),
    );
  });

  it('when a ScimTenant names other namespaces and then this one again', async () => {
    const tenant = await createTenant(fixture.admin, { names: [] });
    const probe = await integrationIn(fixture, tenant);
    await probe.settled('False', 'TenantNotAllowed');
    await eventually(async () => expect(await refusalsOf(probe)).toHaveLength(1));
    await changeTenant(fixture.admin, tenant, { names: [probe.namespace] });
    const door = await doorOf(fixture, probe);
    await changeTenant(fixture.admin, tenant, { names: ['somebody-else'] });
    await door.becomes('not allowed');
    await changeTenant(fixture.admin, tenant, { names: ['x', probe.namespace] });
    await door.becomes('open');
  });

  it('when a ScimTenant is deleted and recreated', async () => {
    const tenant = await createTenant(fixture.admin, { selector: {} });
    const probe = await integrationIn(fixture, tenant);
    await expectLostAndRegained(
      probe,
      () => deleteTenant(fixture.admin, tenant),
      () => createTenant(fixture.admin, { names: [probe.namespace] }, tenant),
    );
  });

  it('when a ScimTenant takes the tenant from the namespace of its name', async () => {
    const probe = await IntegrationProbe.create(fixture);
    await expectLostAndRegained(
      probe,
      async () => {
        await createTenant(fixture.admin, { names: ['somebody-else'] }, probe.namespace);
      },
      () => changeTenant(fixture.admin, probe.namespace, { names: [probe.namespace] }),
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
    const probe = await integrationIn(fixture, tenant, { team: 'a' });
    const door = await doorOf(fixture, probe);
    await label(fixture.admin, probe.namespace, { team: null });
    await probe.settled('False', 'TenantNotAllowed');
    const { namespace } = probe;
    await fixture.admin.delete(SECRETS, { namespace, name: 'idp-scim-token' });
    await door.becomes('unauthorized');
    await label(fixture.admin, probe.namespace, { team: 'a' });
    expect((await doorOf(fixture, probe)).token).not.toBe(door.token);
    expect(await door.answer()).toBe('unauthorized');
  });
});

describe('a tenant that a ScimTenant has governed', () => {
  it('is not allowed to the namespace of its name any more once the ScimTenant is deleted', async () => {
    const probe = await IntegrationProbe.create(fixture);
    const tenant = probe.namespace;
    const door = await doorOf(fixture, probe);
    await createTenant(fixture.admin, { names: [tenant] }, tenant);
    await eventually(async () =>
      expect((await getTenant(fixture.admin, tenant)).status?.observedGeneration).toBe(1),
    );
    expect(await door.answer()).toBe('open');
    await deleteTenant(fixture.admin, tenant);
    await door.becomes('not allowed');
    await probe.settled('False', 'TenantNotAllowed');
    expect((await probe.condition('Ready'))?.message).toMatch(/was governed/);
  });

  it('is not allowed to the first integration that is created after the ScimTenant was deleted', async () => {
    const namespace = await createNamespace(fixture.admin, 'tenant');
    await createTenant(fixture.admin, { names: [] }, namespace);
    await eventually(async () =>
      expect((await getTenant(fixture.admin, namespace)).status?.observedGeneration).toBe(1),
    );
    await deleteTenant(fixture.admin, namespace);
    const probe = await IntegrationProbe.createIn(fixture, namespace);
    await probe.settled('False', 'TenantNotAllowed');
    await expect(probe.secret()).rejects.toThrow(/404/);
  });
});

describe('a namespace that is recreated', () => {
  it('gets nothing of the tenant of its name, even after a ScimTenant was created and deleted', async () => {
    const probe = await IntegrationProbe.create(fixture);
    const door = await doorOf(fixture, probe);
    await recreateNamespace(fixture.admin, probe.namespace);
    await door.becomes('unauthorized');
    await probe.apply({ integrationId: door.id });
    await probe.settled('False', 'TenantNotAllowed');
    await expect(probe.secret()).rejects.toThrow(/404/);
    await createTenant(fixture.admin, { names: ['somebody-else'] }, probe.namespace);
    await deleteTenant(fixture.admin, probe.namespace);
    expect(await door.answer()).toBe('unauthorized');
    await probe.settled('False', 'TenantNotAllowed');
  });

  it('gets the tenant with a new token if a ScimTenant allows it', async () => {
    const probe = await IntegrationProbe.create(fixture);
    const door = await doorOf(fixture, probe);
    await recreateNamespace(fixture.admin, probe.namespace);
    await probe.apply();
    await probe.settled('False', 'TenantNotAllowed');
    await createTenant(fixture.admin, { names: [probe.namespace] }, probe.namespace);
    const next = await doorOf(fixture, probe);
    expect(next.id).not.toBe(door.id);
    expect(next.token).not.toBe(door.token);
    expect(await door.answer()).toBe('unauthorized');
  });

  it('is not selected by the labels of its predecessor', async () => {
    const tenant = await createTenant(fixture.admin, { selector: { matchLabels: { team: 'a' } } });
    const probe = await integrationIn(fixture, tenant, { team: 'a' });
    const door = await doorOf(fixture, probe);
    await recreateNamespace(fixture.admin, probe.namespace);
    await probe.apply({ tenant });
    await probe.settled('False', 'TenantNotAllowed');
    expect(await door.answer()).toBe('unauthorized');
  });
});
