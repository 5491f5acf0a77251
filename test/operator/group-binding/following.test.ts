import { describe, expect, it } from 'vitest';
import { SCIM_GROUP_BINDINGS } from '../../../src/crd/names.ts';
import { ROLE_BINDINGS } from '../../../src/kube/resource.ts';
import { eventually } from '../../support/eventually.ts';
import { TEST_MANAGER } from '../../support/kube/cluster.ts';
import { useOperator } from '../../support/operator/fixture.ts';
import {
  BINDING_RULES,
  FOLLOWING,
  mayRead,
  People,
  READER,
  TestGroupBinding,
} from '../../support/operator/group-bindings.ts';

const fixture = useOperator({ rules: BINDING_RULES, starts: FOLLOWING });

/** Puts Ann and Bob into the group Staff of the tenant that has the name of the namespace. */
async function staffed() {
  const binding = await TestGroupBinding.create(fixture.admin);
  const people = new People(fixture.store, binding.namespace);
  await people.add('Ann', 'bob', 'cid');
  const staff = await people.group({ displayName: 'Staff' }, ['Ann', 'bob']);
  await binding.binds('scim:Ann', 'scim:bob');
  return { binding, people, staff };
}

const manager = { fieldManager: TEST_MANAGER };

describe('the members of a group', () => {
  it('have the role while they are in it', async () => {
    const { binding, people, staff } = await staffed();
    const may = (user: string) => mayRead(fixture.admin, binding.namespace, user);
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
      expect((await binding.get()).status).toEqual({
        observedGeneration: 1,
        directory: expect.objectContaining({ lease: '' }),
        tenant: binding.namespace,
        group: { id: staff, displayName: 'Staff' },
        members: 2,
        roleBindings: 1,
        conditions: expect.arrayContaining([
          expect.objectContaining({ type: 'Ready', status: 'True' }),
        ]),
      }),
    );
    await binding.delete();
    await becomes('scim:bob', false);
    await eventually(async () => expect(await binding.roleBindings()).toEqual([]));
  });

  it('get or lose the role with every change of users and groups', async () => {
    const { binding, people, staff } = await staffed();
    await people.changeUser('bob', { active: false });
    await binding.binds('scim:Ann');
    await people.changeUser('bob', { active: true });
    await binding.binds('scim:Ann', 'scim:bob');
    await people.changeUser('bob', { userName: 'Robert' });
    await binding.binds('scim:Ann', 'scim:Robert');
    const nested = await people.group({ displayName: 'nested' });
    await people.join(staff, nested);
    await people.join(nested, 'cid', 'bob');
    await binding.binds('scim:Ann', 'scim:Robert', 'scim:cid');
    await people.deleteUser('Ann');
    await binding.binds('scim:Robert', 'scim:cid');
    await people.deleteGroup(nested);
    await binding.binds('scim:Robert');
    await people.changeGroup(staff, { displayName: 'Crew' });
    await binding.binds();
    const { status } = await binding.settled('False', 'GroupNotFound');
    expect(status).toMatchObject({ members: 0, roleBindings: 0 });
    expect(status?.group).toBeUndefined();
    expect(await binding.condition('Reconciling')).toMatchObject({ status: 'True' });
    await people.changeGroup(staff, { displayName: 'STAFF' });
    await binding.binds('scim:Robert');
    await people.deleteGroup(staff);
    await binding.binds();
    await people.group({ displayName: 'staff' }, ['cid']);
    await binding.binds('scim:cid');
    await binding.settled('True', 'Succeeded');
    expect(await binding.condition('Reconciling')).toBeUndefined();
  });

  it('never get a name that Kubernetes reserves', async () => {
    const { binding, people, staff } = await staffed();
    const reserved = ['system:admin', 'System:masters', 'system:serviceaccount:kube-system:x'];
    await people.add(...reserved);
    await people.join(staff, ...reserved, 'cid');
    await binding.binds('scim:Ann', 'scim:bob', 'scim:cid');
    await eventually(async () =>
      expect((await binding.condition('Ready'))?.message).toMatch(
        /: 3; members left out, whose names begin with system: 3/,
      ),
    );
  });

  it('are those of another group when the ScimGroupBinding refers to it', async () => {
    const { binding, people } = await staffed();
    await people.group({ displayName: 'Other', externalId: 'e-1' }, ['cid']);
    await fixture.admin.mergePatch(
      SCIM_GROUP_BINDINGS,
      binding.key,
      { spec: { group: { displayName: null, externalId: 'e-1' } } },
      manager,
    );
    await binding.binds('scim:cid');
    const others = new People(fixture.store, binding.namespace, 'another-idp');
    const twin = await others.group({ displayName: 'Twin', externalId: 'e-1' });
    await binding.binds();
    await binding.settled('False', 'GroupAmbiguous');
    expect(await binding.condition('Stalled')).toMatchObject({ reason: 'GroupAmbiguous' });
    await others.changeGroup(twin, { externalId: 'e-2' });
    await binding.binds('scim:cid');
  });

  it('are bound to a ClusterRole that the operator may bind, and to no other', async () => {
    const { binding, people } = await staffed();
    const cluster = async (name: string) => {
      const other = new TestGroupBinding(fixture.admin, binding.namespace, `to-${name}`);
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
    await binding.binds('scim:bob');
  });
});

describe('the RoleBindings of a group', () => {
  const nameOf = ({ name }: TestGroupBinding, index = 0) => `scim:group:${name}:${index}`;

  it('are corrected when another client changes or deletes them', async () => {
    const { binding } = await staffed();
    const { namespace } = binding;
    const key = { namespace, name: nameOf(binding) };
    const patch = (change: object) => fixture.admin.mergePatch(ROLE_BINDINGS, key, change, manager);
    const [made] = await binding.roleBindings();
    expect(made?.metadata).toMatchObject({
      name: 'scim:group:staff:0',
      labels: { 'app.kubernetes.io/managed-by': 'scim-operator' },
    });
    expect(Object.keys(made?.metadata.ownerReferences?.[0] ?? {}).toSorted()).toEqual([
      ...['apiVersion', 'kind', 'name', 'uid'],
    ]);
    await patch({ subjects: [{ kind: 'Group', name: 'system:authenticated' }] });
    await binding.binds('scim:Ann', 'scim:bob');
    await patch({ metadata: { labels: null } });
    await binding.binds('scim:Ann', 'scim:bob');
    await fixture.admin.delete(ROLE_BINDINGS, key);
    await binding.binds('scim:Ann', 'scim:bob');
  });

  it('never include one that another client created, whatever its labels', async () => {
    const binding = new TestGroupBinding(
      fixture.admin,
      (await TestGroupBinding.create(fixture.admin, { group: { displayName: 'nobody' } }))
        .namespace,
      'taken',
    );
    const people = new People(fixture.store, binding.namespace);
    await people.add('Ann');
    await people.group({ displayName: 'Staff' }, ['Ann']);
    const foreign = {
      metadata: {
        namespace: binding.namespace,
        name: nameOf(binding),
        labels: {
          'app.kubernetes.io/managed-by': 'scim-operator',
          'scim-operator.dev/group-binding': binding.name,
        },
      },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', ...READER },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'mallory' }],
    };
    const before = await fixture.admin.create(ROLE_BINDINGS, foreign, TEST_MANAGER);
    await binding.apply();
    await binding.settled('False', 'ObjectConflict');
    expect(await fixture.admin.get(ROLE_BINDINGS, foreign.metadata)).toEqual(before);
    await fixture.admin.delete(ROLE_BINDINGS, foreign.metadata);
    await binding.binds('scim:Ann');
  });

  it('change one at a time, and are as few as possible', async () => {
    const { binding, people, staff } = await staffed();
    const names = Array.from({ length: 2_498 }, (_, n) => `user-${String(n).padStart(4, '0')}`);
    await people.add(...names);
    await people.join(staff, ...names);
    const sizes = async () =>
      (await binding.roleBindings()).map(({ subjects = [] }) => subjects.length);
    await eventually(async () => expect(await sizes()).toEqual([1_000, 1_000, 500]));
    const before = await binding.roleBindings();
    await people.leave(staff, 'bob');
    await eventually(async () => expect(await binding.subjects()).toHaveLength(2_499));
    const after = await binding.roleBindings();
    const changed = after.filter(
      ({ metadata }, n) => metadata.resourceVersion !== before[n]?.metadata.resourceVersion,
    );
    expect(changed).toHaveLength(1);
    await eventually(async () =>
      expect((await binding.get()).status).toMatchObject({ members: 2_499, roleBindings: 3 }),
    );
    await people.leave(staff, ...names.slice(0, 2_400));
    await eventually(async () => expect(await sizes()).toEqual([99]));
    await eventually(async () =>
      expect((await binding.get()).status).toMatchObject({ members: 99, roleBindings: 1 }),
    );
  });
});
