/**
 * The operator ends every role that it gave, whatever happens to the ScimGroupBinding. It reports
 * RoleBindings that others created and leaves them alone.
 */
import { afterEach, describe, expect, it } from 'vitest';
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
import { parseExposition } from '../../support/exposition.ts';
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
  BindingProbe,
  FOLLOWING,
  People,
  READER,
  STAFF,
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
  const probe = await BindingProbe.create(fixture.admin);
  const people = new People(fixture.store, probe.namespace);
  await people.add('ann', 'bob');
  const group = await people.group(STAFF, ['ann', 'bob']);
  await probe.binds('scim:ann', 'scim:bob');
  return { probe, people, group };
}

const finalizers = (probe: BindingProbe, list: readonly string[] | null) =>
  fixture.admin.mergePatch(
    SCIM_GROUP_BINDINGS,
    probe.key,
    { metadata: { finalizers: list } },
    manager,
  );

const isGone = (probe: BindingProbe) =>
  eventually(() => expect(probe.get()).rejects.toThrow(/404/));

/**
 * Does what the garbage collector does for `kubectl delete --cascade=orphan`. A running operator
 * would correct it.
 */
async function orphan(probe: BindingProbe) {
  const bare = { metadata: { ownerReferences: null } };
  for (const { metadata } of await bound(probe))
    await fixture.admin.mergePatch(
      ROLE_BINDINGS,
      { ...probe.key, name: metadata.name },
      bare,
      manager,
    );
  await probe.delete();
  await isGone(probe);
}

/** All RoleBindings of the namespace that give the Role, whatever their name. */
async function bound({ client, namespace }: BindingProbe): Promise<readonly RoleBinding[]> {
  const { items } = await client.list<RoleBinding>(ROLE_BINDINGS, { namespace });
  return (items ?? []).filter(({ roleRef }) => roleRef?.name === READER.name);
}
const nobodyHas = (probe: BindingProbe) =>
  eventually(async () =>
    expect((await bound(probe)).flatMap(({ subjects = [] }) => subjects)).toEqual([]),
  );

const sample = async ({ registry }: ReturnType<OperatorFixture['start']>, name: string) =>
  parseExposition(await registry.metrics()).find((each) => each.name === name)?.value;

describe('a role is revoked', () => {
  it('if its ScimGroupBinding is deleted and orphans its dependents', async () => {
    const { probe } = await given();
    await finalizers(probe, ['orphan']);
    await probe.delete();
    await isGone(probe);
    await nobodyHas(probe);
  });

  it('if its ScimGroupBinding is deleted but held by a finalizer', async () => {
    const { probe } = await given();
    await finalizers(probe, ['example.com/wait']);
    await probe.delete();
    await nobodyHas(probe);
    const { status } = await probe.settled('False', 'Terminating');
    expect(status).toMatchObject({ members: 0, roleBindings: 0 });
    await finalizers(probe, null);
  });

  it('if its ScimGroupBinding orphaned the RoleBinding while no operator ran', async () => {
    const { probe } = await given();
    await stop();
    await orphan(probe);
    expect(await bound(probe)).toHaveLength(1);
    start();
    await nobodyHas(probe);
  });

  it("from users who don't get it from the next ScimGroupBinding of that name", async () => {
    const { probe, people } = await given();
    await stop();
    await orphan(probe);
    await people.changeUser('ann', { active: false });
    await probe.apply();
    start();
    await probe.binds('scim:bob');
    expect(await bound(probe)).toHaveLength(1);
    await probe.settled('True', 'Succeeded');
  });

  it('even if a finalizer holds the RoleBinding', async () => {
    const { probe } = await given();
    const [made] = await bound(probe);
    const key = { namespace: probe.namespace, name: made?.metadata.name ?? '' };
    const hold = (list: readonly string[] | null) =>
      fixture.admin.mergePatch(ROLE_BINDINGS, key, { metadata: { finalizers: list } }, manager);
    await hold(['example.com/wait']);
    await probe.delete();
    await nobodyHas(probe);
    await hold(null);
    await eventually(async () => expect(await bound(probe)).toEqual([]));
  });

  it('even if its RoleBinding lost its labels and its owner', async () => {
    const { probe } = await given();
    await stop();
    const [made] = await bound(probe);
    const key = { namespace: probe.namespace, name: made?.metadata.name ?? '' };
    const bare = { metadata: { labels: null, ownerReferences: null } };
    await fixture.admin.mergePatch(ROLE_BINDINGS, key, bare, manager);
    await probe.delete();
    start();
    await nobodyHas(probe);
  });

  it('if the operator no longer follows groups', async () => {
    const { probe } = await given();
    await stop();
    start({});
    await nobodyHas(probe);
  });

  it('if its namespace is no longer watched, but only by the operator that gave it', async () => {
    const { probe } = await given();
    await stop();
    const elsewhere = { ...FOLLOWING, watchNamespaces: [fixture.namespace] };
    const other = start({ ...elsewhere, installation: 'another' });
    await eventually(async () =>
      expect(await sample(other, 'scim_operator_left_role_bindings')).toBe(0),
    );
    expect(await probe.subjects()).toEqual(['scim:ann', 'scim:bob']);
    await stop();
    start(elsewhere);
    await nobodyHas(probe);
  });
});

describe("a role that can't be revoked", () => {
  it('is reported in the log and a metric until it is', async () => {
    const { probe } = await given();
    await stop();
    const rule = await denyWrites(fixture.admin, probe.namespace, ROLE_BINDINGS, ['DELETE']);
    await eventually(async () => {
      const metadata = { namespace: probe.namespace, name: 'another' };
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
    expect(JSON.stringify(told)).toContain(`${probe.namespace}/scim:group:staff:0: `);
    expect(JSON.stringify(told)).toContain(rule.name);
    await rule.remove();
    await nobodyHas(probe);
    await eventually(async () =>
      expect(await sample(operator, 'scim_operator_left_role_bindings')).toBe(0),
    );
  });

  it('is counted if the operator lacks the permission', async () => {
    const { probe } = await given();
    await stop();
    const own = { name: fixture.namespace };
    const without = BINDING_RULES.map((rule) =>
      rule.resources.includes('rolebindings')
        ? { ...rule, verbs: rule.verbs.filter((verb) => verb !== 'delete') }
        : rule,
    );
    await fixture.admin.mergePatch(CLUSTER_ROLES, own, { rules: without }, manager);
    const { namespace } = probe;
    const user = userOf({ namespace: fixture.namespace, name: fixture.namespace });
    const action = { namespace, verb: 'delete', group: RBAC, resource: 'rolebindings' };
    await eventually(async () => expect(await mayDo(fixture.admin, user, action)).toBe(false));
    // The metric also counts what other tests left.
    const operator = start({});
    await eventually(async () =>
      expect(await sample(operator, 'scim_operator_left_role_bindings')).toBeGreaterThan(0),
    );
    expect(await probe.subjects()).toEqual(['scim:ann', 'scim:bob']);
    await fixture.admin.mergePatch(CLUSTER_ROLES, own, { rules: BINDING_RULES }, manager);
    await nobodyHas(probe);
  });
});

describe('a RoleBinding that the operator did not create', () => {
  it('is reported by the ScimGroupBinding that its name refers to, and left alone', async () => {
    const operator = start();
    const probe = await BindingProbe.create(fixture.admin, { group: { displayName: 'nobody' } });
    const foreign: RoleBinding = {
      metadata: { namespace: probe.namespace, name: `scim:group:${probe.name}:7` },
      roleRef: { apiGroup: RBAC, ...READER },
      subjects: [{ apiGroup: RBAC, kind: 'User', name: 'mallory' }],
    };
    await probe.settled('False', 'GroupNotFound');
    const made = await fixture.admin.create(ROLE_BINDINGS, foreign, TEST_MANAGER);
    await eventually(async () =>
      expect(await probe.condition('ForeignRoleBindings')).toMatchObject({
        status: 'True',
        reason: 'ObjectConflict',
        message: expect.stringContaining(foreign.metadata.name),
      }),
    );
    await eventually(async () =>
      expect(await sample(operator, 'scim_operator_foreign_role_bindings')).toBe(1),
    );
    const { namespace } = probe;
    await eventually(async () => {
      const { items } = await fixture.admin.list<KubeObject & { reason?: string }>(EVENTS, {
        namespace,
      });
      expect((items ?? []).filter(({ reason }) => reason === 'ObjectConflict')).toHaveLength(1);
    });
    const people = new People(fixture.store, namespace);
    await people.add('ann');
    await people.group({ displayName: 'nobody' }, ['ann']);
    await probe.settled('False', 'ObjectConflict');
    await probe.binds('scim:ann');
    await probe.delete();
    await eventually(async () => {
      const versions = (await bound(probe)).map(({ metadata }) => metadata.resourceVersion);
      expect(versions).toEqual([made.metadata.resourceVersion]);
    });
    expect(await sample(operator, 'scim_operator_foreign_role_bindings')).toBe(1);
    await fixture.admin.delete(ROLE_BINDINGS, foreign.metadata);
    await eventually(async () =>
      expect(await sample(operator, 'scim_operator_foreign_role_bindings')).toBe(0),
    );
  });

  it('is left alone even if it is a copy with all labels and annotations', async () => {
    const { probe } = await given();
    const [made] = await bound(probe);
    if (made?.roleRef === undefined) throw new Error('there is none');
    const { labels = {}, annotations = {} } = made.metadata;
    const { roleRef, subjects = [] } = made;
    for (const name of ['copy', 'scim:group:staff:5']) {
      const metadata = { namespace: probe.namespace, name, labels, annotations };
      await fixture.admin.create<RoleBinding>(
        ROLE_BINDINGS,
        { metadata, roleRef, subjects },
        TEST_MANAGER,
      );
    }
    await probe.settled('False', 'ObjectConflict');
    await probe.delete();
    await eventually(async () =>
      expect((await bound(probe)).map(({ metadata }) => metadata.name)).toEqual([
        'copy',
        'scim:group:staff:5',
      ]),
    );
  });
});
