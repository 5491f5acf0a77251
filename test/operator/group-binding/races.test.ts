/** An operator works with stale caches, or a write in the middle fails. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SCIM_TENANTS } from '../../../src/crd/names.ts';
import type { KubeGroupBinding, KubeTenant } from '../../../src/crd/objects.ts';
import { Client } from '../../../src/kube/client.ts';
import { Connection, loadKubeConfig } from '../../../src/kube/connection.ts';
import { ApiError } from '../../../src/kube/errors.ts';
import type { RoleBinding } from '../../../src/kube/objects.ts';
import {
  type KubeObject,
  NAMESPACES,
  type ResourceDefinition,
  ROLE_BINDINGS,
} from '../../../src/kube/resource.ts';
import { createLogger } from '../../../src/logger.ts';
import { Contentions } from '../../../src/operator/contentions.ts';
import { FollowedGroups } from '../../../src/operator/group-binding/followed-groups.ts';
import { createGroupBindingReconcile } from '../../../src/operator/group-binding/reconcile.ts';
import { TEST_MANAGER } from '../../support/kube/cluster.ts';
import { operatorContext } from '../../support/operator/context.ts';
import { useOperator } from '../../support/operator/fixture.ts';
import {
  BINDING_RULES,
  NAMING,
  People,
  STAFF,
  TestGroupBinding,
} from '../../support/operator/group-bindings.ts';
import { createTenant, deleteTenant } from '../../support/operator/tenants.ts';

const log = createLogger('silent');

/** Refuses to write RoleBindings of some names. */
class FailingClient extends Client {
  failing = /^$/;

  override apply<T extends KubeObject>(resource: ResourceDefinition, object: T, manager: string) {
    if (this.failing.test(object.metadata.name))
      return Promise.reject(new ApiError(500, 'the API server has a bad day'));
    return super.apply(resource, object, manager);
  }
}

const fixture = useOperator({ rules: BINDING_RULES });
let connection: Connection;
let client: FailingClient;
beforeAll(() => {
  connection = new Connection(loadKubeConfig(fixture.kubeconfig));
  client = new FailingClient(connection);
});
afterAll(() => connection.close());

/** An operator whose caches contain the present state and are not updated. */
async function operatorOf(binding: TestGroupBinding) {
  let now = 0;
  const contentions = new Contentions(() => now);
  const context = { ...operatorContext({ client, store: fixture.store }), contentions };
  const { caches } = context;
  const look = async () => {
    caches.groupBindings.replace([await binding.get()]);
    caches.namespaces.replace([await fixture.admin.get(NAMESPACES, { name: binding.namespace })]);
    caches.tenants.replace((await fixture.admin.list<KubeTenant>(SCIM_TENANTS)).items ?? []);
    caches.roleBindings.replace(await binding.roleBindings());
  };
  await look();
  const reconcile = createGroupBindingReconcile(context, new FollowedGroups(), NAMING);
  return {
    look,
    caches,
    reconcile: () => reconcile(binding.key, { log }),
    pass: (milliseconds: number) => {
      now += milliseconds;
    },
  };
}

async function staffed(
  spec: Partial<KubeGroupBinding['spec']> = {},
  labels: Readonly<Record<string, string>> = {},
) {
  const binding = await TestGroupBinding.create(fixture.admin, spec, labels);
  const people = new People(fixture.store, spec.tenant ?? binding.namespace);
  await people.add('ann', 'bob');
  return { binding, people, group: await people.group(STAFF, ['ann', 'bob']) };
}

describe('an operator with stale caches', () => {
  it('grants nothing in a tenant that was just revoked, and revokes what it granted', async () => {
    const tenant = await createTenant(fixture.admin, { selector: {} });
    const { binding, people, group } = await staffed({ tenant });
    const operator = await operatorOf(binding);
    await operator.reconcile();
    await binding.binds('scim:ann', 'scim:bob');
    await deleteTenant(fixture.admin, tenant);
    await people.add('cid');
    await people.join(group, 'cid');
    operator.caches.groupBindings.replace([await binding.get()]);
    await operator.reconcile();
    expect(await binding.subjects()).toEqual([]);
    expect(await binding.condition('Ready')).toMatchObject({ reason: 'TenantNotAllowed' });
  });

  it('grants nothing for a ScimGroupBinding that was deleted or recreated', async () => {
    const { binding } = await staffed();
    const operator = await operatorOf(binding);
    await binding.delete();
    await operator.reconcile();
    expect(await binding.roleBindings()).toEqual([]);
    await binding.apply();
    await operator.reconcile();
    expect(await binding.roleBindings()).toEqual([]);
    await operator.look();
    await operator.reconcile();
    await binding.binds('scim:ann', 'scim:bob');
  });

  it('changes nothing when it reconciles again', async () => {
    const { binding } = await staffed();
    const operator = await operatorOf(binding);
    await operator.reconcile();
    const before = await binding.roleBindings();
    await operator.reconcile();
    expect(await binding.roleBindings()).toEqual(before);
  });
});

describe('an operator that may not list namespaces', () => {
  it('checks at least every two minutes whether a namespace still has the label that selects it', async () => {
    const tenant = await createTenant(fixture.admin, {
      selector: { matchLabels: { tier: 'gold' } },
    });
    const { binding } = await staffed({ tenant }, { tier: 'gold' });
    const operator = await operatorOf(binding);
    expect((await operator.reconcile()).requeueAfterMs).toBeGreaterThanOrEqual(600_000);
    operator.caches.namespaces.replace([]);
    operator.caches.groupBindings.replace([await binding.get()]);
    expect((await operator.reconcile()).requeueAfterMs).toBeLessThan(120_000);
    await binding.binds('scim:ann', 'scim:bob');
    const labels = { metadata: { labels: { tier: null } } };
    await fixture.admin.mergePatch(NAMESPACES, { name: binding.namespace }, labels, {
      fieldManager: TEST_MANAGER,
    });
    operator.caches.groupBindings.replace([await binding.get()]);
    await operator.reconcile();
    expect(await binding.subjects()).toEqual([]);
  });
});

describe('a RoleBinding that another client changes after each correction', () => {
  const name = 'scim:group:staff:0';

  /** Disturbs it as often as it is corrected immediately, and once more. */
  async function contend(binding: TestGroupBinding, disturb: () => Promise<unknown>) {
    const operator = await operatorOf(binding);
    await operator.reconcile();
    const look = async () => {
      await operator.look();
      return operator.reconcile();
    };
    for (let n = 0; n < 6; n++) {
      await disturb();
      await look();
    }
    await disturb();
    const { requeueAfterMs = 0 } = await look();
    return { operator, look, requeueAfterMs };
  }

  it('is recreated at growing intervals if it is deleted, but follows the group immediately', async () => {
    const { binding, people, group } = await staffed();
    const remove = () => fixture.admin.delete(ROLE_BINDINGS, { ...binding.key, name });
    const { operator, look, requeueAfterMs } = await contend(binding, remove);
    expect(await binding.roleBindings()).toEqual([]);
    const message = expect.stringContaining(`RoleBinding ${name}: it is deleted repeatedly`);
    const contended = { status: 'True', reason: 'ChangedByOthers', message };
    expect(await binding.condition('Contended')).toMatchObject(contended);
    expect(await binding.condition('Ready')).toMatchObject({ ...contended, status: 'False' });
    expect(requeueAfterMs).toBe(1_000);
    operator.pass(requeueAfterMs);
    await look();
    await binding.binds('scim:ann', 'scim:bob');

    await remove();
    await people.leave(group, 'bob');
    await look();
    await binding.binds('scim:ann');
    operator.pass(600_000);
    await look();
    expect(await binding.condition('Contended')).toBeUndefined();
    expect(await binding.condition('Ready')).toMatchObject({ status: 'True' });
  });

  it('never gives the role to a user who is added, and is reported as contended', async () => {
    const { binding } = await staffed();
    const user = (each: string) => ({
      apiGroup: 'rbac.authorization.k8s.io',
      kind: 'User',
      name: each,
    });
    const subjects = ['scim:ann', 'scim:bob', 'mallory'].map(user);
    await contend(binding, () =>
      fixture.admin.mergePatch(
        ROLE_BINDINGS,
        { ...binding.key, name },
        { subjects },
        { fieldManager: TEST_MANAGER },
      ),
    );
    await binding.binds('scim:ann', 'scim:bob');
    expect(await binding.condition('Contended')).toMatchObject({
      message: expect.stringContaining(`subjects is changed repeatedly, last by ${TEST_MANAGER}`),
    });
    expect(await binding.condition('Ready')).toMatchObject({ status: 'True' });
  });
});

describe('a RoleBinding to another role', () => {
  it("is recreated if it has the name, the labels and the owner of the operator's own", async () => {
    const { binding } = await staffed();
    const operator = await operatorOf(binding);
    await operator.reconcile();
    const [made] = await binding.roleBindings();
    if (made === undefined) throw new Error('there is none');
    const { name, labels = {}, ownerReferences = [], uid } = made.metadata;
    const metadata = { namespace: binding.namespace, name, labels, ownerReferences };
    await fixture.admin.delete(ROLE_BINDINGS, { ...binding.key, name });
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'admin' };
    const { subjects = [] } = made;
    await fixture.admin.create<RoleBinding>(ROLE_BINDINGS, { metadata, roleRef, subjects }, 'test');
    await operator.look();
    await operator.reconcile();
    const [after] = await binding.roleBindings();
    expect(after).toMatchObject({ roleRef: { kind: 'Role', name: 'reader' }, subjects });
    expect(after?.metadata.uid).not.toBe(uid);
  });
});

describe("when one RoleBinding can't be written,", () => {
  it('users in the others still lose the role if they should, and nobody else does', async () => {
    const { binding, people, group } = await staffed();
    const names = Array.from({ length: 1_998 }, (_, n) => `u${String(n).padStart(4, '0')}`);
    await people.add(...names);
    await people.join(group, ...names);
    const operator = await operatorOf(binding);
    await operator.reconcile();
    await operator.look();
    const [first = [], second = []] = (await binding.roleBindings()).map(({ subjects = [] }) =>
      subjects.map(({ name }) => name.replace('scim:', '')),
    );
    expect([first.length, second.length]).toEqual([1_000, 1_000]);
    const [one = '', two = ''] = [first[5], second[5]];
    await people.changeUser(one, { active: false });
    await people.changeUser(two, { active: false });
    client.failing = /:0$/;
    await expect(operator.reconcile()).rejects.toThrow(/bad day/);
    const subjects = await binding.subjects();
    expect(subjects).toHaveLength(1_999);
    expect(subjects).not.toContain(`scim:${two}`);
    expect(await binding.condition('Ready')).toMatchObject({
      status: 'False',
      reason: 'ReconciliationFailed',
    });
    expect(await binding.condition('Reconciling')).toMatchObject({
      reason: 'ProgressingWithRetry',
    });
    client.failing = /^$/;
    await operator.look();
    await operator.reconcile();
    expect(await binding.subjects()).not.toContain(`scim:${one}`);
  });
});
