import { describe, expect, it } from 'vitest';
import { rolesByNamespace } from '../../../src/console/roles/by-namespace.ts';
import { isFor, roleOf } from '../../../src/console/roles/group-roles.ts';
import type { KubeGroupBinding } from '../../../src/crd/objects.ts';
import type { RoleBinding } from '../../../src/kube/objects.ts';

const EVERYBODY = 'scim:acme';
const binding = (
  group: KubeGroupBinding['spec']['group'],
  more: { tenant?: string; status?: KubeGroupBinding['status']; generation?: number } = {},
): KubeGroupBinding => ({
  metadata: {
    namespace: 'acme',
    name: 'engineers',
    uid: 'u',
    generation: more.generation ?? 1,
    resourceVersion: '1',
  },
  spec: {
    ...(more.tenant === undefined ? {} : { tenant: more.tenant }),
    group,
    roleRef: { kind: 'ClusterRole', name: 'edit' },
  },
  ...(more.status === undefined ? {} : { status: more.status }),
});
const ready = (status: 'True' | 'False', message = '') => ({
  observedGeneration: 1,
  conditions: [
    { type: 'Ready', status, reason: 'R', message, lastTransitionTime: '2026-11-29T09:00:00Z' },
  ],
});
const roleBinding = (...subjects: { kind: string; name: string }[]): RoleBinding => ({
  metadata: { namespace: 'acme', name: 'by-hand' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'deployer' },
  subjects,
});

describe('a ScimGroupBinding', () => {
  it.each([
    ['is pending before the operator has seen it', {}, 'pending', undefined],
    [
      'is pending while the operator has seen an older generation',
      { status: ready('True'), generation: 2 },
      'pending',
      undefined,
    ],
    [
      'is effective when it is Ready',
      { status: ready('True', 'Members: 2') },
      'effective',
      undefined,
    ],
    [
      'is not effective when it is not Ready, and says why',
      { status: ready('False', 'the group does not exist') },
      'ineffective',
      'the group does not exist',
    ],
  ])('%s', (_, more, state, message) => {
    expect(roleOf(binding({ displayName: 'Engineering' }, more))).toMatchObject({ state, message });
  });

  it('is for a group of its own tenant by name, in any case', () => {
    const group = { id: 'g1', displayName: 'ENGINEERING' };
    expect(isFor(binding({ displayName: 'Engineering' }), 'acme', group)).toBe(true);
    expect(
      isFor(binding({ displayName: 'Engineering' }, { tenant: 'globex' }), 'acme', group),
    ).toBe(false);
    expect(isFor(binding({ displayName: 'Research' }), 'acme', group)).toBe(false);
  });

  it('is for the group that the operator found by its externalId', () => {
    const found = { ...ready('True'), group: { id: 'g1', displayName: 'Engineering' } };
    const group = { id: 'g1', displayName: 'Engineering' };
    expect(isFor(binding({ externalId: 'x' }, { status: found }), 'acme', group)).toBe(true);
    expect(isFor(binding({ externalId: 'x' }), 'acme', group)).toBe(false);
  });
});

describe('the roles of a tenant', () => {
  const receivers = (bindings: KubeGroupBinding[], roleBindings: RoleBinding[]) =>
    rolesByNamespace(['acme', 'acme-dev'], { bindings, roleBindings }, EVERYBODY, []).map(
      ({ namespace, roles }) => [namespace, roles.map(({ receiver }) => receiver)],
    );

  it('include what kubectl has given to a Kubernetes group of the tenant', () => {
    const subjects = [
      { kind: 'Group', name: 'scim:acme:Engineering: Platform' },
      { kind: 'Group', name: 'scim:acme' },
    ];
    expect(receivers([], [roleBinding(...subjects)])).toEqual([
      ['acme', [{ id: undefined, displayName: 'Engineering: Platform' }, 'everybody']],
      ['acme-dev', []],
    ]);
  });

  it('include a default role that the operator has not bound, which is not in effect', () => {
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'viewer' };
    const given = { ...roleBinding({ kind: 'Group', name: 'scim:acme' }), roleRef };
    const found = { bindings: [], roleBindings: [given] };
    const shown = rolesByNamespace(['acme', 'acme-dev'], found, EVERYBODY, ['viewer']).map(
      ({ namespace, roles }) => [
        namespace,
        roles.map(({ state, binding }) => [state, binding.kind]),
      ],
    );
    expect(shown).toEqual([
      ['acme', [['effective', 'RoleBinding']]],
      ['acme-dev', [['ineffective', 'Identity provider']]],
    ]);
  });

  it('leave out users, and groups of other tenants', () => {
    const subjects = [
      { kind: 'User', name: 'scim:acme' },
      { kind: 'Group', name: 'scim:acme-dev' },
      { kind: 'Group', name: 'scim:globex:Engineering' },
      { kind: 'Group', name: 'system:authenticated' },
    ];
    expect(receivers([], [roleBinding(...subjects)])).toEqual([
      ['acme', []],
      ['acme-dev', []],
    ]);
  });

  it('name groups that are bound by externalId as the operator found them', () => {
    const found = { ...ready('True'), group: { id: 'g1', displayName: 'Engineering' } };
    expect(receivers([binding({ externalId: 'x' }, { status: found })], [])[0]).toEqual([
      'acme',
      [{ id: 'g1', displayName: 'Engineering' }],
    ]);
    expect(receivers([binding({ externalId: 'x' })], [])[0]).toEqual([
      'acme',
      [{ externalId: 'x' }],
    ]);
  });
});
