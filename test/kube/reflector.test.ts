import { randomUUID } from 'node:crypto';
import { afterEach, beforeAll, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { type FaultProxy, startFaultProxy } from '../../hack/control-plane/fault-proxy.ts';
import { Backoff } from '../../src/kube/backoff.ts';
import { Client } from '../../src/kube/client.ts';
import { Connection } from '../../src/kube/connection.ts';
import { Reflector, type ReflectorOptions } from '../../src/kube/reflector.ts';
import {
  CONFIG_MAPS,
  type KubeObject,
  type ResourceDefinition,
  SECRETS,
} from '../../src/kube/resource.ts';
import { inBatches } from '../support/batches.ts';
import { type CapturedLog, captureLog } from '../support/captured-log.ts';
import { eventually } from '../support/eventually.ts';
import { adminClient, applyCrd, createNamespace, TEST_MANAGER } from '../support/kube/cluster.ts';

interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

let client: Client;
let namespace: string;
let captured: CapturedLog;
let stop: AbortController;
let running: Promise<void>[];

beforeAll(() => {
  client = adminClient();
});
beforeEach(async () => {
  namespace = await createNamespace(client, 'reflector');
  captured = captureLog();
  stop = new AbortController();
  running = [];
});
afterEach(async () => {
  stop.abort();
  await Promise.all(running);
});

/**
 * Starts a reflector. By default it watches the objects that the test creates, not those that the
 * cluster adds to each namespace.
 */
function reflect<T extends KubeObject = ConfigMap>(
  more: Partial<ReflectorOptions> = {},
): { reflector: Reflector<T>; changes: string[] } {
  const reflector = new Reflector<T>({
    client,
    resource: CONFIG_MAPS,
    namespace,
    labelSelector: 'test=reflector',
    log: captured.log,
    ...more,
  });
  const changes: string[] = [];
  reflector.store.onChange(({ type, object }) => changes.push(`${type} ${object.metadata.name}`));
  running.push(reflector.run(stop.signal));
  return { reflector, changes };
}

const labels = { test: 'reflector' };
const apply = (name: string, value = '1', inNamespace = namespace) =>
  client.apply<ConfigMap>(
    CONFIG_MAPS,
    { metadata: { name, namespace: inNamespace, labels }, data: { value } },
    TEST_MANAGER,
  );
const remove = (name: string) => client.delete(CONFIG_MAPS, { namespace, name });
const names = (reflector: Reflector<ConfigMap>) =>
  reflector.store
    .list()
    .map(({ metadata, data }) => `${metadata.name}=${data?.value}`)
    .sort();
const lines = (message: string) => captured.lines.filter(({ msg }) => msg === message);

describe('a reflector', () => {
  it('stores objects without their managedFields', async () => {
    const listed = await apply('listed');
    expect(listed.metadata.managedFields).toHaveLength(1);
    const { reflector } = reflect();
    await reflector.synced;
    await apply('watched');
    await eventually(() => expect(names(reflector)).toEqual(['listed=1', 'watched=1']));
    const { managedFields: _, ...metadata } = listed.metadata;
    expect(reflector.store.get({ namespace, name: 'listed' })?.metadata).toEqual(metadata);
    for (const object of reflector.store.list())
      expect(object.metadata).not.toHaveProperty('managedFields');
  });

  it('knows the existing objects, then every creation, change and deletion', async () => {
    await apply('before');
    const { reflector, changes } = reflect();
    expect(reflector.isSynced).toBe(false);
    await reflector.synced;
    expect(reflector.isSynced).toBe(true);
    expect(names(reflector)).toEqual(['before=1']);
    await apply('after');
    await apply('before', '2');
    await eventually(() => expect(names(reflector)).toEqual(['after=1', 'before=2']));
    await remove('after');
    await eventually(() => expect(names(reflector)).toEqual(['before=2']));
    expect(changes).toEqual(['added before', 'added after', 'modified before', 'deleted after']);
    expect(captured.lines).toEqual([]);
  });

  it('drops an object that loses its label', async () => {
    await apply('labelled');
    const { reflector } = reflect();
    await reflector.synced;
    const patch = { metadata: { labels: { test: null } } };
    const key = { namespace, name: 'labelled' };
    await client.mergePatch(CONFIG_MAPS, key, patch, { fieldManager: TEST_MANAGER });
    await eventually(() => expect(names(reflector)).toEqual([]));
  });

  it('sees all namespaces, or only its own', async () => {
    const other = await createNamespace(client, 'reflector');
    const { reflector: own } = reflect();
    const { reflector: all } = reflect({ namespace: undefined });
    await Promise.all([own.synced, all.synced]);
    await apply('here');
    await apply('there', '1', other);
    await eventually(() => {
      expect(all.store.get({ namespace, name: 'here' })).toBeDefined();
      expect(all.store.get({ namespace: other, name: 'there' })).toBeDefined();
      expect(all.store.list(other)).toHaveLength(1);
      expect(names(own)).toEqual(['here=1']);
    });
  });

  it('never stores the data of Secrets if it needs only metadata', async () => {
    const data = { token: Buffer.from('secret').toString('base64') };
    const secret = (name: string) => ({ metadata: { name, namespace, labels }, data });
    await client.apply(SECRETS, secret('listed'), TEST_MANAGER);
    const { reflector } = reflect<KubeObject>({ resource: SECRETS, metadataOnly: true });
    await reflector.synced;
    await client.apply(SECRETS, secret('watched'), TEST_MANAGER);
    await eventually(() => expect(reflector.store.size).toBe(2));
    for (const object of reflector.store.list()) expect(object).not.toHaveProperty('data');
  });

  it('waits for a CRD that is applied later, and logs that once', async () => {
    const things = thingsOf('later');
    const { reflector } = reflect<KubeObject>({ resource: things, ...EVERYTHING });
    await eventually(() => expect(lines('watch was lost')).toHaveLength(1));
    expect(lines('watch was lost')[0]?.reason).toContain('CRD');
    await applyCrd(client, crdOf(things));
    await reflector.synced;
    await client.apply(things, { metadata: { name: 'one', namespace } }, TEST_MANAGER);
    await eventually(() => expect(reflector.store.size).toBe(1));
    await eventually(() => expect(lines('watch was restored')).toHaveLength(1));
    expect(lines('watch was lost')).toHaveLength(1);
  });

  it('stops immediately', async () => {
    const { reflector } = reflect();
    await reflector.synced;
    stop.abort();
    await Promise.all(running);
    await apply('unseen');
    expect(names(reflector)).toEqual([]);
  });
});

/** Objects of a custom kind need no label to tell them from those that the cluster creates. */
const EVERYTHING = { labelSelector: undefined };

/** A kind of its own for one test. */
function thingsOf(prefix: string): ResourceDefinition {
  const group = `${prefix}-${randomUUID().slice(0, 8)}.example.org`;
  return { group, version: 'v1', plural: 'things', kind: 'Thing', namespaced: true };
}

function crdOf({ group, version, plural, kind }: ResourceDefinition): KubeObject {
  const schema = { openAPIV3Schema: { type: 'object' } };
  return {
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural, kind },
      versions: [{ name: version, served: true, storage: true, schema }],
    },
  } as KubeObject;
}

describe('when the API server fails, a reflector', () => {
  let proxy: FaultProxy;
  let through: Client;

  beforeEach(async () => {
    proxy = await startFaultProxy(inject('kubeconfig'));
    through = new Client(new Connection(proxy.config));
  });
  afterEach(() => proxy.close());

  const isWatch = (request: string) => request.includes('watch=true');
  const watches = () => proxy.requests.filter(isWatch).length;
  const lists = () => proxy.requests.length - watches();

  it('learns what was created, changed and deleted while its watch was interrupted', async () => {
    await apply('kept');
    await apply('deleted');
    const { reflector, changes } = reflect({ client: through });
    await reflector.synced;
    await eventually(() => expect(watches()).toBe(1));
    await proxy.refuse();
    await apply('kept', '2');
    await apply('created');
    await remove('deleted');
    await eventually(() => expect(lines('watch was lost')).toHaveLength(1));
    await proxy.accept();
    await eventually(() => expect(names(reflector)).toEqual(['created=1', 'kept=2']));
    expect(changes.slice(2).sort()).toEqual(['added created', 'deleted deleted', 'modified kept']);
    await eventually(() => expect(lines('watch was restored')).toHaveLength(1));
    expect(lines('watch was lost')).toHaveLength(1);
  });

  it('survives repeated resets', async () => {
    const { reflector } = reflect({ client: through });
    await reflector.synced;
    for (let round = 1; round <= 5; round++) {
      proxy.cut();
      await apply('object', String(round));
      await eventually(() => expect(names(reflector)).toEqual([`object=${round}`]));
    }
  });

  it('notices an open connection that is dead', async () => {
    const impatient = new Client(new Connection(proxy.config), undefined, 2_000);
    const { reflector } = reflect({ client: impatient, watchSeconds: 3, watchdogMs: 500 });
    await reflector.synced;
    await eventually(() => expect(watches()).toBeGreaterThan(0));
    proxy.mute();
    await apply('unheard');
    await eventually(() => expect(names(reflector)).toEqual(['unheard=1']));
    expect(lines('watch was lost')[0]?.reason).toContain('no response before the deadline');
  });

  it('lists again without a warning if its version has expired, in an event or a response', async () => {
    const expired = JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: 410 } });
    const gone = JSON.stringify({ kind: 'Status', reason: 'Expired', code: 410 });
    const faults = [
      { status: 200, body: `${expired}\n` },
      { status: 410, body: gone },
    ];
    proxy.intercept = (request) => (isWatch(request) ? faults.shift() : undefined);
    const { reflector } = reflect({ client: through });
    await eventually(() => expect([lists(), watches()]).toEqual([3, 3]));
    await apply('after');
    await eventually(() => expect(names(reflector)).toEqual(['after=1']));
    expect(captured.lines).toEqual([]);
  });

  it('reads lists of several pages, and starts over if the token for the next page has expired', async () => {
    await inBatches(510, (index) => apply(`page-${index}`));
    const faults = [{ status: 410, body: '{"kind":"Status","reason":"Expired","code":410}' }];
    proxy.intercept = (request) => (request.includes('continue=') ? faults.shift() : undefined);
    const { reflector } = reflect({ client: through });
    await reflector.synced;
    expect(reflector.store.size).toBe(510);
    expect(lists()).toBe(4);
  });

  it('lists again if a real API server finds its version too old', async () => {
    const things = thingsOf('old');
    await applyCrd(client, crdOf(things));
    const rewritten: string[] = [];
    proxy.rewrite = (url) => {
      if (!url.includes('watch=true') || rewritten.length > 0) return url;
      rewritten.push(url);
      return url.replace(/resourceVersion=\d+/, 'resourceVersion=1');
    };
    const { reflector } = reflect<KubeObject>({ client: through, resource: things, ...EVERYTHING });
    await eventually(() => expect([lists(), watches()]).toEqual([2, 2]));
    expect(rewritten).toHaveLength(1);
    await client.apply(things, { metadata: { name: 'one', namespace } }, TEST_MANAGER);
    await eventually(() => expect(reflector.store.size).toBe(1));
    expect(captured.lines).toEqual([]);
  });

  it('continues after the server ends its watch, without another list and without logging', async () => {
    const { reflector } = reflect({ client: through, watchSeconds: 1 });
    await eventually(() => expect(watches()).toBeGreaterThan(1));
    await apply('late');
    await eventually(() => expect(names(reflector)).toEqual(['late=1']));
    expect(lists()).toBe(1);
    expect(captured.lines).toEqual([]);
  });

  it.each([
    ['an error event', { status: 200, body: '{"type":"ERROR","object":{"code":500}}\n' }],
    [
      'an unknown event',
      { status: 200, body: '{"type":"HELLO","object":{"metadata":{"resourceVersion":"1"}}}\n' },
    ],
    [
      'an event without a version',
      { status: 200, body: '{"type":"BOOKMARK","object":{"metadata":{}}}\n' },
    ],
    ['half an event', { status: 200, body: '{"type":"ADD\n' }],
    ['a refusal', { status: 403, body: '{"kind":"Status","reason":"Forbidden","message":"no"}' }],
    ['a failure', { status: 500, body: 'internal error' }],
    ['a redirect', { status: 302, headers: { location: 'http://127.0.0.1:1/' } }],
  ])('lists again after %s', async (_, fault) => {
    const faults = [fault];
    proxy.intercept = (request) => (isWatch(request) ? faults.shift() : undefined);
    const { reflector } = reflect({ client: through });
    await eventually(() => expect([lists(), watches()]).toEqual([2, 2]));
    await apply('after');
    await eventually(() => expect(names(reflector)).toEqual(['after=1']));
    await eventually(() => expect(lines('watch was restored')).toHaveLength(1));
    expect(lines('watch was lost')).toHaveLength(1);
  });

  it('slows down if the server ends every watch immediately', async () => {
    proxy.intercept = (request) => (isWatch(request) ? { status: 200, body: '' } : undefined);
    const waits = vi.spyOn(Backoff.prototype, 'next');
    const reset = vi.spyOn(Backoff.prototype, 'reset');
    reflect({ client: through });
    await eventually(() => expect(watches()).toBeGreaterThan(4));
    // There is a wait before each watch but the first, and the delay is never reset.
    expect(waits.mock.calls.length).toBeGreaterThanOrEqual(watches() - 1);
    expect(new Set(waits.mock.contexts).size).toBe(1);
    expect(reset).not.toHaveBeenCalled();
    vi.restoreAllMocks();
    expect(lines('watch was lost')).toHaveLength(1);
    expect(lines('watch was restored')).toHaveLength(0);
  });

  it('waits as long as Retry-After requests', async () => {
    const busy = { status: 429, headers: { 'retry-after': '2' }, body: 'too many requests' };
    const faults = [busy];
    const times: number[] = [];
    proxy.intercept = () => {
      times.push(performance.now());
      return faults.shift();
    };
    const { reflector } = reflect({ client: through });
    await reflector.synced;
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(1_990);
  });

  describe('that is optional', () => {
    const whenRefused = 'nothing may be listed: doing without';
    const forbidden = '{"kind":"Status","reason":"Forbidden","message":"no"}';
    const refuseLists = (request: string) =>
      isWatch(request) ? undefined : { status: 403, body: forbidden };

    it('treats a list that stays forbidden as empty, logs that once, and recovers', async () => {
      await apply('kept');
      const { reflector, changes } = reflect({ client: through, whenRefused });
      await reflector.synced;
      await eventually(() => expect(watches()).toBe(1));
      proxy.intercept = refuseLists;
      proxy.cut();
      await eventually(() => expect(reflector.isRefused).toBe(true));
      expect(changes).toEqual(['added kept', 'deleted kept']);
      proxy.intercept = () => undefined;
      await eventually(() => expect(names(reflector)).toEqual(['kept=1']));
      expect(reflector.isRefused).toBe(false);
      await eventually(() => expect(lines('watch was restored')).toHaveLength(1));
      expect(lines(whenRefused)).toHaveLength(1);
    });

    it.each([
      ['that stays forbidden', refuseLists],
      ['of a type that stays unknown', () => ({ status: 404, body: '404 page not found' })],
    ])('does not wait for a list %s', async (_, fault) => {
      proxy.intercept = fault;
      const { reflector } = reflect({ client: through, whenRefused });
      await reflector.synced;
      expect(reflector.isRefused).toBe(true);
      expect(captured.lines.map(({ msg }) => msg)).toEqual([whenRefused]);
    });

    it('keeps its objects if it is refused only briefly', async () => {
      await apply('kept');
      const { reflector, changes } = reflect({ client: through, whenRefused });
      await reflector.synced;
      await eventually(() => expect(watches()).toBe(1));
      const faults = [{ status: 403, body: forbidden }];
      proxy.intercept = (request) => (isWatch(request) ? undefined : faults.shift());
      proxy.cut();
      await eventually(() => expect(lists()).toBe(3));
      await apply('later');
      await eventually(() => expect(names(reflector)).toEqual(['kept=1', 'later=1']));
      expect(changes).toEqual(['added kept', 'added later']);
      expect(lines(whenRefused)).toEqual([]);
    });
  });

  it('logs again if the reason of the failure changes', async () => {
    const forbidden = '{"kind":"Status","reason":"Forbidden","message":"no rights to list"}';
    await proxy.refuse();
    const { reflector } = reflect({ client: through });
    await eventually(() => expect(lines('watch was lost')).toHaveLength(1));
    proxy.intercept = () => ({ status: 403, body: forbidden });
    await proxy.accept();
    await eventually(() => expect(lines('watch was lost')).toHaveLength(2));
    expect(lines('watch was lost')[1]?.reason).toContain('no rights to list');
    proxy.intercept = () => undefined;
    await reflector.synced;
    await eventually(() => expect(lines('watch was restored')).toHaveLength(1));
  });

  it('is stuck only if it no longer retries', async () => {
    await proxy.refuse();
    const { reflector } = reflect({ client: through });
    await eventually(() => expect(lines('watch was lost')).toHaveLength(1));
    expect(reflector.stuck(performance.now())).toBeUndefined();
    expect(reflector.stuck(performance.now() + 600_000)).toContain('configmaps');
  });

  it('stops immediately even during a long Retry-After', async () => {
    proxy.intercept = () => ({ status: 429, headers: { 'retry-after': '50' }, body: '' });
    reflect({ client: through });
    await eventually(() => expect(lines('watch was lost')).toHaveLength(1));
    stop.abort();
    await Promise.all(running);
  });
});
