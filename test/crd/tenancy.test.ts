import { describe, expect, it } from 'vitest';
import type { KubeTenant } from '../../src/crd/objects.ts';
import type { ScimTenantSpec } from '../../src/crd/scim-tenant.ts';
import { checkTenancy, type TenancyInput } from '../../src/crd/tenancy.ts';

type Namespaces = ScimTenantSpec['namespaces'];

const scimTenant = (
  namespaces: Namespaces,
  deletionTimestamp?: string,
  bindingNamespaces?: Namespaces,
): KubeTenant => ({
  metadata: {
    name: 'acme',
    uid: 'tenant-uid',
    generation: 1,
    resourceVersion: '1',
    ...(deletionTimestamp && { deletionTimestamp }),
  },
  spec: { namespaces, ...(bindingNamespaces && { bindingNamespaces }) },
});

const NEVER_USED = { ownerUid: undefined, governed: false };

/** Checks the namespace acme, which has the name of the tenant, unless another is given. */
function check(changes: Partial<TenancyInput>, namespace: Partial<TenancyInput['namespace']> = {}) {
  return checkTenancy({
    tenant: 'acme',
    use: 'provision',
    namespace: { name: 'acme', uid: 'ns-1', labels: { team: 'a' }, ...namespace },
    scimTenant: undefined,
    history: NEVER_USED,
    ...changes,
  });
}

const refused = (message: RegExp) => ({
  reason: 'TenantNotAllowed',
  message: expect.stringMatching(message),
});

describe('a tenant without a ScimTenant', () => {
  const used = (ownerUid: string) => ({ ownerUid, governed: false });

  it.each([
    ['is allowed to the namespace of its name', NEVER_USED],
    ['is allowed to the namespace of its name that used it before', used('ns-1')],
  ])('%s', (_, history) => {
    expect(check({ history })).toBeUndefined();
  });

  it.each([
    [
      'is refused to a different namespace of its name, be it a later one or in another cluster',
      used('ns-0'),
      /belongs to another namespace of this name/,
    ],
    [
      'is refused even to the namespace of its name if a ScimTenant ever governed it',
      { ownerUid: 'ns-1', governed: true },
      /governed by a ScimTenant that is gone/,
    ],
  ])('%s', (_, history, message) => {
    expect(check({ history })).toEqual(refused(message));
  });

  it('is refused to a namespace of another name, even if it used the tenant before', () => {
    const other = { name: 'globex' };
    expect(check({}, other)).toEqual(refused(/Namespace globex may not use tenant acme/));
    expect(check({ history: used('ns-1') }, other)).toEqual(refused(/may not use/));
  });
});

describe('a tenant with a ScimTenant', () => {
  const byLabel = { matchLabels: { team: 'a' } };

  it.each<[string, Namespaces]>([
    ['is allowed to a namespace that the ScimTenant names', { names: ['globex', 'initech'] }],
    ['is allowed to a namespace that the ScimTenant selects', { selector: byLabel }],
    ['is allowed to a namespace that the ScimTenant names but does not select', namesOnly()],
    [
      'is allowed to a namespace that the ScimTenant selects but does not name',
      { names: [], selector: {} },
    ],
  ])('%s', (_, namespaces) => {
    for (const name of ['globex', 'acme']) {
      const named = { ...namespaces, ...(namespaces.names?.length && { names: [name] }) };
      expect(check({ scimTenant: scimTenant(named) }, { name })).toBeUndefined();
    }
  });

  it.each<[string, Namespaces]>([
    ['is refused if the ScimTenant names and selects nothing', {}],
    [
      'is refused to a namespace that the ScimTenant neither names nor selects',
      { names: ['initech'] },
    ],
    ['is refused to a namespace with other labels', { selector: { matchLabels: { team: 'b' } } }],
    [
      'is refused to a namespace without the label',
      { selector: { matchExpressions: [{ key: 'tier', operator: 'Exists' }] } },
    ],
  ])('%s, even if the namespace has the name of the tenant', (_, namespaces) => {
    for (const name of ['globex', 'acme']) {
      expect(check({ scimTenant: scimTenant(namespaces) }, { name })).toEqual(
        refused(/may not use tenant acme; .* ScimTenant acme$/),
      );
    }
  });

  it.each<[string, Namespaces]>([
    ['named', { names: ['globex'] }],
    ['selected', { selector: byLabel }],
  ])(
    'lets a namespace that is %s only in bindingNamespaces bind groups, but not provision',
    (_, binding) => {
      const tenant = scimTenant({ names: ['acme'] }, undefined, binding);
      const globex = { name: 'globex' };
      expect(check({ scimTenant: tenant, use: 'bind' }, globex)).toBeUndefined();
      expect(check({ scimTenant: tenant }, globex)).toEqual(refused(/in spec\.namespaces of/));
      expect(check({ scimTenant: tenant, use: 'bind' })).toBeUndefined();
      const other = { name: 'initech', labels: {} };
      expect(check({ scimTenant: tenant, use: 'bind' }, other)).toEqual(
        refused(/in spec\.bindingNamespaces or spec\.namespaces of/),
      );
    },
  );

  it('is allowed regardless of who used it before', () => {
    const history = { ownerUid: 'ns-0', governed: true };
    expect(check({ scimTenant: scimTenant({ names: ['acme'] }), history })).toBeUndefined();
  });

  it('is refused if the ScimTenant is being deleted', () => {
    const going = scimTenant({ names: ['acme', 'globex'] }, '2026-01-01T00:00:00Z');
    const history = { ownerUid: undefined, governed: true };
    expect(check({ scimTenant: going, history })).toEqual(refused(/that is gone/));
    expect(check({ scimTenant: going, history }, { name: 'globex' })).toEqual(refused(/may not/));
  });

  it('is refused in the same words whether the ScimTenant exists or not', () => {
    const stranger = { name: 'globex' };
    expect(check({ scimTenant: scimTenant({}) }, stranger)).toEqual(check({}, stranger));
    const history = { ownerUid: 'ns-0', governed: true };
    expect(check({ history }, stranger)).toEqual(check({}, stranger));
  });
});

function namesOnly(): Namespaces {
  return { names: ['globex'], selector: { matchLabels: { team: 'nobody' } } };
}
