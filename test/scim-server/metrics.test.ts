/** The metrics of the SCIM server, as a scraper reads them. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseExposition, type Sample } from '../../hack/process/exposition.ts';
import { createOpsApp } from '../../src/http/ops.ts';
import { HttpServer } from '../../src/http/server.ts';
import { createLogger } from '../../src/logger.ts';
import { unavailable } from '../../src/scim/error.ts';
import {
  type ScimClient,
  type ScimServer,
  type ScimServerOptions,
  startScimServer,
} from '../support/scim-server/server.ts';

let server: ScimServer;
let ops: HttpServer;
let opsPort: number;
let client: ScimClient;
let now: number;
/** The state of the directory, as the server sees it. */
let directory: 'well' | 'unreachable' | 'silent';

async function start(options: ScimServerOptions = {}) {
  now = Date.UTC(2026, 0, 1);
  directory = 'well';
  const reach = <T>(run: () => Promise<T>): Promise<T> => {
    if (directory === 'unreachable') return Promise.reject(unavailable(new Error('unreachable')));
    return directory === 'silent' ? new Promise(() => undefined) : run();
  };
  server = await startScimServer({
    now: () => now,
    wrap: (store) => ({
      ...store,
      tokens: {
        ...store.tokens,
        authenticate: (...args) => reach(async () => store.tokens.authenticate(...args)),
      },
      census: () => reach(() => store.census()),
      ping: () => reach(() => store.ping()),
    }),
    ...options,
  });
  const { registry } = server;
  const well = () => undefined;
  const log = createLogger('silent');
  ops = new HttpServer(createOpsApp({ registry, live: well, ready: well, log }), log);
  opsPort = (await ops.listen({ host: '127.0.0.1', port: 0 })).port;
  client = await server.addIntegration();
}

async function stop() {
  await ops.close(1000);
  await server.close();
}

async function scrape(): Promise<readonly Sample[]> {
  const response = await fetch(`http://127.0.0.1:${opsPort}/metrics`);
  expect(response.status).toBe(200);
  return parseExposition(await response.text());
}

/** The series of a metric, as `labels → value`, with the labels' values in the order given. */
async function series(name: string, ...labels: string[]): Promise<Record<string, number>> {
  const samples = (await scrape()).filter((sample) => sample.name === name);
  return Object.fromEntries(
    samples.map((sample) => [labels.map((each) => sample.labels[each]).join(' '), sample.value]),
  );
}

const idOf = ({ record }: ScimClient) => record.id;
/** Longer than a census is kept. */
const later = () => {
  now += 11_000;
};

beforeEach(() => start());
afterEach(stop);

const USER = { userName: 'ann' };

describe('scim_requests_total', () => {
  it('counts by tenant, integration, operation and code', async () => {
    const other = await server.addIntegration({ name: 'other' });
    const { id } = await client.send('POST', '/Users', USER);
    await client.send('POST', '/Users', USER);
    await client.send('GET', `/Users/${id}`);
    await client.send('GET', `/Users/${id}`);
    await other.send('DELETE', `/Users/${id}`);
    const counted = await series(
      'scim_requests_total',
      'tenant',
      'integration',
      'operation',
      'code',
    );
    const { tenant } = client.record;
    expect(counted).toEqual({
      [`${tenant} ${idOf(client)} users.create 201`]: 1,
      [`${tenant} ${idOf(client)} users.create 409`]: 1,
      [`${tenant} ${idOf(client)} users.get 200`]: 2,
      [`${tenant} ${idOf(other)} users.delete 204`]: 1,
    });
  });

  it.each([
    ['POST', '/Users', 'users.create'],
    ['GET', '/Users', 'users.list'],
    ['HEAD', '/Users', 'users.list'],
    ['POST', '/Users/.search', 'users.search'],
    ['GET', '/Users/x', 'users.get'],
    ['PUT', '/Users/x', 'users.replace'],
    ['PATCH', '/Users/x', 'users.patch'],
    ['DELETE', '/Users/x', 'users.delete'],
    ['POST', '/Groups', 'groups.create'],
    ['GET', '/Groups?filter=x', 'groups.list'],
    ['POST', '/Groups/.search', 'groups.search'],
    ['GET', '/Groups/x', 'groups.get'],
    ['PUT', '/Groups/x', 'groups.replace'],
    ['PATCH', '/Groups/x', 'groups.patch'],
    ['DELETE', '/Groups/x', 'groups.delete'],
    ['GET', '', 'search'],
    ['POST', '/.search', 'search'],
    ['POST', '/Bulk', 'bulk'],
    ['GET', '/Schemas', 'schemas'],
    ['GET', '/Schemas/urn:x', 'schemas'],
    ['GET', '/ResourceTypes', 'resource_types'],
    ['GET', '/ResourceTypes/User', 'resource_types'],
    ['GET', '/ServiceProviderConfig', 'service_provider_config'],
    ['GET', '/ServiceProviderConfigs', 'service_provider_config'],
    ['GET', '/Me', 'me'],
    ['PUT', '/Users', 'other'],
    ['OPTIONS', '/Users/x', 'other'],
    ['GET', '/Elsewhere', 'other'],
  ])('names the operation of %s %s: %s', async (method, path, operation) => {
    await client.send(method, path, ['GET', 'HEAD', 'OPTIONS'].includes(method) ? undefined : {});
    expect(Object.keys(await series('scim_requests_total', 'operation'))).toEqual([operation]);
  });

  it('names the integration of a request that is refused because it is disabled', async () => {
    const off = await server.addIntegration({ name: 'off', enabled: false });
    await off.send('GET', '/Users');
    const counted = await series('scim_requests_total', 'integration', 'operation', 'code');
    expect(counted).toEqual({ [`${idOf(off)} users.list 403`]: 1 });
  });

  it('drops the series of an integration that ended, and of no other', async () => {
    const other = await server.addIntegration({ name: 'other' });
    await client.send('GET', '/Users');
    await other.send('GET', '/Users');
    expect(Object.keys(await series('scim_requests_total', 'integration'))).toHaveLength(2);
    await server.store.integrations.end(idOf(other), now);
    later();
    const samples = (await scrape()).filter(({ name }) => name.startsWith('scim_'));
    expect(samples.filter(({ labels }) => labels.integration === idOf(other))).toEqual([]);
    const counted = await series('scim_requests_total', 'integration', 'code');
    expect(counted).toEqual({ [`${idOf(client)} 200`]: 1 });
  });

  it('keeps counting for an integration that is newer than the last census', async () => {
    await scrape();
    now += 1000;
    const fresh = await server.addIntegration({ name: 'fresh' });
    await fresh.send('GET', '/Users');
    const counted = { [idOf(fresh)]: 1 };
    expect(await series('scim_requests_total', 'integration')).toEqual(counted);
    later();
    expect(await series('scim_requests_total', 'integration')).toEqual(counted);
  });
});

describe('requests without a valid token', () => {
  const unauthorized = () => series('scim_unauthorized_requests_total', 'tenant', 'integration');
  const wrongToken = { headers: { authorization: 'Bearer nonsense' } };

  it('never add labels, whatever their path contains', async () => {
    const base = `http://127.0.0.1:${server.port}`;
    for (const name of ['a', 'b', 'c']) {
      await fetch(`${base}/api/v1/${name}/integrations/${name}/scim/v2/Users`);
      await fetch(`${base}/api/v1/${name}/integrations/${name}/scim/v2/${name}`);
      await fetch(`${base}/api/v1/${name}/integrations/${name}/scim/v2/Users`, { method: 'LOCK' });
      await fetch(`${base}/${name}`);
    }
    expect(await unauthorized()).toEqual({ ' ': 9 });
    const counted = await series(
      'scim_requests_total',
      'tenant',
      'integration',
      'operation',
      'code',
    );
    expect(counted).toEqual({ '  users.list 401': 3, '  other 401': 6, '  other 404': 3 });
  });

  it('count for the integration that they were sent to, if it exists', async () => {
    const { tenant } = client.record;
    await scrape();
    await client.send('GET', '/Users', undefined, wrongToken);
    await client.send('GET', '/Users', undefined, wrongToken);
    const elsewhere = client.path.replace(`/${tenant}/`, '/elsewhere/');
    await fetch(`http://127.0.0.1:${server.port}${elsewhere}/Users`);
    expect(await unauthorized()).toEqual({ ' ': 1, [`${tenant} ${idOf(client)}`]: 2 });
  });

  it('do not count as requests of the integration', async () => {
    await scrape();
    await client.send('GET', '/Users', undefined, wrongToken);
    const counted = await series('scim_requests_total', 'integration', 'code');
    expect(counted).toEqual({ ' 401': 1 });
  });
});

describe('scim_rate_limited_requests_total', () => {
  it('counts requests refused with 429, starting at zero', async () => {
    await stop();
    await start({ rateLimit: 1, clock: () => 0 });
    const limited = () => series('scim_rate_limited_requests_total', 'integration');
    await client.send('GET', '/Users');
    expect(await limited()).toEqual({ [idOf(client)]: 0 });
    await client.send('GET', '/Users');
    expect((await client.send('GET', '/Users')).status).toBe(429);
    expect(await limited()).toEqual({ [idOf(client)]: 1 });
  });
});

describe('scim_bulk_operations_total', () => {
  it('counts each operation with its status, and the Bulk itself as one request', async () => {
    const schemas = ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'];
    const create = (bulkId: string, data: object) => ({
      method: 'POST',
      path: '/Users',
      bulkId,
      data,
    });
    await client.send('POST', '/Bulk', {
      schemas,
      Operations: [
        create('1', USER),
        create('2', USER),
        {
          method: 'POST',
          path: '/Groups',
          bulkId: '3',
          data: { displayName: 'staff', members: [{ value: 'bulkId:1' }] },
        },
        { method: 'DELETE', path: '/Groups/nobody' },
        { method: 'POST', path: '/Elsewhere', bulkId: '4', data: {} },
      ],
    });
    const bulk = await series('scim_bulk_operations_total', 'integration', 'operation', 'code');
    expect(bulk).toMatchObject({
      [`${idOf(client)} users.create 201`]: 1,
      [`${idOf(client)} users.create 409`]: 1,
      [`${idOf(client)} groups.create 201`]: 1,
      [`${idOf(client)} groups.delete 404`]: 1,
    });
    expect(Object.keys(bulk).filter((key) => key.includes('other'))).toHaveLength(1);
    const requests = await series('scim_requests_total', 'operation', 'code');
    expect(requests).toEqual({ 'bulk 200': 1 });
  });
});

describe('scim_request_duration_seconds', () => {
  it('has the operation and buckets from a millisecond to a minute', async () => {
    await client.send('GET', '/Schemas');
    await client.send('GET', '/Users');
    const counts = await series('scim_request_duration_seconds_count', 'operation');
    expect(counts).toEqual({ schemas: 1, 'users.list': 1 });
    const buckets = await series('scim_request_duration_seconds_bucket', 'operation', 'le');
    expect(buckets).toMatchObject({ 'schemas +Inf': 1, 'users.list 60': 1 });
    expect(Object.keys(buckets)).toContain('schemas 0.001');
    const sums = await series('scim_request_duration_seconds_sum', 'operation');
    expect(sums.schemas).toBeGreaterThan(0);
    expect(sums.schemas).toBeLessThan(60);
  });
});

describe('the metrics of the directory', () => {
  it('count users and groups by tenant, including empty tenants, at most once in ten seconds', async () => {
    const { tenant } = client.record;
    const users = () => series('scim_directory_users', 'tenant');
    expect(await users()).toEqual({ [tenant]: 0 });
    expect(await series('scim_directory_groups', 'tenant')).toEqual({ [tenant]: 0 });
    await client.send('POST', '/Users', USER);
    await client.send('POST', '/Groups', { displayName: 'staff' });
    expect(await users()).toEqual({ [tenant]: 0 });
    later();
    expect(await users()).toEqual({ [tenant]: 1 });
    expect(await series('scim_directory_groups', 'tenant')).toEqual({ [tenant]: 1 });
  });

  it('still count the users that an ended integration leaves, until they are purged', async () => {
    const { tenant } = client.record;
    await client.send('POST', '/Users', USER);
    await server.store.integrations.end(idOf(client), now);
    expect(await series('scim_directory_users', 'tenant')).toEqual({ [tenant]: 1 });
    await server.store.integrations.purge(idOf(client), now);
    later();
    expect(await series('scim_directory_users', 'tenant')).toEqual({});
  });

  it('name the resource of each integration and say whether it is served', async () => {
    const { tenant, namespace, name } = client.record;
    const off = await server.addIntegration({ name: 'off', enabled: false });
    const stranger = await server.addIntegration({ name: 'stranger', allowed: false });
    const info = await series(
      'scim_integration_info',
      'tenant',
      'integration',
      'integration_namespace',
      'integration_name',
    );
    expect(info[`${tenant} ${idOf(client)} ${namespace} ${name}`]).toBe(1);
    expect(await series('scim_integration_enabled', 'integration')).toEqual({
      [idOf(client)]: 1,
      [idOf(off)]: 0,
      [idOf(stranger)]: 0,
    });
  });

  it('contain the time of the last request of an integration', async () => {
    const { tenant } = client.record;
    const last = () => series('scim_last_request_timestamp_seconds', 'tenant', 'integration');
    expect(await last()).toEqual({});
    await server.store.integrations.touch(new Map([[idOf(client), 1_500]]));
    later();
    expect(await last()).toEqual({ [`${tenant} ${idOf(client)}`]: 1.5 });
  });

  it('contain when tokens were issued, last used and expire, and nothing else of them', async () => {
    const { tokens } = server.store;
    const integrationId = idOf(client);
    const [known] = await tokens.list(integrationId);
    const second = {
      integrationId,
      keyId: 'a_second_1',
      hash: 'the hash',
      issuedAt: 2_000,
      expiresAt: 9_000,
      pending: false,
    };
    await tokens.add(second);
    const issued = await series('scim_token_issued_timestamp_seconds', 'integration', 'key_id');
    expect(issued).toEqual({
      [`${integrationId} ${known?.keyId}`]: (known?.issuedAt ?? 0) / 1000,
      [`${integrationId} a_second_1`]: 2,
    });
    const ends = await series('scim_token_expires_timestamp_seconds', 'integration', 'key_id');
    expect(ends).toEqual({ [`${integrationId} a_second_1`]: 9 });
    await tokens.touch([{ integrationId, keyId: 'a_second_1', at: 3_000 }]);
    later();
    const uses = await series('scim_token_last_used_timestamp_seconds', 'integration', 'key_id');
    expect(uses).toEqual({ [`${integrationId} a_second_1`]: 3 });
    const text = JSON.stringify(await scrape());
    expect(text).not.toContain('the hash');
    expect(text).not.toContain(client.token.slice(16));
    await tokens.revokeAll(integrationId);
    later();
    expect(await series('scim_token_issued_timestamp_seconds', 'key_id')).toEqual({});
  });
});

describe('while the database is unreachable', () => {
  it('a scrape reports it, with the last known values', async () => {
    await client.send('POST', '/Users', USER);
    const { tenant } = client.record;
    expect(await series('scim_directory_up')).toEqual({ '': 1 });
    directory = 'unreachable';
    later();
    expect((await client.send('GET', '/Users')).status).toBe(503);
    expect(await series('scim_directory_up')).toEqual({ '': 0 });
    expect(await series('scim_directory_users', 'tenant')).toEqual({ [tenant]: 1 });
    const counted = await series('scim_requests_total', 'integration', 'operation', 'code');
    expect(counted).toEqual({ [`${idOf(client)} users.create 201`]: 1, ' users.list 503': 1 });
    directory = 'well';
    expect(await series('scim_directory_up')).toEqual({ '': 1 });
  });

  it('a scrape doesn’t wait for a response that never comes', async () => {
    await scrape();
    directory = 'silent';
    later();
    vi.useFakeTimers();
    try {
      const text = server.registry.metrics();
      await vi.advanceTimersByTimeAsync(2_000);
      const samples = parseExposition(await text);
      expect(samples.find(({ name }) => name === 'scim_directory_up')?.value).toBe(0);
      expect(samples.map(({ name }) => name)).toContain('scim_integration_info');
    } finally {
      vi.useRealTimers();
    }
  });
});
