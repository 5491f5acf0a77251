/** Counts the operator's writes when little or nothing happens, on a clock that the test moves. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Registry } from 'prom-client';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { startFaultProxy } from '../../hack/control-plane/fault-proxy.ts';
import { metricNames, parseExposition } from '../../hack/process/exposition.ts';
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
import { eventually } from '../support/eventually.ts';
import { TEST_MANAGER } from '../support/kube/cluster.ts';
import { TestIntegration, useOperator } from '../support/operator/fixture.ts';

const fixture = useOperator();
let seconds = 0;
const now = () => new Date(Date.UTC(2026, 0, 1, 0, 0, seconds));
const clock = () => seconds * 1_000;
/** No sweep interferes, however long the test takes. */
const STILL = { now, clock, sweepIntervalMs: 3_600_000 };

beforeAll(async () => {
  // The leftovers of other test files would be new to this directory.
  const { items } = await fixture.admin.list<KubeIntegration>(SCIM_INTEGRATIONS);
  for (const each of items ?? []) await fixture.admin.delete(SCIM_INTEGRATIONS, keyOf(each));
  // Each deletion of one of their objects would cause a reconcile.
  for (const resource of [SERVICE_ACCOUNTS, ROLE_BINDINGS, ROLES]) {
    await eventually(async () => expect(await owned(resource)).toEqual([]));
  }
});

/** Names of the objects that the garbage collector has yet to delete. */
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

/** Resolves when the integration has been reconciled once more and nothing is left to do. */
async function lookAgain(integration: TestIntegration, registry: Registry) {
  const { namespace, name } = integration;
  const versionOf = async () => (await integration.get()).metadata.resourceVersion;
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
  // A write by the operator causes one more reconcile.
  if ((await versionOf()) !== version) await idleAfter(registry, before + 1);
}

/** Resolves when more than `count` reconciles have finished and none is left to do. */
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

/** Creates an integration and waits until it has settled, then starts an operator. */
async function settled(connection?: Connection) {
  const first = fixture.start(STILL);
  const integration = await TestIntegration.create(fixture);
  await integration.settled('True', 'Succeeded');
  await first.stop();
  const { registry, stop } = fixture.start({ ...STILL, ...(connection && { connection }) });
  await idleAfter(registry, 0);
  return { integration, registry, stop };
}

describe('an integration without requests', () => {
  it('is reconciled for hours without a write', async () => {
    const { integration, registry, stop } = await settled();
    const before = await integration.get();
    for (let round = 0; round < 4; round += 1) {
      seconds += 3_600;
      await lookAgain(integration, registry);
    }
    expect(await integration.get()).toEqual(before);
    expect(await writes(registry)).toBe(0);
    await stop();
  });

  it('has its Secret read once, and again only when it changes', async () => {
    const proxy = await startFaultProxy(inject('kubeconfig'));
    const { integration, registry, stop } = await settled(new Connection(proxy.config));
    const path = `/namespaces/${integration.namespace}/secrets/`;
    const reads = () => proxy.requests.filter((request) => request.includes(path)).length;
    expect(reads()).toBe(1);
    for (let round = 0; round < 4; round += 1) await lookAgain(integration, registry);
    expect(reads()).toBe(1);
    const name = `${integration.name}-scim-token`;
    const patch = { metadata: { annotations: { 'example.com/touched': 'yes' } } };
    const manager = { fieldManager: TEST_MANAGER };
    await fixture.admin.mergePatch(SECRETS, { ...integration.key, name }, patch, manager);
    await eventually(() => expect(reads()).toBe(2));
    await lookAgain(integration, registry);
    expect(reads()).toBe(2);
    await stop();
    await proxy.close();
  });
});

describe('an integration with constant requests', () => {
  it('causes one write a minute, of its status', async () => {
    const { integration, registry, stop } = await settled();
    const { status } = await integration.get();
    const scope = { tenant: integration.namespace, integrationId: status?.integrationId ?? '' };
    const start = seconds;
    const seen: unknown[] = [];
    for (let second = 10; second <= 180; second += 10) {
      seconds = start + second;
      const { metadata } = await integration.get();
      const at = now().getTime();
      await fixture.store.integrations.touch(new Map([[scope.integrationId, at]]));
      const attributes = { userName: `user-${second}`, active: true };
      await fixture.store.users.create(scope, { id: newId(), attributes, at });
      await lookAgain(integration, registry);
      const after = await integration.get();
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

describe('an integration that received a request', () => {
  it('shows it in its status without any other trigger', async () => {
    const operator = fixture.start({ now, clock, sweepIntervalMs: 100 });
    const integration = await TestIntegration.create(fixture);
    const { status } = await integration.settled('True', 'Succeeded');
    const scope = { tenant: integration.namespace, integrationId: status?.integrationId ?? '' };
    const at = now().getTime() + 60_000;
    const attributes = { userName: 'ann', active: true };
    await fixture.store.users.create(scope, { id: newId(), attributes, at });
    await fixture.store.integrations.touch(new Map([[scope.integrationId, at]]));
    // The clock moves only now. A reconcile between the two writes would otherwise be the last one
    // within a minute of this clock.
    seconds += 60;
    await eventually(async () => {
      const { users, lastRequestTime = '' } = (await integration.get()).status ?? {};
      expect([users, Date.parse(lastRequestTime)]).toEqual([1, at]);
    });
    await operator.stop();
  });
});

describe('the operator', () => {
  it("has no metric that the reference doesn't document", async () => {
    const { registry, stop } = fixture.start();
    const page = readFileSync('docs/reference/metrics.md', 'utf8');
    const names = metricNames(await registry.metrics());
    expect(names.filter((name) => !page.includes(`\n| \`${name}\` |`))).toEqual([]);
    await stop();
  });
});
