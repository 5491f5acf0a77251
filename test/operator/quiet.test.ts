/** How often the operator writes when little or nothing happens, on a clock that the test moves. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Registry } from 'prom-client';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { SCIM_INTEGRATIONS } from '../../src/crd/names.ts';
import type { KubeIntegration } from '../../src/crd/objects.ts';
import { newId } from '../../src/directory/ids.ts';
import { Connection } from '../../src/kube/connection.ts';
import {
  type KubeObject,
  keyOf,
  type ResourceDefinition,
  ROLE_BINDINGS,
  ROLES,
  SECRETS,
  SERVICE_ACCOUNTS,
} from '../../src/kube/resource.ts';
import { TEST_MANAGER } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';
import { metricNames, parseExposition } from '../support/exposition.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { IntegrationProbe, useOperator } from '../support/operator.ts';

const fixture = useOperator();
let seconds = 0;
const now = () => new Date(Date.UTC(2026, 0, 1, 0, 0, seconds));
const clock = () => seconds * 1_000;
/** No sweep comes in between, however long the test takes. */
const STILL = { now, clock, sweepIntervalMs: 3_600_000 };

beforeAll(async () => {
  // What other files left in the cluster would be new to this directory.
  const { items } = await fixture.admin.list<KubeIntegration>(SCIM_INTEGRATIONS);
  for (const each of items ?? []) await fixture.admin.delete(SCIM_INTEGRATIONS, keyOf(each));
  // Each of their children that goes would be looked into.
  for (const resource of [SERVICE_ACCOUNTS, ROLE_BINDINGS, ROLES]) {
    await eventually(async () => expect(await owned(resource)).toEqual([]));
  }
});

/** Names of the objects that the garbage collector has yet to remove. */
async function owned(resource: ResourceDefinition): Promise<readonly string[]> {
  const { items } = await fixture.admin.list<KubeObject>(resource);
  return (items ?? [])
    .filter(({ metadata }) =>
      metadata.ownerReferences?.some(({ kind }) => kind === SCIM_INTEGRATIONS.kind),
    )
    .map(({ metadata }) => metadata.name);
}

async function sum(registry: Registry, name: string, labels: object = {}): Promise<number> {
  return parseExposition(await registry.metrics())
    .filter((sample) => sample.name === name)
    .filter((sample) =>
      Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
    )
    .reduce((total, { value }) => total + value, 0);
}

async function writes(registry: Registry): Promise<number> {
  const name = 'rest_client_requests_total';
  return (await sum(registry, name)) - (await sum(registry, name, { method: 'GET' }));
}

/** Resolves after the integration was looked at once more, and nothing is left to do. */
async function lookAgain(probe: IntegrationProbe, registry: Registry) {
  const { namespace, name } = probe;
  const versionOf = async () => (await probe.get()).metadata.resourceVersion;
  const version = await versionOf();
  const reconciles = () =>
    sum(registry, 'controller_runtime_reconcile_total', { controller: 'scimintegration' });
  const before = await reconciles();
  await fixture.admin.mergePatch(
    SERVICE_ACCOUNTS,
    { namespace, name: `scim-${name}` },
    { metadata: { annotations: { 'example.com/touched': randomUUID() } } },
    { fieldManager: TEST_MANAGER },
  );
  await idleAfter(registry, before);
  // A write of its own is one more thing to look at.
  if ((await versionOf()) !== version) await idleAfter(registry, before + 1);
}

/** Resolves when more integrations than `count` were reconciled, and none is left to be. */
async function idleAfter(registry: Registry, count: number): Promise<void> {
  await eventually(async () => {
    const labels = { controller: 'scimintegration' };
    expect(await sum(registry, 'controller_runtime_reconcile_total', labels)).toBeGreaterThan(
      count,
    );
    expect(await sum(registry, 'workqueue_depth')).toBe(0);
    expect(await sum(registry, 'controller_runtime_active_workers')).toBe(0);
  });
}

/** An integration that has settled, and an operator that begins after that, on the connection. */
async function settled(connection?: Connection) {
  const first = fixture.start(STILL);
  const probe = await IntegrationProbe.create(fixture);
  await probe.settled('True', 'Succeeded');
  await first.stop();
  const { registry, stop } = fixture.start({ ...STILL, ...(connection && { connection }) });
  await idleAfter(registry, 0);
  return { probe, registry, stop };
}

describe('an integration that nobody calls', () => {
  it('is looked at for hours without a write', async () => {
    const { probe, registry, stop } = await settled();
    const before = await probe.get();
    for (let round = 0; round < 4; round += 1) {
      seconds += 3_600;
      await lookAgain(probe, registry);
    }
    expect(await probe.get()).toEqual(before);
    expect(await writes(registry)).toBe(0);
    await stop();
  });

  it('has its Secret read once, and again when that has changed', async () => {
    const proxy = await startFaultProxy(inject('kubeconfig'));
    const { probe, registry, stop } = await settled(new Connection(proxy.config));
    const path = `/namespaces/${probe.namespace}/secrets/`;
    const reads = () => proxy.requests.filter((request) => request.includes(path)).length;
    expect(reads()).toBe(1);
    for (let round = 0; round < 4; round += 1) await lookAgain(probe, registry);
    expect(reads()).toBe(1);
    const name = `${probe.name}-scim-token`;
    const patch = { metadata: { annotations: { 'example.com/touched': 'yes' } } };
    const manager = { fieldManager: TEST_MANAGER };
    await fixture.admin.mergePatch(SECRETS, { ...probe.key, name }, patch, manager);
    await eventually(() => expect(reads()).toBe(2));
    await lookAgain(probe, registry);
    expect(reads()).toBe(2);
    await stop();
    await proxy.close();
  });
});

describe('an integration that is called all the time', () => {
  it('has its status written once a minute, and nothing else', async () => {
    const { probe, registry, stop } = await settled();
    const { status } = await probe.get();
    const scope = { tenant: probe.namespace, integrationId: status?.integrationId ?? '' };
    const start = seconds;
    const seen: unknown[] = [];
    for (let second = 10; second <= 180; second += 10) {
      seconds = start + second;
      const { metadata } = await probe.get();
      const at = now().getTime();
      await fixture.store.integrations.touch(new Map([[scope.integrationId, at]]));
      const attributes = { userName: `user-${second}`, active: true };
      await fixture.store.users.create(scope, { id: newId(), attributes, at });
      await lookAgain(probe, registry);
      const after = await probe.get();
      if (after.metadata.resourceVersion === metadata.resourceVersion) continue;
      const { users, lastRequestTime = '' } = after.status ?? {};
      seen.push([second, users, Date.parse(lastRequestTime) === at]);
    }
    expect(seen).toEqual([
      [60, 6, true],
      [120, 12, true],
      [180, 18, true],
    ]);
    expect(await writes(registry)).toBe(3);
    await stop();
  });
});

describe('an integration that was called', () => {
  it('shows so in its status without any other event', async () => {
    const operator = fixture.start({ now, clock, sweepIntervalMs: 100 });
    const probe = await IntegrationProbe.create(fixture);
    const { status } = await probe.settled('True', 'Succeeded');
    const scope = { tenant: probe.namespace, integrationId: status?.integrationId ?? '' };
    const at = now().getTime() + 60_000;
    const attributes = { userName: 'ann', active: true };
    await fixture.store.users.create(scope, { id: newId(), attributes, at });
    await fixture.store.integrations.touch(new Map([[scope.integrationId, at]]));
    // Only now: whoever looked between the two would not look again within a minute of this clock.
    seconds += 60;
    await eventually(async () => {
      const { users, lastRequestTime = '' } = (await probe.get()).status ?? {};
      expect([users, Date.parse(lastRequestTime)]).toEqual([1, at]);
    });
    await operator.stop();
  });
});

describe('the operator', () => {
  it('has no metric that the reference leaves out', async () => {
    const { registry, stop } = fixture.start();
    const page = readFileSync('docs/reference/metrics.md', 'utf8');
    const names = metricNames(await registry.metrics());
    expect(names.filter((name) => !page.includes(`\n| \`${name}\` |`))).toEqual([]);
    await stop();
  });
});
