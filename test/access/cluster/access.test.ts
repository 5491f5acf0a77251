/** Who may do what, and why, with the operator's own permissions and the API server's decisions. */
import { beforeAll, describe, expect, it } from 'vitest';
import { type Access, createAccess } from '../../../src/access/access.ts';
import type { Identity } from '../../../src/access/identity.ts';
import { SCIM_TENANTS } from '../../../src/crd/names.ts';
import { DIRECTORY_API_GROUP } from '../../../src/directory/permissions.ts';
import { Client } from '../../../src/kube/client.ts';
import { Connection, loadKubeConfig } from '../../../src/kube/connection.ts';
import { type KubeObject, ROLE_BINDINGS, ROLES } from '../../../src/kube/resource.ts';
import { CONSOLE_RULES } from '../../../src/operator/rbac.ts';
import { eventually } from '../../support/eventually.ts';
import { createNamespace, TEST_MANAGER } from '../../support/kube/cluster.ts';
import { unique, useOperator } from '../../support/operator/fixture.ts';
import {
  BINDING_RULES,
  FOLLOWING,
  NAMING,
  People,
  TestGroupBinding,
} from '../../support/operator/group-bindings.ts';
import { createTenant, deleteTenant, label } from '../../support/operator/tenants.ts';

const fixture = useOperator({ rules: [...BINDING_RULES, ...CONSOLE_RULES], starts: FOLLOWING });
const ADA = 'ada@acme.example';
const RBAC = 'rbac.authorization.k8s.io';

let now = 0;
let access: Access;
const client = () => new Client(new Connection(loadKubeConfig(fixture.kubeconfig)));
beforeAll(() => {
  const { store } = fixture;
  access = createAccess({ client: client(), store, naming: NAMING, clock: () => now });
});

const namespacesOf = async (of: Access, tenant: string) =>
  (await of.tenants()).find(({ name }) => name === tenant)?.namespaces ?? [];

/** Lets what was read before be forgotten. */
const later = () => {
  now += 10_000;
};

const readUsers = (namespace: string) => ({
  verb: 'list',
  group: DIRECTORY_API_GROUP,
  resource: 'users',
  namespace,
});

const becomes = (identity: Identity, namespace: string, allowed: boolean) =>
  eventually(async () => {
    later();
    expect(await access.mayEach(identity, [readUsers(namespace)])).toEqual([allowed]);
  });

/** A namespace with its own tenant, in which Ada is in Engineering and Bob isn't. */
async function tenantOf(prefix: string) {
  const namespace = await createNamespace(fixture.admin, prefix);
  const people = new People(fixture.store, namespace);
  await people.add(ADA, 'bob');
  await people.group({ displayName: 'Engineering' }, [ADA]);
  const rules = [{ apiGroups: [DIRECTORY_API_GROUP], resources: ['users'], verbs: ['list'] }];
  await fixture.admin.create(
    ROLES,
    { metadata: { namespace, name: 'viewer' }, rules } as KubeObject,
    TEST_MANAGER,
  );
  later();
  const identityOf = async (userName: string) => {
    const identity = await access.identityOf(namespace, people.idOf(userName));
    if (identity === undefined) throw new Error(`${userName} is nobody`);
    return identity;
  };
  return { namespace, people, ada: await identityOf(ADA), bob: await identityOf('bob') };
}

/** As `kubectl create rolebinding` does it. */
const bind = (namespace: string, kind: 'User' | 'Group', name: string) =>
  fixture.admin.create(
    ROLE_BINDINGS,
    {
      metadata: { namespace, name: 'by-hand' },
      roleRef: { apiGroup: RBAC, kind: 'Role', name: 'viewer' },
      subjects: [{ apiGroup: RBAC, kind, name }],
    } as KubeObject,
    TEST_MANAGER,
  );

describe('a role', () => {
  it('that somebody binds to the group of a tenant works for the members, and says why', async () => {
    const { namespace, ada, bob } = await tenantOf('acme');
    expect(await access.mayEach(ada, [readUsers(namespace)])).toEqual([false]);
    await bind(namespace, 'Group', `scim:${namespace}:Engineering`);
    await becomes(ada, namespace, true);
    expect(await access.mayEach(bob, [readUsers(namespace)])).toEqual([false]);
    expect(await access.explain(ada, namespace)).toEqual([
      {
        binding: { kind: 'RoleBinding', name: 'by-hand' },
        role: { kind: 'Role', name: 'viewer' },
        subject: { kind: 'Group', name: `scim:${namespace}:Engineering` },
        groupBinding: undefined,
        rules: [expect.objectContaining({ resources: ['users'], verbs: ['list'] })],
      },
    ]);
    expect(await access.explain(bob, namespace)).toEqual([]);
  });

  it('of a ScimGroupBinding works for the members, and says why', async () => {
    const { namespace, people, ada, bob } = await tenantOf('acme');
    const binding = new TestGroupBinding(fixture.admin, namespace);
    await binding.apply({
      group: { displayName: 'Engineering' },
      roleRef: { kind: 'Role', name: 'viewer' },
    });
    await becomes(ada, namespace, true);
    expect(await access.mayEach(bob, [readUsers(namespace)])).toEqual([false]);
    expect(await access.explain(ada, namespace)).toMatchObject([
      { groupBinding: binding.name, subject: { kind: 'User', name: `scim:${ADA}` } },
    ]);
    await people.changeUser(ADA, { active: false });
    expect(await access.identityOf(namespace, people.idOf(ADA))).toBeUndefined();
    await becomes(ada, namespace, false);
  });

  it('of a person in one tenant is of no use to one of the same name in another', async () => {
    const [acme, globex] = [await tenantOf('acme'), await tenantOf('globex')];
    await bind(acme.namespace, 'User', `scim:${ADA}`);
    await becomes(acme.ada, acme.namespace, true);
    expect(globex.ada.user).toBe(acme.ada.user);
    const everywhere = ['', acme.namespace, globex.namespace].map(readUsers);
    expect(await access.mayEach(globex.ada, everywhere)).toEqual([false, false, false]);
    expect(await access.mayEach(acme.ada, everywhere)).toEqual([false, true, false]);
    expect(await access.explain(globex.ada, acme.namespace)).toEqual([]);
    expect(await access.explain(acme.ada, acme.namespace)).toHaveLength(1);
    // A token's holder belongs to no tenant.
    const { user, groups } = acme.ada;
    expect(await access.mayEach({ user, groups }, everywhere)).toEqual([false, true, false]);
  });
});

describe('a tenant', () => {
  it('belongs to the namespace of its name until a ScimTenant says otherwise', async () => {
    const own = await createNamespace(fixture.admin, 'tenant');
    const named = await createNamespace(fixture.admin, 'team');
    const [key, binds] = [unique('team'), unique('binds')];
    const selected = await createNamespace(fixture.admin, 'team', { [key]: 'x' });
    const binding = await createNamespace(fixture.admin, 'team', { [binds]: '' });
    later();
    expect(await namespacesOf(access, own)).toEqual([own]);
    const infoOf = async () => (await access.tenants()).find(({ name }) => name === own);
    const info = { name: own, displayName: own, namespaces: [own], bindingNamespaces: [own] };
    expect(await infoOf()).toEqual({ ...info, isUsed: false });
    await createTenant(
      fixture.admin,
      { names: [named, 'missing'], selector: { matchLabels: { [key]: 'x' } } },
      own,
    );
    const spec = {
      displayName: 'Acme',
      bindingNamespaces: { selector: { matchLabels: { [binds]: '' } } },
    };
    await fixture.admin.mergePatch(SCIM_TENANTS, { name: own }, { spec }, { fieldManager: 'test' });
    later();
    expect(await infoOf()).toEqual({
      name: own,
      displayName: 'Acme',
      namespaces: [named, selected].toSorted(),
      bindingNamespaces: [named, selected, binding].toSorted(),
      isUsed: true,
    });
    await label(fixture.admin, selected, { [key]: null });
    later();
    expect(await namespacesOf(access, own)).toEqual([named]);
    await eventually(async () =>
      expect((await fixture.store.integrations.tenantHistory(own)).governed).toBe(true),
    );
    await deleteTenant(fixture.admin, own);
    later();
    expect(await namespacesOf(access, own)).toEqual([]);
  });

  it('of another namespace of that name belongs to nobody', async () => {
    const namespace = await createNamespace(fixture.admin, 'tenant');
    const owner = { clusterUid: 'other', namespaceUid: 'other' };
    await fixture.store.integrations.claim(namespace, owner);
    later();
    expect(await namespacesOf(access, namespace)).toEqual([]);
    expect(await namespacesOf(access, 'never-used')).toEqual([]);
  });

  it('is found in the watched namespaces only', async () => {
    const [one, two] = [
      await createNamespace(fixture.admin, 'watched'),
      await createNamespace(fixture.admin, 'other'),
    ];
    const watching = createAccess({
      client: client(),
      store: fixture.store,
      naming: NAMING,
      watchNamespaces: [one, 'missing'],
    });
    expect(await namespacesOf(watching, one)).toEqual([one]);
    expect(await namespacesOf(watching, two)).toEqual([]);
  });
});
