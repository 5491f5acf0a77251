import { describe, expect, it } from 'vitest';
import { SCIM_GROUP_BINDINGS } from '../../../src/crd/names.ts';
import { ROLE_BINDINGS } from '../../../src/kube/resource.ts';
import { eventually } from '../../support/eventually.ts';
import { TEST_MANAGER } from '../../support/kube/cluster.ts';
import { useOperator } from '../../support/operator/fixture.ts';
import {
  BINDING_RULES,
  BindingProbe,
  FOLLOWING,
  mayRead,
  People,
  READER,
} from '../../support/operator/group-bindings.ts';

const fixture = useOperator({ rules: BINDING_RULES, starts: FOLLOWING });

/** Puts Ann and Bob into the group Staff of the tenant that has the name of the namespace. */
async function staffed() {
  const probe = await BindingProbe.create(fixture.admin);
  const people = new People(fixture.store, probe.namespace);
  await people.add('Ann', 'bob', 'cid');
  const staff = await people.group({ displayName: 'Staff' }, ['Ann', 'bob']);
  await probe.binds('scim:Ann', 'scim:bob');
  return { probe, people, staff };
}

const manager = { fieldManager: TEST_MANAGER };

describe('the members of a group', () => {
  it('have the role while they are in it', async () => {
    const { probe, people, staff } = await staffed();
    const may = (user: string) => mayRead(fixture.admin, probe.namespace, user);
    const becomes = (user: string, allowed: boolean) =>
      eventually(async () => expect(await may(user)).toBe(allowed));
    await becomes('scim:Ann', true);
    expect(await may('scim:ann')).toBe(false);
    expect(await may('Ann')).toBe(false);
    expect(await may('scim:cid')).toBe(false);
    await people.join(staff, 'cid');
    await becomes('scim:cid', true);
    await people.leave(staff, 'Ann');
    await becomes('scim:Ann', false);
    // The status is written after the RoleBinding.
    await eventually(async () =>
      expect((await probe.get()).status).toEqual({
        observedGeneration: 1,
        directory: expect.objectContaining({ lease: '' }),
        tenant: probe.namespace,
        group: { id: staff, displayName: 'Staff' },
        members: 2,
        roleBindings: 1,
        conditions: expect.arrayContaining([
          expect.objectContaining({ type: 'Ready', status: 'True' }),
        ]),
      }),
    );
    await probe.delete();
    await becomes('scim:bob', false);
    await eventually(async () => expect(await probe.roleBindings()).toEqual([]));
  });

  it('get or lose the role with every change of users and groups', async () => {
    const { probe, people, staff } = await staffed();
    await people.changeUser('bob', { active: false });
    await probe.binds('scim:Ann');
    await people.changeUser('bob', { active: true });
    await probe.binds('scim:Ann', 'scim:bob');
    await people.changeUser('bob', { userName: 'Robert' });
    await probe.binds('scim:Ann', 'scim:Robert');
    const nested = await people.group({ displayName: 'nested' });
    await people.join(staff, nested);
    await people.join(nested, 'cid', 'bob');
    await probe.binds('scim:Ann', 'scim:Robert', 'scim:cid');
    await people.deleteUser('Ann');
    await probe.binds('scim:Robert', 'scim:cid');
    await people.deleteGroup(nested);
    await probe.binds('scim:Robert');
    await people.changeGroup(staff, { displayName: 'Crew' });
    await probe.binds();
    const { status } = await probe.settled('False', 'GroupNotFound');
    expect(status).toMatchObject({ members: 0, roleBindings: 0 });
    expect(status?.group).toBeUndefined();
    expect(await probe.condition('Reconciling')).toMatchObject({ status: 'True' });
    await people.changeGroup(staff, { displayName: 'STAFF' });
    await probe.binds('scim:Robert');
    await people.deleteGroup(staff);
    await probe.binds();
    await people.group({ displayName: 'staff' }, ['cid']);
    await probe.binds('scim:cid');
    await probe.settled('True', 'Succeeded');
    expect(await probe.condition('Reconciling')).toBeUndefined();
  });

  it('never get a name that Kubernetes reserves', async () => {
    const { probe, people, staff } = await staffed();
    const reserved = ['system:admin', 'System:masters', 'system:serviceaccount:kube-system:x'];
    await people.add(...reserved);
    await people.join(staff, ...reserved, 'cid');
    await probe.binds('scim:Ann', 'scim:bob', 'scim:cid');
    await eventually(async () =>
      expect((await probe.condition('Ready'))?.message).toMatch(/: 3; 3 more never get a role/),
    );
  });

  it('are those of another group when the ScimGroupBinding refers to it', async () => {
    const { probe, people } = await staffed();
    await people.group({ displayName: 'Other', externalId: 'e-1' }, ['cid']);
    await fixture.admin.mergePatch(
      SCIM_GROUP_BINDINGS,
      probe.key,
      { spec: { group: { displayName: null, externalId: 'e-1' } } },
      manager,
    );
    await probe.binds('scim:cid');
    const others = new People(fixture.store, probe.namespace, 'another-idp');
    const twin = await others.group({ displayName: 'Twin', externalId: 'e-1' });
    await probe.binds();
    await probe.settled('False', 'GroupAmbiguous');
    expect(await probe.condition('Stalled')).toMatchObject({ reason: 'GroupAmbiguous' });
    await others.changeGroup(twin, { externalId: 'e-2' });
    await probe.binds('scim:cid');
  });

  it('are bound to a ClusterRole that the operator may bind, and to no other', async () => {
    const { probe, people } = await staffed();
    const cluster = async (name: string) => {
      const other = new BindingProbe(fixture.admin, probe.namespace, `to-${name}`);
      await other.apply({ roleRef: { kind: 'ClusterRole', name } });
      return other;
    };
    await (await cluster('view')).binds('scim:Ann', 'scim:bob');
    const refused = await cluster('admin');
    await refused.settled('False', 'PermissionDenied');
    expect((await refused.condition('Ready'))?.message).toMatch(/may not bind ClusterRole admin/);
    expect(await refused.roleBindings()).toEqual([]);
    const missing = await cluster('no-such-role');
    await missing.settled('False', 'PermissionDenied');
    expect((await missing.condition('Ready'))?.message).toMatch(
      /^ClusterRole no-such-role does not exist, and the operator may not bind one of that name/,
    );
    await people.changeUser('Ann', { active: false });
    await probe.binds('scim:bob');
  });
});

describe('the RoleBindings of a group', () => {
  const nameOf = ({ name }: BindingProbe, index = 0) => `scim:group:${name}:${index}`;

  it('are corrected when another client changes or deletes them', async () => {
    const { probe } = await staffed();
    const { namespace } = probe;
    const key = { namespace, name: nameOf(probe) };
    const patch = (change: object) => fixture.admin.mergePatch(ROLE_BINDINGS, key, change, manager);
    const [made] = await probe.roleBindings();
    expect(made?.metadata).toMatchObject({
      name: 'scim:group:staff:0',
      labels: { 'app.kubernetes.io/managed-by': 'scim-operator' },
    });
    expect(Object.keys(made?.metadata.ownerReferences?.[0] ?? {}).toSorted()).toEqual([
      ...['apiVersion', 'kind', 'name', 'uid'],
    ]);
    await patch({ subjects: [{ kind: 'Group', name: 'system:authenticated' }] });
    await probe.binds('scim:Ann', 'scim:bob');
    await patch({ metadata: { labels: null } });
    await probe.binds('scim:Ann', 'scim:bob');
    await fixture.admin.delete(ROLE_BINDINGS, key);
    await probe.binds('scim:Ann', 'scim:bob');
  });

  it('never include one that another client created, whatever its labels', async () => {
    const probe = new BindingProbe(
      fixture.admin,
      (await BindingProbe.create(fixture.admin, { group: { displayName: 'nobody' } })).namespace,
      'taken',
    );
    const people = new People(fixture.store, probe.namespace);
    await people.add('Ann');
    await people.group({ displayName: 'Staff' }, ['Ann']);
    const foreign = {
      metadata: {
        namespace: probe.namespace,
        name: nameOf(probe),
        labels: {
          'app.kubernetes.io/managed-by': 'scim-operator',
          'scim-operator.dev/group-binding': probe.name,
        },
      },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', ...READER },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'mallory' }],
    };
    const before = await fixture.admin.create(ROLE_BINDINGS, foreign, TEST_MANAGER);
    await probe.apply();
    await probe.settled('False', 'ObjectConflict');
    expect(await fixture.admin.get(ROLE_BINDINGS, foreign.metadata)).toEqual(before);
    await fixture.admin.delete(ROLE_BINDINGS, foreign.metadata);
    await probe.binds('scim:Ann');
  });

  it('change one at a time, and are as few as possible', async () => {
    const { probe, people, staff } = await staffed();
    const names = Array.from({ length: 2_498 }, (_, n) => `user-${String(n).padStart(4, '0')}`);
    await people.add(...names);
    await people.join(staff, ...names);
    const sizes = async () =>
      (await probe.roleBindings()).map(({ subjects = [] }) => subjects.length);
    await eventually(async () => expect(await sizes()).toEqual([1_000, 1_000, 500]));
    const before = await probe.roleBindings();
    await people.leave(staff, 'bob');
    await eventually(async () => expect(await probe.subjects()).toHaveLength(2_499));
    const after = await probe.roleBindings();
    const changed = after.filter(
      ({ metadata }, n) => metadata.resourceVersion !== before[n]?.metadata.resourceVersion,
    );
    expect(changed).toHaveLength(1);
    await eventually(async () =>
      expect((await probe.get()).status).toMatchObject({ members: 2_499, roleBindings: 3 }),
    );
    await people.leave(staff, ...names.slice(0, 2_400));
    await eventually(async () => expect(await sizes()).toEqual([99]));
    await eventually(async () =>
      expect((await probe.get()).status).toMatchObject({ members: 99, roleBindings: 1 }),
    );
  });
});
