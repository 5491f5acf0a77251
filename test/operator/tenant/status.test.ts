import { describe, expect, it } from 'vitest';
import type { KubeGroupBinding, KubeIntegration, KubeTenant } from '../../../src/crd/objects.ts';
import { MAX_LISTED_INTEGRATIONS } from '../../../src/crd/scim-tenant.ts';
import { buildTenantStatus } from '../../../src/operator/tenant/status.ts';
import { buildIntegration } from '../../support/operator/integration-objects.ts';

const NOW = new Date('2026-05-06T07:08:09.123Z');
const LATER = new Date('2026-06-07T08:09:10Z');
const TENANT: KubeTenant = {
  metadata: { name: 'acme', uid: 'uid', generation: 3, resourceVersion: '1' },
  spec: { namespaces: {} },
};

const using = (
  namespace: string,
  name = 'okta',
  status: KubeIntegration['status'] = { tenant: 'acme' },
): KubeIntegration => buildIntegration({ metadata: { namespace, name }, status });

const refusal = (type: string) => ({
  type,
  status: 'True' as const,
  reason: 'TenantNotAllowed',
  message: '',
  lastTransitionTime: '2026-01-01T00:00:00Z',
});

const statusOf = (
  integrations: readonly KubeIntegration[],
  groupBindings?: readonly KubeGroupBinding[],
) => buildTenantStatus(TENANT, { integrations, groupBindings, isForNobody: false }, NOW);

const binding = (status: Required<KubeGroupBinding>['status']): KubeGroupBinding => ({
  metadata: { namespace: 'a', name: 'staff', uid: 'uid', generation: 1, resourceVersion: '1' },
  spec: { group: { displayName: 'Staff' }, roleRef: { kind: 'Role', name: 'reader' } },
  status,
});

describe('the status of a ScimTenant', () => {
  it('lists the integrations that use it in order, and is ready', () => {
    const integrations = [using('b'), using('a', 'z'), using('a', 'entra')];
    expect(statusOf(integrations)).toEqual({
      observedGeneration: 3,
      namespaces: 2,
      integrations: 3,
      integrationRefs: [
        { namespace: 'a', name: 'entra' },
        { namespace: 'a', name: 'z' },
        { namespace: 'b', name: 'okta' },
      ],
      conditions: [
        {
          type: 'Ready',
          status: 'True',
          reason: 'Succeeded',
          message: expect.any(String),
          observedGeneration: 3,
          lastTransitionTime: '2026-05-06T07:08:09Z',
        },
      ],
    });
  });

  it.each<[string, KubeIntegration]>([
    ['was never allowed', using('a', 'x', { conditions: [refusal('Stalled')] })],
    ['is no longer allowed', using('a', 'x', { tenant: 'acme', conditions: [refusal('Stalled')] })],
    ['was not reconciled yet', buildIntegration()],
    [
      'is being deleted',
      buildIntegration({
        metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' },
        status: { tenant: 'acme' },
      }),
    ],
  ])('leaves out an integration that %s', (_, integration) => {
    expect(statusOf([integration])).toMatchObject({
      namespaces: 0,
      integrations: 0,
      integrationRefs: [],
    });
  });

  it('counts the ScimGroupBindings that use it if groups are followed', () => {
    expect(statusOf([])).not.toHaveProperty('groupBindings');
    const bindings = [
      binding({ tenant: 'acme' }),
      binding({ tenant: 'acme', conditions: [refusal('Stalled')] }),
      binding({ tenant: 'globex' }),
      binding({}),
    ];
    expect(statusOf([], bindings).groupBindings).toBe(1);
  });

  it('counts all integrations and lists the first hundred', () => {
    const integrations = Array.from({ length: 250 }, (_, index) => using('a', `idp-${index}`));
    const status = statusOf(integrations);
    expect(status.integrations).toBe(250);
    expect(status.integrationRefs).toHaveLength(MAX_LISTED_INTEGRATIONS);
  });

  it('is the same if nothing has changed', () => {
    const status = statusOf([using('a')]);
    const users = { integrations: [using('a')], groupBindings: undefined, isForNobody: false };
    expect(buildTenantStatus({ ...TENANT, status }, users, LATER)).toEqual(status);
  });
});
