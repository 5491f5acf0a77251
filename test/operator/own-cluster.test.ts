/**
 * Needs a cluster of its own, as a second one on the same PostgreSQL database and to restart its
 * API server.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ControlPlane, startControlPlane } from '../../hack/control-plane/start.ts';
import { applyCrds } from '../../hack/operator/install.ts';
import { LABEL_INTEGRATION, LABEL_TOKEN } from '../../src/crd/names.ts';
import type { Store } from '../../src/directory/store/store.ts';
import type { Secret } from '../../src/kube/objects.ts';
import { type KubeObject, NAMESPACES, SECRETS } from '../../src/kube/resource.ts';
import { type PostgresDirectory, usePostgres } from '../support/directory/postgres.ts';
import { eventually } from '../support/eventually.ts';
import { clusterUid, TEST_MANAGER } from '../support/kube/cluster.ts';
import {
  type OperatorFixture,
  operatorFixture,
  TestIntegration,
} from '../support/operator/fixture.ts';
import { BINDING_RULES, FOLLOWING, TestGroupBinding } from '../support/operator/group-bindings.ts';
import { createTenant, type Door, doorOf } from '../support/operator/tenants.ts';

let own: ControlPlane;
let directory: PostgresDirectory;
let first: OperatorFixture;
let second: OperatorFixture;
beforeAll(async () => {
  directory = await usePostgres();
  own = await startControlPlane({
    controllerManager: false,
    prepare: applyCrds,
    log: () => undefined,
  });
  first = await on(directory.store);
  second = await on(directory.store, own.kubeconfig);
});
afterAll(async () => {
  await first.close();
  await second.close();
  await own.stop();
  await directory.close();
});

/** A fixture whose operators and integrations use the directory on PostgreSQL. */
async function on(store: Store, cluster?: string): Promise<OperatorFixture> {
  const fixture = await operatorFixture(BINDING_RULES, undefined, cluster);
  return { ...fixture, store, start: (options) => fixture.start({ store, ...options }) };
}

const EAGER = { sweepIntervalMs: 100, deprovisionDelayMs: 0 };

describe('two clusters on one database', () => {
  let mine: TestIntegration;
  let ended: TestIntegration;
  let door: Door;
  const idOf = async (integration: TestIntegration) =>
    (await integration.get()).status?.integrationId ?? '';

  beforeAll(async () => {
    const operator = first.start();
    mine = await TestIntegration.create(first, { deletionPolicy: 'Delete' });
    ended = await TestIntegration.create(first, { deletionPolicy: 'Delete' });
    door = await doorOf(first, mine);
    await ended.settled('True', 'Succeeded');
    await ended.delete();
    await eventually(() => expect(ended.secret()).rejects.toThrow(/404/));
    await operator.stop();
  });

  /**
   * Creates an integration in the other cluster, in a namespace with the same name as that of
   * `mine`.
   */
  const namesake = async (name = mine.name) => {
    const metadata = { name: mine.namespace };
    await second.admin.apply(NAMESPACES, { metadata }, TEST_MANAGER);
    return TestIntegration.createIn(second, mine.namespace, { deletionPolicy: 'Delete' }, name);
  };

  it('can hand over a pinned endpoint while both are running', async () => {
    const here = first.start();
    const old = await TestIntegration.create(first);
    const { id, token, answer } = await doorOf(first, old);
    await old.patch({ spec: { integrationId: id } });
    const { namespace } = old;
    await second.admin.create(NAMESPACES, { metadata: { name: namespace } }, TEST_MANAGER);
    await createTenant(second.admin, { names: [namespace] }, namespace);
    const kept = {
      metadata: { namespace, name: 'kept', labels: { [LABEL_TOKEN]: 'true' } },
      data: { token: Buffer.from(token).toString('base64') },
    };
    await second.admin.create<Secret>(SECRETS, kept, TEST_MANAGER);
    const there = second.start(EAGER);
    const existingSecret = { name: 'kept', key: 'token' };
    const spec = { integrationId: id, token: { existingSecret } };
    const moved = await TestIntegration.createIn(second, namespace, spec);
    // The ScimTenant in the other cluster will revoke the rights of the namespace in this one. The
    // id still belongs to the old integration until that ends.
    await moved.settled('False', 'IntegrationIdConflict');
    await old.delete();
    // Setting endedAt is the last step of its end.
    await eventually(async () =>
      expect((await first.store.integrations.get(id))?.endedAt).toBeDefined(),
    );
    await moved.patch({ spec: { description: 'looked at again' } });
    await moved.settled('True', 'Succeeded');
    expect(await idOf(moved)).toBe(id);
    expect(await answer()).toBe('open');
    await here.stop();
    await there.stop();
  });

  it('give a tenant to one namespace, but not to its namesake in the other cluster', async () => {
    const operator = second.start({ ...FOLLOWING, ...EAGER });
    const theirs = await namesake();
    const refused = await theirs.settled('False', 'TenantNotAllowed');
    const ready = refused.status?.conditions?.find(({ type }) => type === 'Ready');
    expect(ready?.message).toMatch(/belongs to another namespace of this name/);
    await expect(theirs.secret()).rejects.toThrow(/404/);
    const binding = new TestGroupBinding(second.admin, mine.namespace);
    await binding.apply();
    await binding.settled('False', 'TenantNotAllowed');
    expect(await door.answer()).toBe('open');

    // An administrator of the other cluster can allow it with a ScimTenant.
    await createTenant(second.admin, { names: [mine.namespace] }, mine.namespace);
    await theirs.settled('True', 'Succeeded');
    await binding.settled('False', 'GroupNotFound');
    await operator.stop();
    await theirs.delete();
    await binding.delete();
  });

  it("never end or deprovision each other's integrations", async () => {
    const operator = second.start(EAGER);
    const theirs = await namesake();
    const other = await doorOf(second, theirs);
    expect(other.id).not.toBe(door.id);
    expect(await door.answer()).toBe('open');

    // The sweep of the other cluster does purge that cluster's own records.
    await theirs.delete();
    await eventually(async () =>
      expect(await first.store.integrations.get(other.id)).toBeUndefined(),
    );
    expect(await door.answer()).toBe('open');
    expect(await first.store.integrations.get(door.id)).toMatchObject({ endedAt: undefined });
    const records = await first.store.integrations.list(await clusterUid(first.admin));
    expect(records.filter(({ namespace }) => namespace === ended.namespace)).toHaveLength(1);
    await operator.stop();
  });

  it('release the endpoint and token of a lost cluster once its records are ended by hand', async () => {
    const { data, type, metadata } = await mine.secret();
    const labels = { ...metadata.labels, [LABEL_INTEGRATION]: 'moved' };
    const copy = { namespace: mine.namespace, name: 'moved-scim-token', labels };
    const secret = { metadata: copy, data, type } as KubeObject;
    await second.admin.apply(NAMESPACES, { metadata: { name: mine.namespace } }, TEST_MANAGER);
    await second.admin.create(SECRETS, secret, TEST_MANAGER);
    const operator = second.start(EAGER);
    const moved = await namesake('moved');
    await moved.settled('False', 'IntegrationIdConflict');
    expect(await door.answer()).toBe('open');

    // The statement of docs/guides/backup-and-recovery.md.
    await directory.database.query(
      'UPDATE integrations SET ended_at = (extract(epoch FROM now()) * 1000)::bigint WHERE ended_at IS NULL AND cluster_uid = $1',
      [await clusterUid(first.admin)],
    );
    await moved.patch({ spec: { description: 'looked at again' } });
    await moved.settled('True', 'Succeeded');
    expect(await idOf(moved)).toBe(door.id);
    expect(await moved.token()).toBe(door.token);
    expect(await door.answer()).toBe('open');
    await operator.stop();
  });
});

describe('an API server that restarts', () => {
  it('is watched again within seconds, and no token stops working in the meantime', async () => {
    const { registry, stuck, stop } = second.start();
    const metric = registry.getSingleMetric('reflector_watch_errors_total');
    const failures = async () =>
      ((await metric?.get())?.values ?? []).reduce((sum, { value }) => sum + value, 0);
    const integrations = await Promise.all(
      Array.from({ length: 5 }, () => TestIntegration.create(second)),
    );
    const doors = await Promise.all(integrations.map((integration) => doorOf(second, integration)));
    const [shut, ...open] = integrations;
    // Some calls for these fail.
    const late = await Promise.all(
      Array.from({ length: 10 }, () => TestIntegration.create(second)),
    );
    await own.stopApiServer();
    const before = await failures();
    await eventually(async () => expect(await failures()).toBeGreaterThan(before + 10));
    expect(stuck()).toBeUndefined();
    for (const { answer } of doors) expect(await answer()).toBe('open');

    await own.restartApiServer();
    await shut?.patch({ spec: { enabled: false } });
    const fresh = await TestIntegration.create(second);
    for (const integration of [...open, ...late, fresh])
      await eventually(() => integration.settled('True', 'Succeeded'));
    await shut?.settled('True', 'Disabled');
    for (const { answer } of doors) expect(await answer()).toBe('open');
    expect(stuck()).toBeUndefined();
    await stop();
  });
});
