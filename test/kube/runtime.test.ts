/**
 * All parts together, as a small controller that keeps a copy of each ConfigMap with a certain
 * label.
 */
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { type FaultProxy, startFaultProxy } from '../../hack/control-plane/fault-proxy.ts';
import { Client } from '../../src/kube/client.ts';
import { Connection } from '../../src/kube/connection.ts';
import { Controller } from '../../src/kube/controller.ts';
import { isNotFound } from '../../src/kube/errors.ts';
import { Manager } from '../../src/kube/manager.ts';
import { createKubeMetrics, type KubeMetrics } from '../../src/kube/metrics.ts';
import { Reflector } from '../../src/kube/reflector.ts';
import { CONFIG_MAPS, type KubeObject, keyOf } from '../../src/kube/resource.ts';
import { captureLog } from '../support/captured-log.ts';
import { eventually } from '../support/eventually.ts';
import { adminClient, createNamespace, TEST_MANAGER } from '../support/kube/cluster.ts';

interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

let admin: Client;
let namespace: string;
let proxy: FaultProxy;
let metrics: KubeMetrics;
let manager: Manager;
let stop: AbortController;
let controlling: Promise<void>;

beforeEach(async () => {
  admin = adminClient();
  namespace = await createNamespace(admin, 'runtime');
  proxy = await startFaultProxy(inject('kubeconfig'));
  metrics = createKubeMetrics(new Registry());
  const client = new Client(new Connection(proxy.config), undefined, 2_000);
  stop = new AbortController();
  const copying = copyingManager(client, namespace);
  manager = copying.manager;
  manager.start();
  controlling = manager.control([copying.controller], stop.signal);
});
afterEach(async () => {
  stop.abort();
  await controlling;
  await manager.stop();
  await proxy.close();
});

function copyingManager(client: Client, inNamespace: string) {
  const { log } = captureLog();
  const reflect = (role: string) =>
    new Reflector<ConfigMap>({
      client,
      resource: CONFIG_MAPS,
      namespace: inNamespace,
      labelSelector: `role=${role}`,
      metrics,
      // The test waits until a dead connection is noticed.
      watchSeconds: 2,
      watchdogMs: 1_000,
      log,
    });
  const [sources, copies] = [reflect('source'), reflect('copy')];
  const controller = new Controller({
    name: 'copier',
    log,
    reconcile: async ({ name }) => {
      const key = { namespace: inNamespace, name: `${name}-copy` };
      const source = sources.store.get({ namespace: inNamespace, name });
      if (source === undefined) await client.delete(CONFIG_MAPS, key).catch(ignoreGone(key.name));
      else await client.apply(CONFIG_MAPS, copyOf(source, key), 'copier');
      return {};
    },
  });
  sources.store.onChange(({ object }) => controller.enqueue(keyOf(object)));
  copies.store.onChange(({ object: { metadata } }) => {
    const name = metadata.labels?.source;
    if (name) controller.enqueue({ namespace: inNamespace, name });
  });
  return { manager: new Manager([sources, copies]), controller };
}

function copyOf({ metadata, data }: ConfigMap, key: { namespace: string; name: string }) {
  return {
    metadata: { ...key, labels: { role: 'copy', source: metadata.name } },
    ...(data === undefined ? {} : { data }),
  };
}

const ignoreGone = (name: string) => (error: unknown) => {
  if (!isNotFound(error, name)) throw error;
};

const apply = (name: string, value: string) =>
  admin.apply<ConfigMap>(
    CONFIG_MAPS,
    { metadata: { name, namespace, labels: { role: 'source' } }, data: { value } },
    TEST_MANAGER,
  );
const remove = (name: string) => admin.delete(CONFIG_MAPS, { namespace, name });

async function copies(): Promise<string[]> {
  const { items } = await admin.list<ConfigMap>(CONFIG_MAPS, {
    namespace,
    labelSelector: 'role=copy',
  });
  return (items ?? []).map(({ metadata, data }) => `${metadata.name}=${data?.value}`).sort();
}
/** Resolves after `count` more failed attempts to list or watch. */
async function failures(count: number): Promise<void> {
  const failed = async () =>
    (await metrics.watchErrors.get()).values.reduce((sum, { value }) => sum + value, 0);
  const wanted = (await failed()) + count;
  await eventually(async () => expect(await failed()).toBeGreaterThanOrEqual(wanted));
}
const writes = () => proxy.requests.filter((request) => !request.startsWith('GET')).length;

it('follows creations, changes and deletions, corrects drift, and writes nothing at rest', async () => {
  await apply('a', '1');
  await apply('b', '1');
  await eventually(async () => expect(await copies()).toEqual(['a-copy=1', 'b-copy=1']));
  await apply('a', '2');
  await remove('b');
  await eventually(async () => expect(await copies()).toEqual(['a-copy=2']));
  const drift = { data: { value: 'drifted' } };
  const key = { namespace, name: 'a-copy' };
  await admin.mergePatch(CONFIG_MAPS, key, drift, { fieldManager: 'somebody' });
  await eventually(async () => expect(await copies()).toEqual(['a-copy=2']));
  await admin.delete(CONFIG_MAPS, key);
  await eventually(async () => expect(await copies()).toEqual(['a-copy=2']));

  let before = -1;
  await eventually(
    () => {
      const now = writes();
      const quiet = now === before;
      before = now;
      if (!quiet) throw new Error('still writing');
    },
    { everyMs: 500 },
  );
});

it('reaches the desired state whatever happens to its connections in the meantime', async () => {
  const desired = new Map<string, string>();
  for (let round = 0; round < 60; round++) {
    const name = `object-${round % 12}`;
    if (round % 5 === 4 && desired.delete(name)) {
      await remove(name);
    } else {
      await apply(name, String(round));
      desired.set(name, String(round));
    }
    if (round % 7 === 3) proxy.cut();
    if (round % 20 === 10) await proxy.refuse();
    if (round % 20 === 15) await proxy.accept();
    if (round === 40) proxy.mute();
  }
  const expected = [...desired].map(([name, value]) => `${name}-copy=${value}`).sort();
  await eventually(async () => expect(await copies()).toEqual(expected));
  expect(manager.stuck()).toBeUndefined();
});

describe('the controller converges within seconds after an API server', () => {
  const answer = (status: number, body: string, headers = {}) => {
    proxy.intercept = () => ({ status, body, headers });
    proxy.cut();
    return () => {
      proxy.intercept = () => undefined;
    };
  };
  const unauthorized = JSON.stringify({ kind: 'Status', code: 401, reason: 'Unauthorized' });
  const forbidden = JSON.stringify({ kind: 'Status', code: 403, reason: 'Forbidden' });
  const FAULTS: [string, () => (() => unknown) | Promise<() => unknown>][] = [
    [
      'that refused connections',
      async () => {
        await proxy.refuse();
        return proxy.accept;
      },
    ],
    ['that accepted connections and never responded', () => proxy.swallow()],
    [
      'that responded after every deadline',
      () => {
        proxy.delay = () => 2_500;
        proxy.cut();
        return () => {
          proxy.delay = () => 0;
        };
      },
    ],
    ['that sent Retry-After', () => answer(429, 'too many requests', { 'retry-after': '1' })],
    ['that lost its storage', () => answer(500, 'etcdserver: no leader')],
    ['that refused the credentials', () => answer(401, unauthorized)],
    ['that forbade everything', () => answer(403, forbidden)],
    ['that was hidden behind a login page', () => answer(200, '<html>login</html>')],
  ];

  it.each(FAULTS)('%s', async (_, begin) => {
    await apply('a', '1');
    await apply('b', '1');
    await eventually(async () => expect(await copies()).toEqual(['a-copy=1', 'b-copy=1']));
    const end = await begin();
    await apply('a', '2');
    await remove('b');
    await apply('c', '1');
    await failures(3);
    expect(manager.stuck()).toBeUndefined();
    await end();
    await eventually(async () => expect(await copies()).toEqual(['a-copy=2', 'c-copy=1']));
    expect(manager.stuck()).toBeUndefined();
  });
});
