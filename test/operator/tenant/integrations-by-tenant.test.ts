import { describe, expect, it } from 'vitest';
import type { KubeIntegration } from '../../../src/crd/objects.ts';
import { ObjectStore } from '../../../src/kube/store.ts';
import { TenantIndex } from '../../../src/operator/tenant/integrations-by-tenant.ts';
import { buildIntegration } from '../../support/operator/integration-objects.ts';

const integration = (name: string, tenant?: string, resourceVersion = '1') =>
  buildIntegration({ metadata: { name, resourceVersion }, spec: tenant ? { tenant } : {} });

function indexed(...integrations: readonly KubeIntegration[]) {
  const store = new ObjectStore<KubeIntegration>();
  const index = new TenantIndex(store);
  store.replace(integrations);
  const names = (tenant: string) =>
    index.integrationsOf(tenant).map(({ metadata }) => metadata.name);
  return { store, index, names };
}

describe('the integrations of a tenant', () => {
  it('are those that name it, and those in the namespace of its name that name no tenant', () => {
    const { names } = indexed(
      integration('a'),
      integration('b', 'globex'),
      integration('c', 'acme'),
    );
    expect(names('acme')).toEqual(['a', 'c']);
    expect(names('globex')).toEqual(['b']);
    expect(names('initech')).toEqual([]);
  });

  it('are the latest versions', () => {
    const { store, index } = indexed(integration('a', 'globex'));
    const changed = integration('a', 'globex', '2');
    store.set(changed);
    expect(index.integrationsOf('globex')).toEqual([changed]);
  });

  it('exclude one that was deleted and one that was recreated for another tenant', () => {
    const { store, names } = indexed(integration('a', 'globex'), integration('b', 'globex'));
    store.delete(integration('a', 'globex'));
    expect(names('globex')).toEqual(['b']);
    store.set(integration('b', 'initech', '2'));
    expect(names('globex')).toEqual([]);
    expect(names('initech')).toEqual(['b']);
  });
});
