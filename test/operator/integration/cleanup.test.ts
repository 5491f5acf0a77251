import { describe, expect, it } from 'vitest';
import { PROVISIONER_PERMISSIONS } from '../../../src/directory/permissions.ts';
import { usersOf } from '../../../src/directory/users.ts';
import { Connection, loadKubeConfig } from '../../../src/kube/connection.ts';
import { createLogger } from '../../../src/logger.ts';
import { createReconcile } from '../../../src/operator/integration/reconcile.ts';
import { eventually } from '../../support/eventually.ts';
import { CLUSTER_UID } from '../../support/operator/context.ts';
import { IntegrationProbe, unique, useOperator } from '../../support/operator/fixture.ts';
import { cutOff } from '../../support/operator/without-api-server.ts';

const fixture = useOperator();

async function provision(
  probe: IntegrationProbe,
  userName: string,
): Promise<() => Promise<number>> {
  const { status } = await probe.get();
  const scope = { tenant: probe.namespace, integrationId: status?.integrationId ?? '' };
  const caller = { scope, permissions: PROVISIONER_PERMISSIONS, requestId: 'r' };
  await usersOf({ store: fixture.store, now: Date.now }).create(caller, { userName });
  const query = { start: { offset: 0 }, limit: 0, related: false };
  return async () => (await fixture.store.users.list(scope, query)).total;
}

describe('an integration that is deleted while no operator runs', () => {
  it('ends when an operator starts', async () => {
    const operator = fixture.start();
    const probe = await IntegrationProbe.create(fixture);
    await probe.settled('True');
    const token = await probe.token();
    expect(await probe.authenticate(token)).toBeDefined();
    await operator.stop();
    await probe.delete();
    expect(await probe.authenticate(token)).toBeDefined();
    const next = fixture.start();
    await eventually(async () => expect(await probe.authenticate(token)).toBeUndefined());
    await eventually(() => expect(probe.secret()).rejects.toThrow(/404/));
    await next.stop();
  });

  it('keeps its endpoint and token if it is recreated before an operator starts', async () => {
    const operator = fixture.start();
    const probe = await IntegrationProbe.create(fixture);
    const before = await probe.settled('True');
    const token = await probe.token();
    await operator.stop();
    await probe.delete();
    await probe.apply();
    const next = fixture.start();
    const after = await probe.settled('True');
    expect(after.metadata.uid).not.toBe(before.metadata.uid);
    expect(after.status?.endpoint).toBe(before.status?.endpoint);
    expect(await probe.token()).toBe(token);
    expect(await probe.authenticate(token)).toBeDefined();
    await next.stop();
  });
});

describe('an integration that is missing from the caches', () => {
  it("is neither ended nor read if its namespace isn't watched", async () => {
    const connection = new Connection(loadKubeConfig(fixture.kubeconfig));
    // Every call to the API server would fail.
    const context = { ...(await cutOff(fixture.store, connection)), sees: () => false };
    const key = { namespace: 'unseen', name: unique('idp') };
    const { integrations } = fixture.store;
    await integrations.put({
      ...{ id: key.name, clusterUid: CLUSTER_UID, ...key, tenant: 'unseen', uid: 'uid' },
      ...{ namespaceUid: 'uid of unseen', enabled: true, allowed: true },
      ...{ deletionPolicy: 'Delete', endedAt: undefined },
    });
    const roles = { get: () => undefined, set: () => undefined };
    const reconcile = createReconcile(context, roles, () => undefined);
    expect(await reconcile(key, { log: createLogger('silent') })).toEqual({});
    expect(await integrations.get(key.name)).toMatchObject({ endedAt: undefined });
    await connection.close();
  });
});

describe('deletionPolicy', () => {
  it('Retain keeps the users', async () => {
    const operator = fixture.start({ deprovisionDelayMs: 0, sweepIntervalMs: 100 });
    const probe = await IntegrationProbe.create(fixture);
    const other = await IntegrationProbe.create(fixture, { deletionPolicy: 'Delete' });
    await probe.settled('True');
    await other.settled('True');
    const [users, others] = [await provision(probe, 'ada'), await provision(other, 'grace')];
    for (const each of [probe, other]) {
      const token = await each.token();
      await each.delete();
      await eventually(async () => expect(await each.authenticate(token)).toBeUndefined());
    }
    // The sweep that deprovisions one also visits the other.
    await eventually(async () => expect(await others()).toBe(0));
    expect(await users()).toBe(1);
    await operator.stop();
  });

  it('Delete removes the users that no other integration provisioned, after the delay', async () => {
    const operator = fixture.start({ deprovisionDelayMs: 300, sweepIntervalMs: 100 });
    const probe = await IntegrationProbe.create(fixture, { deletionPolicy: 'Delete' });
    const other = await IntegrationProbe.createIn(fixture, probe.namespace, {}, 'other');
    await probe.settled('True');
    await other.settled('True');
    const users = await provision(probe, 'ada');
    await provision(other, 'grace');
    expect(await users()).toBe(2);
    await probe.delete();
    await eventually(async () => expect(await users()).toBe(1));
    await operator.stop();
  });

  it('Delete keeps the users until the delay is over', async () => {
    const operator = fixture.start({ deprovisionDelayMs: 3_600_000, sweepIntervalMs: 50 });
    const probe = await IntegrationProbe.create(fixture, { deletionPolicy: 'Delete' });
    await probe.settled('True');
    const users = await provision(probe, 'ada');
    const token = await probe.token();
    await probe.delete();
    await eventually(async () => expect(await probe.authenticate(token)).toBeUndefined());
    expect(await users()).toBe(1);
    await operator.stop();
  });
});
