/**
 * The operator ends every role that it gave, whatever happens to the ScimGroupBinding. It reports
 * RoleBindings that others created and leaves them alone.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { parseExposition } from '../../../hack/process/exposition.ts';
import { SCIM_GROUP_BINDINGS } from '../../../src/crd/names.ts';
import type { RoleBinding } from '../../../src/kube/objects.ts';
import {
  CLUSTER_ROLES,
  EVENTS,
  type KubeObject,
  ROLE_BINDINGS,
} from '../../../src/kube/resource.ts';
import { captureLog } from '../../support/captured-log.ts';
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

const fixture = useOperator({ rules: BINDING_RULES });

const running = new Set<ReturnType<OperatorFixture['start']>>();
async function stop() {
  await Promise.all([...running].map((operator) => operator.stop()));
  running.clear();
}
afterEach(stop);
function start(options: StartOptions = FOLLOWING) {
  const operator = fixture.start({ sweepIntervalMs: 200, ...options });
  running.add(operator);
  return operator;
}

const manager = { fieldManager: TEST_MANAGER };
const RBAC = 'rbac.authorization.k8s.io';

/** Puts Ann and Bob into the group Staff and waits until they have the role. */
async function given(options: StartOptions = FOLLOWING) {
  start(options);
  const binding = await TestGroupBinding.create(fixture.admin);
  const people = new People(fixture.store, binding.namespace);
  await people.add('ann', 'bob');
  const group = await people.group(STAFF, ['ann', 'bob']);
  await binding.binds('scim:ann', 'scim:bob');
  return { binding, people, group };
}

const finalizers = (binding: TestGroupBinding, list: readonly string[] | null) =>
  fixture.admin.mergePatch(
    SCIM_GROUP_BINDINGS,
    binding.key,
    { metadata: { finalizers: list } },
    manager,
  );

const isGone = (binding: TestGroupBinding) =>
  eventually(() => expect(binding.get()).rejects.toThrow(/404/));

/**
 * Does what the garbage collector does for `kubectl delete --cascade=orphan`. A running operator
 * would correct it.
 */
async function orphan(binding: TestGroupBinding) {
  const bare = { metadata: { ownerReferences: null } };
  for (const { metadata } of await bound(binding))
    await fixture.admin.mergePatch(
      ROLE_BINDINGS,
      { ...binding.key, name: metadata.name },
      bare,
      manager,
    );
  await binding.delete();
  await isGone(binding);
}

/** All RoleBindings of the namespace that give the Role, whatever their name. */
async function bound({ client, namespace }: TestGroupBinding): Promise<readonly RoleBinding[]> {
  const { items } = await client.list<RoleBinding>(ROLE_BINDINGS, { namespace });
  return (items ?? []).filter(({ roleRef }) => roleRef?.name === READER.name);
}
const nobodyHas = (binding: TestGroupBinding) =>
  eventually(async () =>
    expect((await bound(binding)).flatMap(({ subjects = [] }) => subjects)).toEqual([]),
  );

const sample = async ({ registry }: ReturnType<OperatorFixture['start']>, name: string) =>
  parseExposition(await registry.metrics()).find((each) => each.name === name)?.value;

describe('a role is revoked', () => {
  it('if its ScimGroupBinding is deleted and orphans its dependents', async () => {
    const { binding } = await given();
    await finalizers(binding, ['orphan']);
    await binding.delete();
    await isGone(binding);
    await nobodyHas(binding);
  });

  it('if its ScimGroupBinding is deleted but held by a finalizer', async () => {
    const { binding } = await given();
    await finalizers(binding, ['example.com/wait']);
    await binding.delete();
    await nobodyHas(binding);
    const { status } = await binding.settled('False', 'Terminating');
    expect(status).toMatchObject({ members: 0, roleBindings: 0 });
    await finalizers(binding, null);
  });

  it('if its ScimGroupBinding orphaned the RoleBinding while no operator ran', async () => {
    const { binding } = await given();
    await stop();
    await orphan(binding);
    expect(await bound(binding)).toHaveLength(1);
    start();
    await nobodyHas(binding);
  });

  it("from users who don't get it from the next ScimGroupBinding of that name", async () => {
    const { binding, people } = await given();
    await stop();
    await orphan(binding);
    await people.changeUser('ann', { active: false });
    await binding.apply();
    start();
    await binding.binds('scim:bob');
    expect(await bound(binding)).toHaveLength(1);
    await binding.settled('True', 'Succeeded');
  });

  it('even if a finalizer holds the RoleBinding', async () => {
    const { binding } = await given();
    const [made] = await bound(binding);
    const key = { namespace: binding.namespace, name: made?.metadata.name ?? '' };
    const hold = (list: readonly string[] | null) =>
      fixture.admin.mergePatch(ROLE_BINDINGS, key, { metadata: { finalizers: list } }, manager);
    await hold(['example.com/wait']);
    await binding.delete();
    await nobodyHas(binding);
    await hold(null);
    await eventually(async () => expect(await bound(binding)).toEqual([]));
  });

  it('even if its RoleBinding lost its labels and its owner', async () => {
    const { binding } = await given();
    await stop();
    const [made] = await bound(binding);
    const key = { namespace: binding.namespace, name: made?.metadata.name ?? '' };
    const bare = { metadata: { labels: null, ownerReferences: null } };
    await fixture.admin.mergePatch(ROLE_BINDINGS, key, bare, manager);
    await binding.delete();
    start();
    await nobodyHas(binding);
  });

  it('if the operator no longer follows groups', async () => {
    const { binding } = await given();
    await stop();
    start({});
    await nobodyHas(binding);
  });

  it('if its namespace is no longer watched, but only by the operator that gave it', async () => {
    const { binding } = await given();
    await stop();
    const elsewhere = { ...FOLLOWING, watchNamespaces: [fixture.namespace] };
    const other = start({ ...elsewhere, installation: 'another' });
    await eventually(async () =>
      expect(await sample(other, 'scim_operator_left_role_bindings')).toBe(0),
    );
    expect(await binding.subjects()).toEqual(['scim:ann', 'scim:bob']);
    await stop();
    start(elsewhere);
    await nobodyHas(binding);
  });
});

describe("a role that can't be revoked", () => {
  it('is reported in the log and a metric until it is', async () => {
    const { binding } = await given();
    await stop();
    const rule = await denyWrites(fixture.admin, binding.namespace, ROLE_BINDINGS, ['DELETE']);
    await eventually(async () => {
      const metadata = { namespace: binding.namespace, name: 'another' };
      const another: RoleBinding = { metadata, roleRef: { apiGroup: RBAC, ...READER } };
      await fixture.admin.apply(ROLE_BINDINGS, another, TEST_MANAGER);
      await expect(fixture.admin.delete(ROLE_BINDINGS, metadata)).rejects.toThrow(/not here/);
    });
    const { log, lines } = captureLog();
    const operator = start({ log });
    await eventually(async () =>
      expect(await sample(operator, 'scim_operator_left_role_bindings')).toBe(1),
    );
    const told = await eventually(() => {
      const found = lines.filter(({ msg }) => /could not be deleted/.test(msg));
      expect(found).toHaveLength(1);
      return found;
    });
    expect(JSON.stringify(told)).toContain(`${binding.namespace}/scim:group:staff:0: `);
    expect(JSON.stringify(told)).toContain(rule.name);
    await rule.remove();
    await nobodyHas(binding);
    await eventually(async () =>
      expect(await sample(operator, 'scim_operator_left_role_bindings')).toBe(0),
    );
  });

  it('is counted if the operator lacks the permission', async () => {
    const { binding } = await given();
    await stop();
    const own = { name: fixture.namespace };
    const without = BINDING_RULES.map((rule) =>
      rule.resources.includes('rolebindings')
        ? { ...rule, verbs: rule.verbs.filter((verb) => verb !== 'delete') }
        : rule,
    );
    await fixture.admin.mergePatch(CLUSTER_ROLES, own, { rules: without }, manager);
    const { namespace } = binding;
    const user = userOf({ namespace: fixture.namespace, name: fixture.namespace });
    const action = { namespace, verb: 'delete', group: RBAC, resource: 'rolebindings' };
    await eventually(async () => expect(await mayDo(fixture.admin, user, action)).toBe(false));
    // The metric also counts what other tests left.
    const operator = start({});
    await eventually(async () =>
      expect(await sample(operator, 'scim_operator_left_role_bindings')).toBeGreaterThan(0),
    );
    expect(await binding.subjects()).toEqual(['scim:ann', 'scim:bob']);
    await fixture.admin.mergePatch(CLUSTER_ROLES, own, { rules: BINDING_RULES }, manager);
    await nobodyHas(binding);
  });
});

describe('a RoleBinding that the operator did not create', () => {
  it('is reported by the ScimGroupBinding that its name refers to, and left alone', async () => {
    const operator = start();
    const binding = await TestGroupBinding.create(fixture.admin, {
      group: { displayName: 'nobody' },
    });
    const foreign: RoleBinding = {
      metadata: { namespace: binding.namespace, name: `scim:group:${binding.name}:7` },
      roleRef: { apiGroup: RBAC, ...READER },
      subjects: [{ apiGroup: RBAC, kind: 'User', name: 'mallory' }],
    };
    await binding.settled('False', 'GroupNotFound');
    const made = await fixture.admin.create(ROLE_BINDINGS, foreign, TEST_MANAGER);
    await eventually(async () =>
      expect(await binding.condition('ForeignRoleBindings')).toMatchObject({
        status: 'True',
        reason: 'ObjectConflict',
        message: expect.stringContaining(foreign.metadata.name),
      }),
    );
    await eventually(async () =>
      expect(await sample(operator, 'scim_operator_foreign_role_bindings')).toBe(1),
    );
    const { namespace } = binding;
    await eventually(async () => {
      const { items } = await fixture.admin.list<KubeObject & { reason?: string }>(EVENTS, {
        namespace,
      });
      expect((items ?? []).filter(({ reason }) => reason === 'ObjectConflict')).toHaveLength(1);
    });
    const people = new People(fixture.store, namespace);
    await people.add('ann');
    await people.group({ displayName: 'nobody' }, ['ann']);
    await binding.settled('False', 'ObjectConflict');
    await binding.binds('scim:ann');
    await binding.delete();
    await eventually(async () => {
      const versions = (await bound(binding)).map(({ metadata }) => metadata.resourceVersion);
      expect(versions).toEqual([made.metadata.resourceVersion]);
    });
    expect(await sample(operator, 'scim_operator_foreign_role_bindings')).toBe(1);
    await fixture.admin.delete(ROLE_BINDINGS, foreign.metadata);
    await eventually(async () =>
      expect(await sample(operator, 'scim_operator_foreign_role_bindings')).toBe(0),
    );
  });

  it('is left alone even if it is a copy with all labels and annotations', async () => {
    const { binding } = await given();
    const [made] = await bound(binding);
    if (made?.roleRef === undefined) throw new Error('there is none');
    const { labels = {}, annotations = {} } = made.metadata;
    const { roleRef, subjects = [] } = made;
    for (const name of ['copy', 'scim:group:staff:5']) {
      const metadata = { namespace: binding.namespace, name, labels, annotations };
      await fixture.admin.create<RoleBinding>(
        ROLE_BINDINGS,
        { metadata, roleRef, subjects },
        TEST_MANAGER,
      );
    }
    await binding.settled('False', 'ObjectConflict');
    await binding.delete();
    await eventually(async () =>
      expect((await bound(binding)).map(({ metadata }) => metadata.name)).toEqual([
        'copy',
        'scim:group:staff:5',
      ]),
    );
  });
});
