/** The default roles of tenants, kept by an operator under its own permissions and policies. */
import { beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_ROLE_BINDING_PREFIX } from '../../../src/crd/names.ts';
import type { RoleBinding } from '../../../src/kube/objects.ts';
import { type KubeObject, NAMESPACES, ROLE_BINDINGS } from '../../../src/kube/resource.ts';
import type { DefaultRole } from '../../../src/operator/default-role/objects.ts';
import { defaultRoleRules, OPERATOR_RULES } from '../../../src/operator/rbac.ts';
import { eventually } from '../../support/eventually.ts';
import { createNamespace, TEST_MANAGER } from '../../support/kube/cluster.ts';
import { operatorFixture, useOperator } from '../../support/operator/fixture.ts';
import { NAMING } from '../../support/operator/group-bindings.ts';
import { changeTenant, createTenant } from '../../support/operator/tenants.ts';

let roles: readonly DefaultRole[] = [];
const listeners = new Set<() => void>();
const onChange = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};
const defaultRoles = { naming: NAMING, roles: () => roles, onChange };
const configure = (wanted: readonly DefaultRole[]) => {
  roles = wanted;
  for (const listener of listeners) listener();
};

const RULES = [...OPERATOR_RULES, ...defaultRoleRules(['view', 'edit'])];
const fixture = useOperator({
  rules: RULES,
  starts: { defaultRoles },
});
beforeEach(() => {
  configure([]);
});

const bindingsIn = async (namespace: string): Promise<readonly RoleBinding[]> => {
  const { items } = await fixture.admin.list<RoleBinding>(ROLE_BINDINGS, { namespace });
  return (items ?? []).filter(({ metadata }) =>
    metadata.name.startsWith(DEFAULT_ROLE_BINDING_PREFIX),
  );
};

/** Waits until exactly these ClusterRoles are bound to exactly the group of the tenant. */
const untilBound = (namespace: string, tenant: string, ...clusterRoles: readonly string[]) =>
  eventually(async () => {
    const found = await bindingsIn(namespace);
    const bound = found.map(({ roleRef, subjects = [] }) => [
      `${roleRef?.kind} ${roleRef?.name}`,
      ...subjects.map(({ kind, name }) => `${kind} ${name}`),
    ]);
    expect(bound).toEqual(
      clusterRoles.map((name) => [`ClusterRole ${name}`, `Group scim:${tenant}`]),
    );
  });

const tenant = () => createNamespace(fixture.admin, 'tenant');
const nameOf = (name: string, clusterRole = 'view') =>
  `${DEFAULT_ROLE_BINDING_PREFIX}${name}:${clusterRole}`;

describe('a default role', () => {
  it('is bound to everybody in the tenant while a provider has it', async () => {
    const [acme, globex] = [await tenant(), await tenant()];
    configure([{ tenant: acme, clusterRole: 'view' }]);
    await untilBound(acme, acme, 'view');
    expect(await bindingsIn(globex)).toEqual([]);
    configure([
      { tenant: acme, clusterRole: 'edit' },
      { tenant: globex, clusterRole: 'view' },
    ]);
    await untilBound(acme, acme, 'edit');
    await untilBound(globex, globex, 'view');
    configure([]);
    await untilBound(acme, acme);
    await untilBound(globex, globex);
    const { madeObjects } = fixture.store;
    const { metadata } = await fixture.admin.get<KubeObject>(
      { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace', namespaced: false },
      { name: 'kube-system' },
    );
    await eventually(async () =>
      expect(await madeObjects.makers(metadata.uid ?? '', 'DefaultRole')).toEqual([]),
    );
  });

  it('is corrected and restored, but is not taken from somebody else', async () => {
    const [acme, taken] = [await tenant(), await tenant()];
    const theirs = {
      metadata: { namespace: taken, name: nameOf(taken) },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'edit' },
    };
    await fixture.admin.create<RoleBinding>(ROLE_BINDINGS, theirs, TEST_MANAGER);
    configure([acme, taken].map((name) => ({ tenant: name, clusterRole: 'view' })));
    await untilBound(acme, acme, 'view');
    const key = { namespace: acme, name: nameOf(acme) };
    const subjects = [
      { apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'scim:mallory' },
    ];
    await fixture.admin.mergePatch(ROLE_BINDINGS, key, { subjects }, { fieldManager: 'x' });
    await untilBound(acme, acme, 'view');
    await fixture.admin.delete(ROLE_BINDINGS, key);
    await untilBound(acme, acme, 'view');
    configure([]);
    await untilBound(acme, acme);
    expect((await bindingsIn(taken)).map(({ roleRef }) => roleRef?.name)).toEqual(['edit']);
  });

  it('that was never granted leaves what somebody else creates under its name', async () => {
    const acme = await tenant();
    const cluster = await fixture.admin.get(NAMESPACES, { name: 'kube-system' });
    const clusterUid = cluster.metadata.uid ?? '';
    const maker = { clusterUid, kind: 'DefaultRole', namespace: acme, name: acme };
    const untilMade = (count: number) =>
      eventually(async () =>
        expect(await fixture.store.madeObjects.list(maker)).toHaveLength(count),
      );
    // The operator may not bind this one.
    configure([{ tenant: acme, clusterRole: 'admin' }]);
    await untilMade(1);
    const theirs = {
      metadata: { namespace: acme, name: nameOf(acme, 'admin') },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    };
    await fixture.admin.create<RoleBinding>(ROLE_BINDINGS, theirs, TEST_MANAGER);
    configure([]);
    await untilMade(0);
    expect((await bindingsIn(acme)).map(({ roleRef }) => roleRef?.name)).toEqual(['view']);
  });

  it('follows the namespaces that may use the tenant', async () => {
    const [one, two] = [await tenant(), await tenant()];
    const name = await createTenant(fixture.admin, { names: [one] });
    configure([{ tenant: name, clusterRole: 'view' }]);
    await untilBound(one, name, 'view');
    expect(await bindingsIn(two)).toEqual([]);
    await changeTenant(fixture.admin, name, { names: [two] });
    await untilBound(two, name, 'view');
    await untilBound(one, name);
  });

  it('follows the namespaces of a tenant after the look-up of them failed', async () => {
    const own = await operatorFixture(RULES);
    try {
      const [one, two] = [await tenant(), await tenant()];
      const name = await createTenant(own.admin, { names: [one] });
      const role = { tenant: name, clusterRole: 'view' };
      const { store } = own;
      const state = { isAway: false, failures: 0 };
      const madeObjects: typeof store.madeObjects = {
        ...store.madeObjects,
        makers: async (...of) => {
          if (!state.isAway) return store.madeObjects.makers(...of);
          state.failures++;
          throw new Error('away');
        },
      };
      own.start({
        store: { ...store, madeObjects },
        defaultRoles: { naming: NAMING, roles: () => [role], onChange },
      });
      await untilBound(one, name, 'view');
      state.isAway = true;
      await changeTenant(own.admin, name, { names: [two] });
      // The change, and the status that follows it.
      await eventually(() => expect(state.failures).toBeGreaterThan(1));
      state.isAway = false;
      await untilBound(two, name, 'view');
      await untilBound(one, name);
    } finally {
      await own.close();
    }
  });

  it('ends when the operator starts without it', async () => {
    const own = await operatorFixture(RULES);
    try {
      const acme = await createNamespace(own.admin, 'tenant');
      const role = { tenant: acme, clusterRole: 'view' };
      const before = own.start({ defaultRoles: { naming: NAMING, roles: () => [role], onChange } });
      await untilBound(acme, acme, 'view');
      await before.stop();
      own.start();
      await untilBound(acme, acme);
    } finally {
      await own.close();
    }
  });
});
