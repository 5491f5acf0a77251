/**
 * The responses of every endpoint before SCIM begins, as the table "Access" in
 * docs/reference/scim.md lists them.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateToken, hashToken, keyIdOf } from '../../src/directory/tokens.ts';
import { unavailable } from '../../src/scim/error.ts';
import {
  type ScimClient,
  type ScimServer,
  startScimServer,
} from '../support/scim-server/server.ts';

let server: ScimServer;
let client: ScimClient;
beforeAll(async () => {
  server = await startScimServer();
  client = await server.addIntegration();
});
afterAll(() => server.close());

/** Everything in a response that a caller could compare. */
async function fingerprint(path: string, authorization?: string): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${server.port}${path}/Users`, {
    headers: authorization === undefined ? {} : { authorization },
  });
  const { date: _, 'x-request-id': id, ...headers } = Object.fromEntries(response.headers);
  expect(id).toMatch(/^[\w-]{36}$/);
  return { status: response.status, headers, body: await response.text() };
}

describe('a missing, unknown, expired or foreign token, or an unknown tenant or integration, is 401', () => {
  it('with the same body and headers in all cases, and WWW-Authenticate: Bearer', async () => {
    const other = await server.addIntegration({ tenant: 'other' });
    const expired = generateToken();
    await server.store.tokens.add({
      integrationId: client.record.id,
      keyId: keyIdOf(expired),
      hash: hashToken(expired),
      issuedAt: 0,
      expiresAt: Date.now() - 1,
      pending: false,
    });
    const right = `Bearer ${client.token}`;
    const { path } = client;
    const refusals = await Promise.all([
      fingerprint(path),
      fingerprint(path, ''),
      fingerprint(path, 'Bearer'),
      fingerprint(path, 'Bearer '),
      fingerprint(path, `Bearer ${generateToken()}`),
      fingerprint(path, `Bearer ${other.token}`),
      fingerprint(path, `Bearer ${expired}`),
      fingerprint(path, `Basic ${Buffer.from(`x:${client.token}`).toString('base64')}`),
      fingerprint(path, `Bearer ${client.token}, Bearer ${client.token}`),
      fingerprint(path, `Bearer ${'x'.repeat(40_000)}`),
      fingerprint(path.replace('acme', 'nobody'), right),
      fingerprint(path.replace('acme', 'other'), right),
      fingerprint(path.replace(client.record.id, 'V1StGXR8_Z5jdHi6B-myT'), right),
      fingerprint(other.path, right),
      fingerprint(path.replace('acme', '%00'), right),
      fingerprint(path.replace('acme', '%ff'), right),
    ]);
    const [first] = refusals;
    expect(first).toMatchObject({
      status: 401,
      headers: {
        'www-authenticate': 'Bearer',
        'content-type': expect.stringMatching(/^application\/scim\+json/),
      },
    });
    for (const each of refusals) expect(each).toEqual(first);
    expect(JSON.stringify(first)).toContain('"status\\":\\"401\\"');
  });
});

describe('an integration that is disabled or not allowed in its tenant gets 403', () => {
  it('as soon as it is disabled, and then works again with the same token', async () => {
    const one = await server.addIntegration({ tenant: 'switch' });
    const { id } = await one.send('POST', '/Users', { userName: 'stays' });
    await server.store.integrations.put({ ...one.record, enabled: false });
    const refused = await one.send('GET', `/Users/${id}`);
    expect(refused.status).toBe(403);
    expect(refused.body).toMatchObject({ status: '403', detail: 'integration is disabled' });
    expect((await one.send('POST', '/Users', { userName: 'ghost' })).status).toBe(403);
    expect((await one.send('GET', '/nothing')).status).toBe(403);
    await server.store.integrations.put(one.record);
    expect((await one.send('GET', `/Users/${id}`)).status).toBe(200);
    expect((await one.send('GET', '/Users')).body.totalResults).toBe(1);
  });

  it('as long as its tenant doesn’t allow it', async () => {
    const one = await server.addIntegration({ tenant: 'lost', allowed: false });
    expect((await one.send('GET', '/Users')).body).toMatchObject({
      status: '403',
      detail: 'integration is not allowed in this tenant',
    });
  });

  it('only for requests with its token', async () => {
    const one = await server.addIntegration({ tenant: 'hidden', enabled: false });
    expect(await fingerprint(one.path, 'Bearer x')).toEqual(await fingerprint(client.path));
  });
});

describe('a missing permission is 403', () => {
  it('with the name of the permission', async () => {
    const reader = await startScimServer({ permissions: new Set(['users.get', 'users.list']) });
    const one = await reader.addIntegration();
    expect((await one.send('GET', '/Users')).status).toBe(200);
    expect((await one.send('POST', '/Users', { userName: 'x' })).body).toEqual({
      schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
      status: '403',
      detail: 'the role lacks the permission users.create',
    });
    await reader.close();
  });
});

describe('an unavailable directory is 503 with Retry-After', () => {
  it('for every request while tokens can’t be looked up', async () => {
    const broken = await startScimServer({
      wrap: (store) => ({
        ...store,
        tokens: {
          ...store.tokens,
          authenticate: () => Promise.reject(new Error('disk I/O error at /secret/path')),
        },
      }),
    });
    const one = await broken.addIntegration();
    const answer = await one.send('GET', '/Users');
    expect(answer.status).toBe(503);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(answer.text).not.toContain('secret');
    await broken.close();
  });

  it('for every read of resources that fails', async () => {
    const closed = await startScimServer({
      wrap: (store) => ({ ...store, users: { ...store.users, get: failing, list: failing } }),
    });
    const one = await closed.addIntegration();
    const answers = [
      await one.send('GET', '/Users'),
      await one.send('GET', '/Users/x'),
      await one.send('POST', '/.search', {}),
    ];
    for (const answer of answers) {
      expect(answer.body).toMatchObject({ status: '503' });
      expect(answer.headers.get('retry-after')).toBe('5');
    }
    await closed.close();
  });
});

const failing = () => Promise.reject(unavailable(new Error('disk I/O error')));

describe('an integration over its rate limit gets 429 with Retry-After', () => {
  it('without an effect on others, until it is within the limit again', async () => {
    let now = 0;
    const limited = await startScimServer({ rateLimit: 5, clock: () => now });
    const [one, two] = await Promise.all([limited.addIntegration(), limited.addIntegration()]);
    for (let index = 0; index < 10; index++) {
      expect((await one.send('GET', '/ServiceProviderConfig')).status).toBe(200);
    }
    const refused = await one.send('POST', '/Users', { userName: 'late' });
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(refused.body).toMatchObject({ status: '429' });
    expect((await two.send('GET', '/Users')).body.totalResults).toBe(0);
    now += 1000;
    expect((await one.send('GET', '/Users')).status).toBe(200);
    await limited.close();
  });

  it('for a Bulk by the number of its operations, before any of them runs', async () => {
    let now = 0;
    const limited = await startScimServer({ rateLimit: 10, clock: () => now });
    const client = await limited.addIntegration();
    let count = 0;
    const bulk = (operations: number) =>
      client.send('POST', '/Bulk', {
        Operations: Array.from({ length: operations }, () => ({
          method: 'POST',
          path: '/Users',
          bulkId: `b${++count}`,
          data: { userName: `u${count}` },
        })),
      });
    const users = async () => {
      now += 60_000;
      const { totalResults } = (await client.send('GET', '/Users?count=0')).body;
      now += 60_000;
      return totalResults;
    };
    expect((await bulk(15)).status).toBe(200);
    const refused = await bulk(15);
    expect(refused.body).toMatchObject({ status: '429' });
    // 4 of 20 are left, and 14 are needed.
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(await users()).toBe(15);

    expect((await bulk(50)).status).toBe(200);
    const after = await client.send('GET', '/Users');
    expect(after.status).toBe(429);
    expect(after.headers.get('retry-after')).toBe('4');
    now += 3000;
    expect((await client.send('GET', '/Users')).status).toBe(429);
    now += 100;
    expect((await client.send('GET', '/Users')).status).toBe(200);
    expect((await bulk(50)).status).toBe(429);
    expect(await users()).toBe(65);
    await limited.close();
  });
});

describe('every other error is a SCIM Error as application/scim+json (RFC 7644 §3.12)', () => {
  it.each<[number, string | undefined, string, string, unknown?]>([
    [400, 'invalidFilter', 'GET', '/Users?filter=x'],
    [400, 'invalidSyntax', 'POST', '/Users', 'text'],
    [
      400,
      'invalidPath',
      'PATCH',
      '/Users/{id}',
      { Operations: [{ op: 'add', path: 'x', value: 1 }] },
    ],
    [400, 'noTarget', 'PATCH', '/Users/{id}', { Operations: [{ op: 'remove' }] }],
    [400, 'invalidValue', 'POST', '/Users', {}],
    [
      400,
      'mutability',
      'PATCH',
      '/Users/{id}',
      { Operations: [{ op: 'add', path: 'id', value: 'x' }] },
    ],
    [403, undefined, 'GET', '/Schemas?filter=id+pr'],
    [404, undefined, 'GET', '/Users/nobody'],
    [404, undefined, 'GET', '/Nothing'],
    [404, undefined, 'GET', '/Me/Users'],
    [405, undefined, 'PATCH', '/Users'],
    [405, undefined, 'OPTIONS', '/Users'],
    [409, 'uniqueness', 'POST', '/Users', { userName: 'TAKEN' }],
    [501, undefined, 'GET', '/Me'],
    [501, undefined, 'POST', '/Me', {}],
    [501, undefined, 'PUT', '/Me', {}],
    [501, undefined, 'PATCH', '/Me', {}],
    [501, undefined, 'DELETE', '/Me'],
  ])('%i %s for %s %s', async (status, scimType, method, path, body) => {
    const taken = await client.send('POST', '/Users', { userName: 'taken' });
    const answer = await client.send(method, path.replace('{id}', taken.id), body);
    await client.send('DELETE', `/Users/${taken.id}`);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toMatch(/^application\/scim\+json/);
    expect(answer.body).toEqual({
      schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
      status: String(status),
      ...(scimType === undefined ? {} : { scimType }),
      detail: expect.stringMatching(/./),
    });
  });
});
