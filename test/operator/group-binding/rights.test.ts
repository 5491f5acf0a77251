/**
 * Roles are not given in a namespace without the right, not changed while the directory is
 * unreachable, and not given to groups of any size.
 */
import Database from 'better-sqlite3';
import { afterEach, describe, expect, it } from 'vitest';
import { startFaultProxy } from '../../../hack/control-plane/fault-proxy.ts';
import { parseExposition } from '../../../hack/process/exposition.ts';
import { SCIM_GROUP_BINDINGS } from '../../../src/crd/names.ts';
import { openDirectory } from '../../../src/directory/open.ts';
import type { MembershipStore } from '../../../src/directory/store/followed-groups.ts';
import type { Store } from '../../../src/directory/store/store.ts';
import { Connection } from '../../../src/kube/connection.ts';
import type { RoleBinding } from '../../../src/kube/objects.ts';
import { CLUSTER_ROLES, ROLE_BINDINGS, ROLES } from '../../../src/kube/resource.ts';
import { unavailable } from '../../../src/scim/error.ts';
import { usePostgres } from '../../support/directory/postgres.ts';
import { useSqlite } from '../../support/directory/sqlite.ts';
import { eventually } from '../../support/eventually.ts';
import { mayDo, userOf } from '../../support/kube/access.ts';
import { denyWrites } from '../../support/kube/admission.ts';
import { TEST_MANAGER } from '../../support/kube/cluster.ts';
import {
  type OperatorFixture,
  type StartOptions,
  useOperator,
} from '../../support/operator/fixture.ts';
import {
  BINDING_RULES,
  FOLLOWING,
  People,
  READER,
  STAFF,
  TestGroupBinding,
} from '../../support/operator/group-bindings.ts';
import { changeTenant, createTenant, deleteTenant, label } from '../../support/operator/tenants.ts';

const fixture = useOperator({ rules: BINDING_RULES });

/**
 * Stops the operators of each test. Two with separate directories would work against each other.
 */
const running = new Set<ReturnType<OperatorFixture['start']>>();
afterEach(async () => {
  await Promise.all([...running].map((operator) => operator.stop()));
  running.clear();
});
function start(options: StartOptions = FOLLOWING) {
  const operator = fixture.start(options);
  running.add(operator);
  return operator;
}

const manager = { fieldManager: TEST_MANAGER };

/** Puts Ann and Bob into the group Staff of the tenant. */
async function staff(store: Store, tenant: string) {
  const people = new People(store, tenant);
  await people.add('ann', 'bob');
  return { people, group: await people.group(STAFF, ['ann', 'bob']) };
}

/** The store with some functions for memberships replaced. */
const withMemberships = (store: Store, memberships: Partial<MembershipStore>): Store => ({
  ...store,
  memberships: { ...store.memberships, ...memberships },
});

describe('a namespace', () => {
  it('has bindings to users of a tenant only as long as it may use that tenant', async () => {
    start();
    const tenant = await createTenant(fixture.admin, { selector: { matchLabels: { team: 'a' } } });
    await staff(fixture.store, tenant);
    const chosen = await TestGroupBinding.create(fixture.admin, { tenant }, { team: 'a' });
    const other = await TestGroupBinding.create(fixture.admin, { tenant }, { team: 'b' });
    await chosen.binds('scim:ann', 'scim:bob');
    const refused = await other.settled('False', 'TenantNotAllowed');
    expect(refused.status).toMatchObject({ members: 0, roleBindings: 0 });
    expect(refused.status?.group).toBeUndefined();
    expect(await other.condition('Stalled')).toMatchObject({ reason: 'TenantNotAllowed' });

    await label(fixture.admin, chosen.namespace, { team: 'b' });
    await chosen.binds();
    await chosen.settled('False', 'TenantNotAllowed');
    await label(fixture.admin, chosen.namespace, { team: 'a' });
    await chosen.binds('scim:ann', 'scim:bob');
    await changeTenant(fixture.admin, tenant, { names: [other.namespace] });
    await other.binds('scim:ann', 'scim:bob');
    await deleteTenant(fixture.admin, tenant);
    await other.binds();
    await chosen.binds();
  });
});

describe('the directory', () => {
  it('leaves roles unchanged while it is unreachable, and the condition says so', async () => {
    const away = { is: false, reads: 0 };
    const failing =
      <A extends unknown[], T>(run: (...args: A) => Promise<T>) =>
      async (...args: A) => {
        if (away.is) throw unavailable(new Error('away'));
        away.reads += 1;
        return run(...args).finally(() => {
          away.reads -= 1;
        });
      };
    const { memberships } = fixture.store;
    const store = withMemberships(fixture.store, {
      read: failing(memberships.read),
      bases: failing(memberships.bases),
    });
    start({ ...FOLLOWING, store });
    const binding = await TestGroupBinding.create(fixture.admin);
    const { people, group } = await staff(fixture.store, binding.namespace);
    await binding.binds('scim:ann', 'scim:bob');
    // The status, which must not change, is written after the RoleBinding.
    await binding.settled('True', 'Succeeded');
    away.is = true;
    // Earlier reads must have finished.
    await eventually(() => expect(away.reads).toBe(0));
    await people.leave(group, 'bob');
    const before = await binding.roleBindings();
    const { status } = await binding.settled('False', 'ReconciliationFailed');
    expect(status).toMatchObject({ members: 2, roleBindings: 1, group: { id: group } });
    expect(await binding.condition('Reconciling')).toMatchObject({ status: 'True' });
    expect(await binding.roleBindings()).toEqual(before);
    away.is = false;
    await binding.binds('scim:ann');
    await binding.settled('True', 'Succeeded');
  });

  it('is also followed if another process writes to it on PostgreSQL', async () => {
    const { store, database, close } = await usePostgres();
    const server = await openDirectory(database.url);
    start({ ...FOLLOWING, store });
    const binding = await TestGroupBinding.create(fixture.admin);
    const { people, group } = await staff(server, binding.namespace);
    await binding.binds('scim:ann', 'scim:bob');
    await people.changeUser('ann', { active: false });
    await binding.binds('scim:bob');
    await people.add('cid');
    await people.join(group, 'cid');
    await binding.binds('scim:bob', 'scim:cid');
    await people.deleteUser('bob');
    await binding.binds('scim:cid');
    await people.deleteGroup(group);
    await binding.binds();
    await server.close();
    await close();
  });

  it('gives nobody the role in a group of 100,000 members until that is smaller', async () => {
    const { store, path, close } = await useSqlite();
    start({ ...FOLLOWING, store });
    const binding = await TestGroupBinding.create(fixture.admin);
    const { people, group } = await staff(store, binding.namespace);
    await binding.binds('scim:ann', 'scim:bob');
    const crowd = await people.group({ displayName: 'crowd' });
    fill(path, binding.namespace, crowd, 100_000);
    await people.join(group, crowd);
    await binding.binds();
    const { status } = await binding.settled('False', 'GroupTooLarge');
    expect(status).toMatchObject({ members: 0, roleBindings: 0, group: { id: group } });
    const ready = await binding.condition('Ready');
    expect(ready?.message).toMatch(/more than 10,000 members.*bind smaller groups/);
    expect(await binding.condition('Stalled')).toMatchObject({ reason: 'GroupTooLarge' });
    await people.leave(group, crowd);
    await binding.binds('scim:ann', 'scim:bob');
    await close();
  });
});

/** Adds members directly in the file, as another program. */
function fill(path: string, tenant: string, group: string, count: number): void {
  const database = new Database(path);
  const numbers = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})`;
  database
    .prepare(
      `INSERT INTO access ${numbers} SELECT ?, 'u' || i, 'g' || i, 'user' || i, 1, x'', '{"userName":"user' || i || '","active":true}', 1, 0, 0 FROM n`,
    )
    .run(tenant);
  database
    .prepare(`INSERT INTO group_members ${numbers} SELECT ?, ?, 'u' || i, 'User' FROM n`)
    .run(tenant, group);
  database.close();
}

describe('a ScimGroupBinding', () => {
  it('is left alone by an operator that does not follow groups', async () => {
    const operator = start({});
    const binding = await TestGroupBinding.create(fixture.admin);
    await staff(fixture.store, binding.namespace);
    const following = start();
    await binding.binds('scim:ann', 'scim:bob');
    const samples = parseExposition(await operator.registry.metrics());
    expect(samples.filter(({ labels }) => labels.resource === 'scimgroupbindings')).toEqual([]);
    const followed = parseExposition(await following.registry.metrics());
    expect(followed.some(({ labels }) => labels.resource === 'scimgroupbindings')).toBe(true);
  });

  it('gets no RoleBinding while it is being deleted', async () => {
    start();
    const binding = await TestGroupBinding.create(fixture.admin);
    const { people } = await staff(fixture.store, binding.namespace);
    await binding.binds('scim:ann', 'scim:bob');
    const finalizers = (list: readonly string[] | null) =>
      fixture.admin.mergePatch(
        SCIM_GROUP_BINDINGS,
        binding.key,
        { metadata: { finalizers: list } },
        manager,
      );
    await finalizers(['example.com/wait']);
    await binding.delete();
    await binding.binds();
    await people.changeUser('ann', { active: false });
    const second = new TestGroupBinding(fixture.admin, binding.namespace, 'second');
    await second.apply();
    await second.binds('scim:bob');
    expect(await binding.roleBindings()).toEqual([]);
    await finalizers(null);
  });

  it('costs no API call and no read of its members at rest', async () => {
    const proxy = await startFaultProxy(fixture.kubeconfig);
    const first = start();
    const binding = await TestGroupBinding.create(fixture.admin);
    const { people } = await staff(fixture.store, binding.namespace);
    await binding.settled('True', 'Succeeded');
    await binding.binds('scim:ann', 'scim:bob');
    running.delete(first);
    await first.stop();
    // Counts for this binding only, because those of other tests are also followed.
    const seen = { looks: 0, reads: 0 };
    const { memberships } = fixture.store;
    const store = withMemberships(fixture.store, {
      bases: (followed) => {
        if (followed.some(({ tenant }) => tenant === binding.namespace)) seen.looks += 1;
        return memberships.bases(followed);
      },
      read: (tenant, ...more) => {
        if (tenant === binding.namespace) seen.reads += 1;
        return memberships.read(tenant, ...more);
      },
    });
    const writes = () =>
      proxy.requests.filter(
        (call) => !call.startsWith('GET') && call.includes(`/namespaces/${binding.namespace}/`),
      );
    const operator = start({ ...FOLLOWING, store, connection: new Connection(proxy.config) });
    // The group is followed only after it was read. Nothing is left to do then.
    await eventually(() => expect(seen.looks).toBeGreaterThan(1));
    const { reads } = seen;
    await people.changeUser('ann', { title: 'Countess' });
    const { looks } = seen;
    await eventually(() => expect(seen.looks).toBeGreaterThan(looks + 3));
    expect([seen.reads, writes()]).toEqual([reads, []]);
    running.delete(operator);
    await operator.stop();
    await proxy.close();
  });
});

describe('if the cluster denies changes of RoleBindings,', () => {
  it('users who leave or are deactivated still lose the role immediately, and others only briefly', async () => {
    start();
    const binding = await TestGroupBinding.create(fixture.admin);
    const { people, group } = await staff(fixture.store, binding.namespace);
    await people.add('cid');
    await people.join(group, 'cid');
    await binding.binds('scim:ann', 'scim:bob', 'scim:cid');
    const update = await denyWrites(fixture.admin, binding.namespace, ROLE_BINDINGS, ['UPDATE']);
    const [made] = await binding.roleBindings();
    const key = { ...binding.key, name: made?.metadata.name ?? '' };
    const touch = { metadata: { annotations: { 'example.com/touched': 'yes' } } };
    const change = () => fixture.admin.mergePatch(ROLE_BINDINGS, key, touch, manager);
    await eventually(() => expect(change()).rejects.toThrow(/not here/));
    await people.leave(group, 'bob');
    await binding.binds('scim:ann', 'scim:cid');
    await people.changeUser('cid', { active: false });
    await binding.binds('scim:ann');
    await binding.settled('True', 'Succeeded');

    const create = await denyWrites(fixture.admin, binding.namespace, ROLE_BINDINGS, ['CREATE']);
    const another = async () => {
      const metadata = { namespace: binding.namespace, name: 'another' };
      const roleRef = { apiGroup: 'rbac.authorization.k8s.io', ...READER };
      await fixture.admin.create<RoleBinding>(ROLE_BINDINGS, { metadata, roleRef }, TEST_MANAGER);
      await fixture.admin.delete(ROLE_BINDINGS, metadata);
    };
    await eventually(() => expect(another()).rejects.toThrow(/not here/));
    await people.changeUser('ann', { userName: 'Ann' });
    await binding.binds();
    await eventually(async () =>
      expect(await binding.condition('Ready')).toMatchObject({
        reason: 'ReconciliationFailed',
        message: expect.stringContaining(create.name),
      }),
    );
    await Promise.all([update.remove(), create.remove()]);
    await eventually(another);
    await people.changeUser('ann', { userName: 'ann' });
    await binding.binds('scim:ann');
    await binding.settled('True', 'Succeeded');
  });
});

describe('an operator that may no longer bind a role', () => {
  const own = () => ({ namespace: fixture.namespace, name: fixture.namespace });
  /** Changes the operator's ClusterRole and waits until that takes effect. */
  async function mayBind({ namespace }: TestGroupBinding, allowed: boolean): Promise<void> {
    const rules = BINDING_RULES.filter(({ verbs }) => allowed || !verbs.includes('bind'));
    await fixture.admin.mergePatch(CLUSTER_ROLES, { name: own().name }, { rules }, manager);
    const bind = { namespace, verb: 'bind', group: 'rbac.authorization.k8s.io', resource: 'roles' };
    await eventually(async () =>
      expect(await mayDo(fixture.admin, userOf(own()), bind)).toBe(allowed),
    );
  }

  it('revokes the role from a user who leaves even if the Role was deleted', async () => {
    start();
    const binding = await TestGroupBinding.create(fixture.admin);
    const { people, group } = await staff(fixture.store, binding.namespace);
    await binding.binds('scim:ann', 'scim:bob');
    await mayBind(binding, false);
    await fixture.admin.delete(ROLES, { ...binding.key, name: READER.name });
    await people.leave(group, 'bob');
    await eventually(async () => expect(await binding.subjects()).not.toContain('scim:bob'));
    await binding.settled('False', 'PermissionDenied');
    await mayBind(binding, true);
  });

  it('still revokes the role from a user who leaves, and names the missing permission', async () => {
    start();
    const binding = await TestGroupBinding.create(fixture.admin);
    const { people, group } = await staff(fixture.store, binding.namespace);
    await binding.binds('scim:ann', 'scim:bob');
    await mayBind(binding, false);
    await people.leave(group, 'bob');
    await eventually(async () => expect(await binding.subjects()).not.toContain('scim:bob'));
    await binding.settled('False', 'PermissionDenied');
    expect((await binding.condition('Ready'))?.message).toMatch(
      /may not bind Role reader .* bind /,
    );
    await mayBind(binding, true);
    await people.changeUser('ann', { userName: 'Ann' });
    await binding.binds('scim:Ann');
  });
});
