import { describe, expect, it } from 'vitest';
import { PROVISIONER_PERMISSIONS } from '../../../src/directory/permissions.ts';
import { usersOf } from '../../../src/directory/users.ts';
import { Connection, loadKubeConfig } from '../../../src/kube/connection.ts';
import { createLogger } from '../../../src/logger.ts';
import { createReconcile } from '../../../src/operator/integration/reconcile.ts';
import { eventually } from '../../support/eventually.ts';
import { CLUSTER_UID } from '../../support/operator/context.ts';
import { TestIntegration, unique, useOperator } from '../../support/operator/fixture.ts';
import { cutOff } from '../../support/operator/without-api-server.ts';

const fixture = useOperator();

async function provision(
  integration: TestIntegration,
  userName: string,
): Promise<() => Promise<number>> {
  const { status } = await integration.get();
  const scope = { tenant: integration.namespace, integrationId: status?.integrationId ?? '' };
  const caller = { scope, permissions: PROVISIONER_PERMISSIONS, baseUrl: '' };
  await usersOf({ store: fixture.store, now: Date.now }).create(caller, { userName });
  const query = { start: { offset: 0 }, limit: 0, related: false };
  return async () => (await fixture.store.users.list(scope, query)).total;
}

describe('an integration that is deleted while no operator runs', () => {
  it('ends when an operator starts', async () => {
    const operator = fixture.start();
    const integration = await TestIntegration.create(fixture);
    await integration.settled('True');
    const token = await integration.token();
    expect(await integration.authenticate(token)).toBeDefined();
    await operator.stop();
    await integration.delete();
    expect(await integration.authenticate(token)).toBeDefined();
    const next = fixture.start();
    await eventually(async () => expect(await integration.authenticate(token)).toBeUndefined());
    await eventually(() => expect(integration.secret()).rejects.toThrow(/404/));
    await next.stop();
  });

  it('keeps its endpoint and token if it is recreated before an operator starts', async () => {
    const operator = fixture.start();
    const integration = await TestIntegration.create(fixture);
    const before = await integration.settled('True');
    const token = await integration.token();
    await operator.stop();
    await integration.delete();
    await integration.apply();
    const next = fixture.start();
    const after = await integration.settled('True');
    expect(after.metadata.uid).not.toBe(before.metadata.uid);
    expect(after.status?.endpoint).toBe(before.status?.endpoint);
    expect(await integration.token()).toBe(token);
    expect(await integration.authenticate(token)).toBeDefined();
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
    const integration = await TestIntegration.create(fixture);
    const other = await TestIntegration.create(fixture, { deletionPolicy: 'Delete' });
    await integration.settled('True');
    await other.settled('True');
    const [users, others] = [await provision(integration, 'ada'), await provision(other, 'grace')];
    for (const each of [integration, other]) {
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
    const integration = await TestIntegration.create(fixture, { deletionPolicy: 'Delete' });
    const other = await TestIntegration.createIn(fixture, integration.namespace, {}, 'other');
    await integration.settled('True');
    await other.settled('True');
    const users = await provision(integration, 'ada');
    await provision(other, 'grace');
    expect(await users()).toBe(2);
    await integration.delete();
    await eventually(async () => expect(await users()).toBe(1));
    await operator.stop();
  });

  it('Delete keeps the users until the delay is over', async () => {
    const operator = fixture.start({ deprovisionDelayMs: 3_600_000, sweepIntervalMs: 50 });
    const integration = await TestIntegration.create(fixture, { deletionPolicy: 'Delete' });
    await integration.settled('True');
    const users = await provision(integration, 'ada');
    const token = await integration.token();
    await integration.delete();
    await eventually(async () => expect(await integration.authenticate(token)).toBeUndefined());
    expect(await users()).toBe(1);
    await operator.stop();
  });
});
