import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ScimTenantSpec } from '../../../src/crd/scim-tenant.ts';
import type { IntegrationRecord } from '../../../src/directory/store/integrations.ts';
import { Connection, loadKubeConfig } from '../../../src/kube/connection.ts';
import { enforceTenancy } from '../../../src/operator/tenant/enforce.ts';
import { CLUSTER_UID } from '../../support/operator/context.ts';
import { unique, useOperator } from '../../support/operator/fixture.ts';
import { cutOff } from '../../support/operator/without-api-server.ts';

const fixture = useOperator();
let connection: Connection;
beforeAll(() => {
  connection = new Connection(loadKubeConfig(fixture.kubeconfig));
});
afterAll(() => connection.close());

type Namespaces = ScimTenantSpec['namespaces'];

/**
 * Stores an integration of a tenant for each namespace, and returns which of them keep their right.
 */
async function enforce(
  namespaces: Namespaces | undefined,
  records: Readonly<Record<string, Partial<IntegrationRecord>>>,
  cached: Readonly<Record<string, Readonly<Record<string, string>>>>,
): Promise<Record<string, boolean | undefined>> {
  const { integrations } = fixture.store;
  const tenant = unique('tenant');
  const idOf = (namespace: string) => `${tenant}/${namespace}`;
  for (const [namespace, changes] of Object.entries(records)) {
    await integrations.put({
      ...{ id: idOf(namespace), clusterUid: CLUSTER_UID, namespace, name: tenant, tenant },
      ...{ uid: 'uid', namespaceUid: `uid of ${namespace}`, enabled: true, allowed: true },
      ...{ deletionPolicy: 'Retain', endedAt: undefined },
      ...changes,
    });
  }
  const context = await cutOff(fixture.store, connection);
  for (const [name, labels] of Object.entries(cached))
    context.caches.namespaces.set({ metadata: { name, uid: `uid of ${name}`, labels } });
  if (namespaces !== undefined) {
    const metadata = { name: tenant, uid: 'uid', generation: 1, resourceVersion: '1' };
    context.caches.tenants.set({ metadata, spec: { namespaces } });
  }
  await enforceTenancy(context, tenant);
  const found = await Promise.all(
    Object.keys(records).map(async (name) => [name, (await integrations.get(idOf(name)))?.allowed]),
  );
  return Object.fromEntries(found);
}

describe('the rights of all integrations of a tenant', () => {
  it('end for every namespace that its ScimTenant neither names nor selects, without an API call', async () => {
    const namespaces = { names: ['named'], selector: { matchLabels: { team: 'a' } } };
    const records = { named: {}, selected: {}, unlabelled: {}, other: {} };
    const cached = { named: {}, selected: { team: 'a' }, unlabelled: {}, other: { team: 'b' } };
    expect(await enforce(namespaces, records, cached)).toEqual({
      named: true,
      selected: true,
      unlabelled: false,
      other: false,
    });
  });

  it('end when the ScimTenant is gone', async () => {
    expect(await enforce(undefined, { a: {}, b: {} }, { a: {}, b: {} })).toEqual({
      a: false,
      b: false,
    });
  });

  it('are never granted, and are kept if the namespace is unknown', async () => {
    const records = {
      refused: { allowed: false },
      unknown: {},
      recreated: { namespaceUid: 'another uid' },
      ended: { endedAt: 1 },
    };
    const cached = { refused: {}, recreated: {}, ended: {} };
    expect(await enforce({ names: ['refused'] }, records, cached)).toEqual({
      refused: false,
      unknown: true,
      recreated: true,
      ended: true,
    });
  });
});
