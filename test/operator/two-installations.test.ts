/**
 * Two installations with separate directories in one cluster, and operators that only look like
 * one.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ROLE_NAME, SCIM_GROUP_BINDINGS, SCIM_INTEGRATIONS } from '../../src/crd/names.ts';
import { Client } from '../../src/kube/client.ts';
import { Connection, loadKubeConfig } from '../../src/kube/connection.ts';
import {
  EVENTS,
  type KubeObject,
  keyOf,
  type ResourceDefinition,
  ROLES,
} from '../../src/kube/resource.ts';
import { DirectoryMarks } from '../../src/operator/directory-marks.ts';
import { createReconcile } from '../../src/operator/integration/reconcile.ts';
import { createRoleReconcile, type RoleStates } from '../../src/operator/integration/role.ts';
import { captureLog } from '../support/captured-log.ts';
import { eventually } from '../support/eventually.ts';
import { TEST_MANAGER } from '../support/kube/cluster.ts';
import { operatorContext } from '../support/operator/context.ts';
import {
  type OperatorFixture,
  operatorFixture,
  TestIntegration,
  useOperator,
} from '../support/operator/fixture.ts';
import {
  BINDING_RULES,
  FOLLOWING,
  People,
  STAFF,
  TestGroupBinding,
} from '../support/operator/group-bindings.ts';

const first = useOperator({ rules: BINDING_RULES });
let second: OperatorFixture;

/** The leftovers of other tests would belong to another installation. */
async function removeAll(): Promise<void> {
  for (const resource of [SCIM_INTEGRATIONS, SCIM_GROUP_BINDINGS]) {
    const { items } = await first.admin.list<KubeObject>(resource);
    for (const each of items ?? []) await first.admin.delete(resource, keyOf(each));
  }
}

beforeEach(async () => {
  await removeAll();
  second = await operatorFixture(BINDING_RULES);
});
afterEach(() => second.close());

const electedIn = ({ namespace }: OperatorFixture) => ({
  ...FOLLOWING,
  election: {
    namespace,
    identity: undefined,
    leaseDurationMs: 3_000,
    renewDeadlineMs: 2_000,
    retryPeriodMs: 200,
    campaignsAgain: true,
  },
});

async function settledWith({ store }: OperatorFixture): Promise<TestIntegration> {
  const integration = await TestIntegration.create(first);
  await integration.settled('True', 'Succeeded');
  const { status } = await integration.get();
  expect(await store.integrations.get(status?.integrationId ?? '')).toBeDefined();
  return integration;
}

const release = (resource: ResourceDefinition, key: { namespace: string; name: string }) =>
  first.admin.mergePatch(
    resource,
    key,
    { status: { directory: null } },
    { fieldManager: TEST_MANAGER, subresource: 'status' },
  );

describe('a second installation with a directory of its own', () => {
  it("leaves everything to the first and reports it, until the first one's mark is removed", async () => {
    const operator = first.start(electedIn(first));
    const integration = await settledWith(first);
    const binding = await TestGroupBinding.create(first.admin);
    const people = new People(first.store, binding.namespace);
    await people.add('ada');
    await people.group(STAFF, ['ada']);
    await binding.binds('scim:ada');
    const before = await Promise.all([
      integration.get(),
      integration.secret(),
      binding.roleBindings(),
    ]);

    const { log, lines } = captureLog();
    const { registry, unready, stop } = second.start({ ...electedIn(second), log });
    await eventually(async () => {
      expect(unready()).toMatch(/is managed by another installation, with the directory/);
      const left = (await registry.metrics()).match(/other_installation_resources (\d+)/)?.[1];
      expect(Number(left)).toBeGreaterThanOrEqual(2);
    });
    type Event = KubeObject & { readonly reason: string };
    await eventually(async () => {
      const { items } = await first.admin.list<Event>(EVENTS, { namespace: integration.namespace });
      expect((items ?? []).map(({ reason }) => reason)).toContain('OtherInstallation');
    });
    expect(lines.filter(({ level }) => level === 'error')).toHaveLength(1);
    expect(
      await Promise.all([integration.get(), integration.secret(), binding.roleBindings()]),
    ).toEqual(before);
    expect(operator.unready()).toBeUndefined();

    await operator.stop();
    await release(SCIM_INTEGRATIONS, integration.key);
    await release(SCIM_GROUP_BINDINGS, binding.key);
    const { integrationId = '' } = (await integration.get()).status ?? {};
    await eventually(async () =>
      expect(await second.store.integrations.get(integrationId)).toBeDefined(),
    );
    // The second directory has no groups yet.
    await binding.settled('False', 'GroupNotFound');
    // The mark is written last, together with the status.
    await eventually(async () =>
      expect((await integration.get()).status?.directory).toMatchObject({
        lease: expect.stringContaining(second.namespace),
      }),
    );
    await stop();
  });

  it('takes over if it runs without leader election, and the first one stops and reports it', async () => {
    const { log, lines } = captureLog();
    const operator = first.start({ ...FOLLOWING, log });
    const integration = await settledWith(first);
    const other = second.start(FOLLOWING);
    await eventually(() =>
      expect(operator.unready()).toMatch(/is managed by another installation/),
    );
    expect(lines).toContainEqual(expect.objectContaining({ level: 'error' }));
    await integration.patch({ spec: { enabled: false } });
    await integration.settled('True', 'Disabled');
    const { integrationId = '' } = (await integration.get()).status ?? {};
    expect(await second.store.integrations.get(integrationId)).toMatchObject({ enabled: false });
    await eventually(() => expect(other.unready()).toBeUndefined());
    await Promise.all([operator.stop(), other.stop()]);
  });
});

describe('an integration of another installation', () => {
  /**
   * The reconcilers of an installation with another directory, which has seen the current state.
   */
  async function strangerOf(integration: TestIntegration) {
    const connection = new Connection(loadKubeConfig(first.kubeconfig));
    const context = operatorContext({ client: new Client(connection), store: second.store });
    const { log } = captureLog();
    const { status } = await integration.get();
    const clusterUid = status?.directory?.cluster ?? '';
    const lease = `${second.namespace}/scim-operator`;
    const directoryKey = second.store.cursorKey;
    const marks = new DirectoryMarks({ directoryKey, clusterUid, lease, log });
    const stranger = { ...context, clusterUid, marks };
    const { caches } = stranger;
    return {
      /** Runs every reconciler once. */
      look: async () => {
        caches.integrations.replace([await integration.get()]);
        const states: RoleStates = { get: () => undefined, set: () => undefined };
        const { namespace } = integration;
        const roles = createRoleReconcile(stranger, states);
        await roles({ namespace, name: ROLE_NAME }, { log });
        const integrations = createReconcile(stranger, states, () => undefined);
        await integrations(integration.key, { log });
      },
      close: () => connection.close(),
    };
  }

  it('has its Role and the status of its deletion left alone', async () => {
    const operator = first.start(electedIn(first));
    const integration = await settledWith(first);
    await operator.stop();
    const stranger = await strangerOf(integration);
    const role = { namespace: integration.namespace, name: ROLE_NAME };
    const rules = { rules: null };
    await first.admin.mergePatch(ROLES, role, rules, { fieldManager: TEST_MANAGER });
    await stranger.look();
    expect(await first.admin.get(ROLES, role)).toMatchObject(rules);

    const finalizers = (names: readonly string[] | null) =>
      integration.patch({ metadata: { finalizers: names } });
    await finalizers(['example.com/wait']);
    await integration.delete();
    const { status } = await integration.get();
    await stranger.look();
    expect((await integration.get()).status).toEqual(status);
    await finalizers(null);
    await stranger.close();
  });
});

describe('the same installation', () => {
  it('continues in another namespace with the same directory', async () => {
    const operator = first.start(electedIn(first));
    const integration = await settledWith(first);
    await operator.stop();
    const moved = second.start({ ...electedIn(second), store: first.store });
    await integration.patch({ spec: { displayName: 'Moved' } });
    await integration.settled('True', 'Succeeded');
    await eventually(() => expect(moved.unready()).toBeUndefined());
    await moved.stop();
  });

  it("continues with an empty directory once it leads, and reports the leader's other database until then", async () => {
    const operator = first.start(electedIn(first));
    const integration = await settledWith(first);
    const token = await integration.token();
    const { status } = await integration.get();
    const rebuilt = first.start({ ...electedIn(first), store: second.store });
    await eventually(() =>
      expect(rebuilt.unready()).toMatch(/the leading operator uses the directory/),
    );
    await operator.stop();
    await eventually(async () => {
      const record = await second.store.integrations.get(status?.integrationId ?? '');
      expect(record).toBeDefined();
    });
    await eventually(() => expect(rebuilt.unready()).toBeUndefined());
    expect(await integration.token()).toBe(token);
    await rebuilt.stop();
  });
});

describe('the mark of a directory on an object', () => {
  const of = (directoryKey: string, clusterUid = 'cluster') =>
    new DirectoryMarks({
      directoryKey,
      clusterUid,
      lease: 'scim/scim-operator',
      log: captureLog().log,
    });
  const marked = (directory?: object) =>
    ({ metadata: { name: 'idp', uid: 'uid' }, status: { directory } }) as KubeObject;

  it("doesn't reveal the directory's key, and is the same in every process of that directory", () => {
    expect(of('key').ours).toEqual(of('key').ours);
    expect(of('key').ours.id).not.toBe(of('another').ours.id);
    expect(JSON.stringify(of('a-long-key').ours)).not.toContain('a-long-key');
  });

  it.each([
    ['it is missing', undefined],
    ["it is that of the operator's directory", of('ours').ours],
    ['it is of another cluster, as after a restore', of('theirs', 'gone').ours],
    ['it is of a previous directory of the same Lease', of('theirs').ours],
  ])('keeps no operator away if %s', (_, mark) => {
    expect(of('ours').reasonToLeave(marked(mark))).toBeUndefined();
  });

  it('shows that the leader has another directory, until no object with that mark is left', () => {
    const standby = of('ours');
    const theirs = marked(of('theirs').ours);
    const other = { ...theirs, metadata: { name: 'other', uid: 'other' } };
    const wrong = expect.stringContaining('the leading operator uses the directory');
    standby.observe({ type: 'added', object: theirs });
    standby.observe({ type: 'added', object: other });
    standby.observe({ type: 'modified', object: marked(standby.ours) });
    expect(standby.unready()).toEqual(wrong);
    standby.observe({ type: 'deleted', object: other });
    expect(standby.unready()).toBeUndefined();
    standby.observe({ type: 'modified', object: theirs });
    expect(standby.unready()).toEqual(wrong);
    standby.leads(true);
    expect(standby.unready()).toBeUndefined();
  });

  it('shows that another installation is active if it replaces that of the operator', () => {
    const ours = of('ours');
    expect(ours.reasonToLeave(marked(ours.ours))).toBeUndefined();
    expect(ours.reasonToLeave(marked(of('theirs').ours))).toContain('another installation');
    ours.forget('undefined', { name: 'idp' });
    expect(ours.unready()).toBeUndefined();
  });
});
