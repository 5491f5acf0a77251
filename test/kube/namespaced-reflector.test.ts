import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { type FaultProxy, startFaultProxy } from '../../hack/control-plane/fault-proxy.ts';
import { Client } from '../../src/kube/client.ts';
import { Connection } from '../../src/kube/connection.ts';
import { createKubeMetrics } from '../../src/kube/metrics.ts';
import { NamespacedReflector } from '../../src/kube/namespaced-reflector.ts';
import { CONFIG_MAPS } from '../../src/kube/resource.ts';
import { captureLog } from '../support/captured-log.ts';
import { eventually } from '../support/eventually.ts';
import { adminClient, createNamespace, TEST_MANAGER } from '../support/kube/cluster.ts';

const admin = adminClient();
const labels = { test: 'namespaced-reflector' };
const FORBIDDEN = {
  status: 403,
  body: JSON.stringify({ kind: 'Status', reason: 'Forbidden', message: 'forbidden', code: 403 }),
};

let first: string;
let second: string;
let proxy: FaultProxy;
let connection: Connection;
let stop: AbortController;
let running: Promise<void>;

beforeEach(async () => {
  [first, second] = [await createNamespace(admin, 'first'), await createNamespace(admin, 'second')];
  proxy = await startFaultProxy(inject('kubeconfig'));
  connection = new Connection(proxy.config);
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await running;
  await connection.close();
  await proxy.close();
});

const make = (namespace: string, name: string) =>
  admin.create(CONFIG_MAPS, { metadata: { namespace, name, labels } }, TEST_MANAGER);

function reflect() {
  const { log, lines } = captureLog();
  const reflector = new NamespacedReflector({
    client: new Client(connection),
    resource: CONFIG_MAPS,
    labelSelector: 'test=namespaced-reflector',
    namespaces: [first, second],
    whenRefused: 'not watched',
    keepsWhenRefused: true,
    log,
    metrics: createKubeMetrics(new Registry()),
  });
  const changes: string[] = [];
  reflector.store.onChange(({ type, object: { metadata } }) =>
    changes.push(`${type} ${metadata.namespace === first ? 'first' : 'second'}/${metadata.name}`),
  );
  running = reflector.run(stop.signal);
  return { reflector, changes, lines };
}

const isIn = (namespace: string) => (request: string) =>
  request.includes(`/namespaces/${namespace}/`) ? FORBIDDEN : undefined;

describe('a reflector of some namespaces', () => {
  it('knows the objects in each, and none in another', async () => {
    const elsewhere = await createNamespace(admin, 'elsewhere');
    await make(elsewhere, 'other');
    await make(first, 'a');
    const { reflector, changes } = reflect();
    await reflector.synced;
    expect(reflector.isSynced).toBe(true);
    await make(elsewhere, 'another');
    await make(second, 'b');
    await eventually(() => expect(changes).toEqual(['added first/a', 'added second/b']));
  });

  it('keeps the objects of one namespace while another is listed again', async () => {
    await make(first, 'a');
    await make(second, 'b');
    const { reflector, changes } = reflect();
    await reflector.synced;
    const watches = () => proxy.requests.filter((request) => request.includes('watch=true'));
    await eventually(() => expect(watches()).toHaveLength(2));
    const before = proxy.requests.length;
    // Both are listed again, one after the other.
    proxy.cut();
    await eventually(() => {
      const calls = proxy.requests.slice(before);
      const lists = calls.filter((request) => !request.includes('watch=true'));
      for (const each of [first, second])
        expect(lists.some((request) => request.includes(`/namespaces/${each}/`))).toBe(true);
    });
    await make(first, 'c');
    await eventually(() => expect(changes).toContain('added first/c'));
    expect(changes.toSorted()).toEqual(['added first/a', 'added first/c', 'added second/b']);
  });

  it('starts without one that is refused, and includes it once it is not', async () => {
    await make(first, 'a');
    await make(second, 'b');
    proxy.intercept = isIn(second);
    const { reflector, changes, lines } = reflect();
    await reflector.synced;
    expect(changes).toEqual(['added first/a']);
    expect([first, second].map((each) => reflector.isRefusedIn(each))).toEqual([false, true]);
    expect(reflector.refusal()).toContain(second);
    expect(lines).toMatchObject([{ level: 'warn', msg: 'not watched', namespace: second }]);
    proxy.intercept = () => undefined;
    await eventually(() => expect(changes).toEqual(['added first/a', 'added second/b']));
    await eventually(() => expect(reflector.refusal()).toBeUndefined());
    expect(reflector.isRefusedIn(second)).toBe(false);
  });

  it('keeps the objects of one that is refused later', async () => {
    await make(second, 'b');
    const { reflector, changes } = reflect();
    await eventually(() => expect(changes).toEqual(['added second/b']));
    proxy.intercept = isIn(second);
    proxy.cut();
    await eventually(() => expect(reflector.isRefusedIn(second)).toBe(true));
    expect(reflector.store.list(second)).toHaveLength(1);
    expect(changes).toEqual(['added second/b']);
  });

  it('sees nothing in a namespace that it does not watch', async () => {
    const { reflector } = reflect();
    expect(reflector.isRefusedIn('another')).toBe(true);
  });
});
