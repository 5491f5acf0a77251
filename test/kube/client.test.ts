import { Registry } from 'prom-client';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { type FaultProxy, startFaultProxy } from '../../hack/control-plane/fault-proxy.ts';
import { Client, getIfExists } from '../../src/kube/client.ts';
import { Connection, loadKubeConfig } from '../../src/kube/connection.ts';
import {
  isAlreadyExists,
  isConflict,
  isForbidden,
  isNotFound,
  isResourceTypeMissing,
  isUnavailable,
} from '../../src/kube/errors.ts';
import { createKubeMetrics } from '../../src/kube/metrics.ts';
import {
  CONFIG_MAPS,
  type KubeObject,
  NAMESPACES,
  type ResourceDefinition,
  ROLES,
  SECRETS,
  SERVICE_ACCOUNTS,
} from '../../src/kube/resource.ts';
import { eventually } from '../support/eventually.ts';
import { adminClient, createNamespace } from '../support/kube/cluster.ts';

const MANAGER = 'kube-test';

interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}
interface Role extends KubeObject {
  readonly rules: readonly object[];
}

let client: Client;
let namespace: string;
let count = 0;

beforeAll(async () => {
  client = adminClient();
  namespace = await createNamespace(client, 'client');
});

const configMap = (data?: Record<string, string>, name = `object-${++count}`): ConfigMap => ({
  metadata: { name, namespace },
  ...(data === undefined ? {} : { data }),
});
const keyOf = ({ metadata: { name } }: KubeObject) => ({ namespace, name });
const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );
async function mustFail(promise: Promise<unknown>): Promise<unknown> {
  const error = await failure(promise);
  if (error === undefined) throw new Error('the call worked');
  return error;
}

describe('apply', () => {
  it('creates an object, and changes nothing when repeated', async () => {
    const object = configMap({ a: '1' });
    const created = await client.apply(CONFIG_MAPS, object, MANAGER);
    const again = await client.apply(CONFIG_MAPS, object, MANAGER);
    expect(created.data).toEqual({ a: '1' });
    expect(again.metadata.resourceVersion).toBe(created.metadata.resourceVersion);
  });

  it('reverts changes by others and prunes fields that it no longer sets', async () => {
    const object = configMap({ a: '1', b: '2' });
    await client.apply(CONFIG_MAPS, object, MANAGER);
    const drift = { data: { a: 'changed', theirs: 'kept' } };
    await client.mergePatch(CONFIG_MAPS, keyOf(object), drift, { fieldManager: 'somebody' });
    const applied = await client.apply(CONFIG_MAPS, { ...object, data: { a: '1' } }, MANAGER);
    expect(applied.data).toEqual({ a: '1', theirs: 'kept' });
  });

  it('keeps the case of names', async () => {
    const role: Role = { metadata: { name: 'SCIMProvisioner', namespace }, rules: [] };
    await client.apply(ROLES, role, MANAGER);
    const read = await client.get<Role>(ROLES, keyOf(role));
    expect(read.metadata.name).toBe('SCIMProvisioner');
  });

  it('rejects fields that the API does not know instead of dropping them', async () => {
    const object = { ...configMap(), dta: { a: '1' } };
    const error = await failure(client.apply(CONFIG_MAPS, object, MANAGER));
    expect(error).toMatchObject({ name: 'ApiError', message: expect.stringContaining('dta') });
  });
});

describe('names', () => {
  it.each([
    ['empty', SECRETS, { namespace: 'default', name: '' }],
    ['in an empty namespace', SECRETS, { namespace: '', name: 'x' }],
    ['without a namespace', SECRETS, { name: 'x' }],
    ['empty for a cluster-scoped object', NAMESPACES, { name: '' }],
    ['those of a subresource', NAMESPACES, { name: 'default/status' }],
    ['those of a subresource, encoded', NAMESPACES, { name: 'default%2Fstatus' }],
    ['another path', SECRETS, { namespace: 'default', name: '../configmaps/x' }],
    ['the collection', SECRETS, { namespace: 'default', name: '.' }],
    ['the namespace', SECRETS, { namespace: 'default', name: '..' }],
    ['in a namespace that is another path', SECRETS, { namespace: 'a/secrets/b', name: 'x' }],
  ] satisfies [string, ResourceDefinition, { namespace?: string; name: string }][])(
    'never reach the API if they are %s',
    async (_, resource, key) => {
      await client.apply(SECRETS, { metadata: { name: 'survivor', namespace } }, MANAGER);
      expect(() => client.get(resource, key)).toThrow(TypeError);
      await expect(client.delete(resource, key)).rejects.toThrow(TypeError);
      await expect(client.get(SECRETS, { namespace, name: 'survivor' })).resolves.toBeDefined();
    },
  );

  it.each([
    '',
    '.',
    '..',
    'default/status',
    'default%2Fstatus',
    '../namespaces/default',
    'A',
    'a\0',
  ])('of no object, such as %j, are those of a missing one to a live read', async (name) => {
    expect(await getIfExists(client, NAMESPACES, { name })).toBeUndefined();
  });
});

describe('errors', () => {
  it('tell a missing object from a missing resource type', async () => {
    const missing = await failure(client.get(CONFIG_MAPS, { namespace, name: 'nobody' }));
    expect(isNotFound(missing, 'nobody')).toBe(true);
    expect(isNotFound(missing, 'somebody')).toBe(false);
    expect(isResourceTypeMissing(missing)).toBe(false);

    const unserved = { ...CONFIG_MAPS, group: 'nowhere.example.org' };
    for (const call of [
      client.get(unserved, { namespace, name: 'nobody' }),
      client.list(unserved),
    ]) {
      const error = await failure(call);
      expect(isResourceTypeMissing(error)).toBe(true);
      expect(isNotFound(error, 'nobody')).toBe(false);
    }
  });

  it("don't mistake a missing namespace for a missing object", async () => {
    const object = { metadata: { name: 'x', namespace: 'no-such-namespace' } };
    const error = await failure(client.create(CONFIG_MAPS, object, MANAGER));
    expect(isNotFound(error, 'x')).toBe(false);
    expect(isResourceTypeMissing(error)).toBe(false);
  });

  it('tell an existing object from a conflicting change', async () => {
    const created = await client.create(CONFIG_MAPS, configMap({ a: '1' }), MANAGER);
    const twice = await failure(
      client.create(CONFIG_MAPS, configMap({}, created.metadata.name), MANAGER),
    );
    expect([isAlreadyExists(twice), isConflict(twice)]).toEqual([true, false]);

    const { resourceVersion } = created.metadata;
    const patch = (value: string) =>
      client.mergePatch(
        CONFIG_MAPS,
        keyOf(created),
        { metadata: { resourceVersion }, data: { a: value } },
        { fieldManager: MANAGER },
      );
    await patch('2');
    const stale = await failure(patch('3'));
    expect([isAlreadyExists(stale), isConflict(stale)]).toEqual([false, true]);
  });

  it('report a conflict if another object of that name was to be deleted', async () => {
    const created = await client.create(CONFIG_MAPS, configMap(), MANAGER);
    const error = await failure(client.delete(CONFIG_MAPS, keyOf(created), 'another-uid'));
    expect(isConflict(error)).toBe(true);
    await client.delete(CONFIG_MAPS, keyOf(created), created.metadata.uid);
    const gone = await failure(client.get(CONFIG_MAPS, keyOf(created)));
    expect(isNotFound(gone, created.metadata.name)).toBe(true);
  });

  it('about a Secret never quote the server', async () => {
    const object = { metadata: { name: 'quoted', namespace }, data: { 'not a key': 'eA==' } };
    const open = await failure(client.apply(CONFIG_MAPS, object, MANAGER));
    expect(String(open)).toContain('not a key');
    const error = await failure(client.apply(SECRETS, object, MANAGER));
    expect(error).toMatchObject({ code: 422, reason: 'Invalid' });
    expect(JSON.stringify([error, String(error)])).not.toContain('not a key');
  });

  it('are forbidden for a service account without rights', async () => {
    const account = { metadata: { name: 'nobody', namespace } };
    await client.apply(SERVICE_ACCOUNTS, account, MANAGER);
    const review = await client.createSubresource<{ status: { token: string } }>(
      SERVICE_ACCOUNTS,
      keyOf(account),
      'token',
      { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
    );
    const config = loadKubeConfig(inject('kubeconfig'));
    const cluster = config.getCurrentCluster();
    if (!cluster) throw new Error('no cluster');
    config.loadFromClusterAndUser(cluster, { name: 'nobody', token: `${review.status.token}\n` });
    const nobody = new Client(new Connection(config));
    const error = await failure(nobody.list(SECRETS, { namespace }));
    expect(isForbidden(error)).toBe(true);
    expect(String(error)).toContain(`403`);
    expect(String(error)).not.toContain(review.status.token);
  });
});

describe('list', () => {
  it('returns pages that continue each other', async () => {
    const labels = { page: 'yes' };
    for (const name of ['p1', 'p2', 'p3']) {
      await client.apply(CONFIG_MAPS, { metadata: { name, namespace, labels } }, MANAGER);
    }
    const options = { namespace, labelSelector: 'page=yes', limit: 2 };
    const first = await client.list(CONFIG_MAPS, options);
    const second = await client.list(CONFIG_MAPS, {
      ...options,
      continue: first.metadata.continue,
    });
    const names = [first, second]
      .flatMap(({ items }) => items ?? [])
      .map(({ metadata }) => metadata.name);
    expect(names).toEqual(['p1', 'p2', 'p3']);
    expect(second.metadata.continue ?? '').toBe('');
  });

  it('returns only metadata if requested', async () => {
    const data = { token: Buffer.from('x').toString('base64') };
    const labels = { metadata: 'only' };
    const secret = { metadata: { name: 'metadata-only', namespace, labels }, data };
    await client.apply(SECRETS, secret, MANAGER);
    const options = { namespace, labelSelector: 'metadata=only', metadataOnly: true };
    const { items } = await client.list(SECRETS, options);
    expect(items?.map(({ metadata }) => metadata.name)).toEqual(['metadata-only']);
    expect(items?.[0]).not.toHaveProperty('data');
  });
});

describe('when the API server fails,', () => {
  let proxy: FaultProxy;
  let through: Client;
  let impatient: Client;
  beforeAll(async () => {
    proxy = await startFaultProxy(inject('kubeconfig'));
    through = new Client(new Connection(proxy.config));
    impatient = new Client(new Connection(proxy.config), undefined, 1_000);
  });
  afterEach(() => {
    proxy.intercept = () => undefined;
  });
  afterAll(() => proxy.close());

  it('a call without a response ends at its deadline, and the next one works', async () => {
    const list = () => impatient.list(CONFIG_MAPS, { namespace });
    await eventually(list);
    proxy.mute();
    const error = await eventually(() => mustFail(list()));
    expect(String(error)).toContain('no response before the deadline');
    expect(isUnavailable(error)).toBe(true);
    await eventually(list);
  });

  it('a refused connection is reported with its code', async () => {
    await proxy.refuse();
    // The first calls may still use a connection that was reset.
    const error = await eventually(async () => {
      const refused = await mustFail(through.list(CONFIG_MAPS, { namespace }));
      expect(String(refused)).toContain('ECONNREFUSED');
      return refused;
    });
    await proxy.accept();
    expect(isUnavailable(error)).toBe(true);
  });

  it.each([
    ['plain text', 429, { 'retry-after': '7' }, 'Too many requests, please try again later.'],
    ['HTML', 503, { 'retry-after': '7' }, '<html>\n<h1>\nUnavailable</h1></html>'],
    [
      'a Status',
      429,
      {},
      JSON.stringify({ kind: 'Status', message: 'busy', details: { retryAfterSeconds: 7 } }),
    ],
  ])(
    'an error in %s is reported in one line, with its Retry-After',
    async (_, status, headers, body) => {
      proxy.intercept = () => ({ status, headers, body });
      const error = await failure(through.list(CONFIG_MAPS, { namespace }));
      expect(error).toMatchObject({ code: status, retryAfterMs: 7_000 });
      expect(String(error)).not.toContain('\n');
      expect(isUnavailable(error)).toBe(true);
    },
  );

  it('a response that is not JSON is an error, not a crash', async () => {
    proxy.intercept = () => ({ status: 200, body: '<html>login</html>' });
    const error = await failure(through.list(CONFIG_MAPS, { namespace }));
    expect(error).toMatchObject({ code: 0, message: expect.stringContaining('not JSON') });
    expect(String(error)).not.toContain('html');
  });
});

describe('metrics', () => {
  it('count calls by code and method under the names of client-go', async () => {
    const registry = new Registry();
    const connection = new Connection(loadKubeConfig(inject('kubeconfig')));
    const counted = new Client(connection, createKubeMetrics(registry));
    await counted.list(CONFIG_MAPS, { namespace });
    await failure(counted.get(CONFIG_MAPS, { namespace, name: 'nobody' }));
    const host = new URL(connection.server).host;
    const text = await registry.metrics();
    for (const code of [200, 404]) {
      expect(text).toContain(
        `rest_client_requests_total{code="${code}",method="GET",host="${host}"} 1`,
      );
    }
    expect(text).toContain(
      `rest_client_request_duration_seconds_count{verb="GET",host="${host}"} 2`,
    );
  });
});
