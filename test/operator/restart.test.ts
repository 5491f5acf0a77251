import type { Registry } from 'prom-client';
import { beforeAll, describe, expect, it } from 'vitest';
import { SCIM_INTEGRATIONS, SCIM_TENANTS } from '../../src/crd/names.ts';
import type { KubeIntegration } from '../../src/crd/objects.ts';
import { keyOf, ROLES } from '../../src/kube/resource.ts';
import { eventually } from '../support/eventually.ts';
import { Lifetime, mortalStore } from '../support/operator/crashing.ts';
import { TestIntegration, useOperator } from '../support/operator/fixture.ts';
import { createTenant, getTenant, integrationIn } from '../support/operator/tenants.ts';
import { TestTokens } from '../support/operator/test-tokens.ts';

const fixture = useOperator();
beforeAll(async () => {
  // The leftovers of other test files would be new to this directory.
  for (const integration of await integrations()) {
    await fixture.admin.delete(SCIM_INTEGRATIONS, keyOf(integration));
  }
  for (const tenant of (await fixture.admin.list(SCIM_TENANTS)).items ?? []) {
    await fixture.admin.delete(SCIM_TENANTS, keyOf(tenant));
  }
});

async function integrations(): Promise<readonly KubeIntegration[]> {
  return (await fixture.admin.list<KubeIntegration>(SCIM_INTEGRATIONS)).items ?? [];
}

async function sum(
  registry: Registry,
  name: string,
  matches: (labels: Partial<Record<string, string | number>>) => boolean,
): Promise<number> {
  const metric = await registry.getSingleMetric(name)?.get();
  const values = metric?.values.filter(({ labels }) => matches(labels)) ?? [];
  return values.reduce((total, { value }) => total + value, 0);
}

describe('a restart', () => {
  it('writes nothing to the cluster or the directory if everything is in place', async () => {
    const first = fixture.start();
    const [ready, disabled, refused] = await Promise.all([
      TestIntegration.create(fixture),
      TestIntegration.create(fixture, { enabled: false }),
      TestIntegration.create(fixture, { tenant: 'somebody-else' }),
    ]);
    const tenant = await createTenant(fixture.admin, { selector: {} });
    const governed = await integrationIn(fixture, tenant);
    const second = await TestIntegration.createIn(fixture, ready.namespace, {}, 'second');
    const rotation = { interval: '720h', overlap: '24h' };
    const rotating = await TestIntegration.create(fixture, { token: { rotation } });
    const existingSecret = { name: 'mine', key: 'key' };
    const existing = await TestIntegration.create(fixture, { token: { existingSecret } });
    await new TestTokens(fixture, existing).keepSecret(
      'mine',
      `kept-by-the-platform-team/${existing.namespace}`,
    );
    await existing.settled('True', 'Succeeded');
    await rotating.settled('True', 'Succeeded');
    await new TestTokens(fixture, rotating).annotate('rotate', 'now');
    await eventually(async () =>
      expect(await rotating.condition('TokenReady')).toMatchObject({ reason: 'Rotating' }),
    );
    await ready.settled('True', 'Succeeded');
    await disabled.settled('True', 'Disabled');
    await refused.settled('False', 'TenantNotAllowed');
    await second.settled('True', 'Succeeded');
    await governed.settled('True', 'Succeeded');
    await eventually(async () =>
      expect((await getTenant(fixture.admin, tenant)).status?.integrations).toBe(1),
    );
    // No integration waits for the second owner reference, and stopping the operator drops what is
    // queued.
    await eventually(async () => {
      const key = { namespace: ready.namespace, name: 'SCIMProvisioner' };
      expect((await fixture.admin.get(ROLES, key)).metadata.ownerReferences).toHaveLength(2);
    });
    await first.stop();
    const before = await integrations();

    const life = new Lifetime();
    const next = fixture.start({ store: mortalStore(fixture.store, life) });
    await eventually(async () => {
      const { registry } = next;
      const name = 'controller_runtime_reconcile_total';
      const of = (controller: string) =>
        sum(registry, name, (each) => each.controller === controller);
      expect(await of('scimintegration')).toBeGreaterThanOrEqual(before.length);
      expect(await of('scimprovisioner-role')).toBeGreaterThanOrEqual(3);
      expect(await of('scimtenant')).toBeGreaterThanOrEqual(1);
    });
    await next.stop();
    const isWrite = ({ method }: { method?: string | number }) => method !== 'GET';
    expect(await sum(next.registry, 'rest_client_requests_total', isWrite)).toBe(0);
    expect(life.writes).toEqual([]);
    expect(await integrations()).toEqual(before);
  });
});
