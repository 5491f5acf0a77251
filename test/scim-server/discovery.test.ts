/** Discovery, and what every response and every line of the log contain. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLogger } from '../../src/logger.ts';
import { connectRaw } from '../support/scim-server/raw-http.ts';
import {
  type ScimClient,
  type ScimServer,
  startScimServer,
} from '../support/scim-server/server.ts';

const lines: Record<string, unknown>[] = [];
let server: ScimServer;
let client: ScimClient;
beforeAll(async () => {
  const log = createLogger('info', { write: (line) => lines.push(JSON.parse(line)) });
  server = await startScimServer({ log });
  client = await server.addIntegration();
});
afterAll(() => server.close());

const CORE = 'urn:ietf:params:scim:schemas:core:2.0';
const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

describe('discovery', () => {
  it.each(['/ServiceProviderConfig', '/ServiceProviderConfigs'])(
    '[authentik, Keycloak, SailPoint] returns all that clients parse at %s, with numbers as numbers',
    async (path) => {
      const { status, body } = await client.send('GET', path);
      expect(status).toBe(200);
      expect(body).toMatchObject({
        patch: { supported: true },
        bulk: { supported: true, maxOperations: 1000, maxPayloadSize: 16_777_216 },
        filter: { supported: true, maxResults: 1000 },
        changePassword: { supported: false },
        sort: { supported: true },
        etag: { supported: true },
        authenticationSchemes: [{ type: 'oauthbearertoken' }],
        meta: { location: `${client.publicBaseUrl}/ServiceProviderConfig` },
      });
    },
  );

  it('[Keycloak, SailPoint, Okta] lists resource types and returns each', async () => {
    const { body } = await client.send('GET', '/ResourceTypes');
    expect(body).toMatchObject({
      totalResults: 2,
      Resources: [
        { id: 'User', endpoint: '/Users' },
        { id: 'Group', endpoint: '/Groups' },
      ],
    });
    expect((await client.send('GET', '/ResourceTypes/User')).body).toMatchObject({
      schema: `${CORE}:User`,
      schemaExtensions: [{ schema: ENTERPRISE, required: false }],
      meta: { location: `${client.publicBaseUrl}/ResourceTypes/User` },
    });
  });

  it('[Entra, Keycloak, SailPoint] lists schemas and returns each, percent-encoded or not', async () => {
    const { body } = await client.send('GET', '/Schemas');
    expect(body).toMatchObject({
      totalResults: 3,
      Resources: [{ id: `${CORE}:User` }, { id: ENTERPRISE }, { id: `${CORE}:Group` }],
    });
    for (const id of [ENTERPRISE, encodeURIComponent(ENTERPRISE), ENTERPRISE.toUpperCase()]) {
      expect((await client.send('GET', `/Schemas/${id}`)).body).toMatchObject({ id: ENTERPRISE });
    }
  });

  it('refuses filters with 403, as RFC 7644 §4 requires', async () => {
    for (const path of ['/Schemas', '/ResourceTypes']) {
      const answer = await client.send('GET', `${path}?filter=id+NE+%22x%22`);
      expect(answer.body).toMatchObject({ status: '403' });
    }
  });

  it('requires a token like everything else', async () => {
    const response = await fetch(`${client.baseUrl}/ServiceProviderConfig`);
    expect(response.status).toBe(401);
  });
});

describe('every response', () => {
  it('[Keycloak, Entra] has exactly one Content-Type, application/scim+json, including 204 and 304', async () => {
    const { id } = await client.send('POST', '/Users', { userName: 'types' });
    const group = await client.send('POST', '/Groups', { displayName: 'types' });
    const tag = (await client.send('GET', `/Users/${id}`)).headers.get('etag') ?? '';
    const requests: readonly (readonly [number, string, string, string?])[] = [
      [200, 'GET', `/Users/${id}`],
      [304, 'GET', `/Users/${id}`, `If-None-Match: ${tag}`],
      [200, 'HEAD', `/Users/${id}`],
      [404, 'GET', '/Users/nobody'],
      [405, 'PATCH', '/Users'],
      [400, 'PATCH', `/Groups/${group.id}`],
      [204, 'DELETE', `/Groups/${group.id}`],
    ];
    for (const [status, method, path, header = 'X: y'] of requests) {
      const connection = await connectRaw(server.port);
      connection.socket.write(
        `${method} ${client.path}${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${client.token}\r\n${header}\r\n\r\n`,
      );
      const [head = ''] = (await connection.ended()).split('\r\n\r\n');
      expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      expect(head.match(/^content-type: application\/scim\+json/gim)).toHaveLength(1);
      expect(head).toMatch(/^x-request-id: /im);
      expect(head).not.toMatch(/^(server|x-powered-by):/im);
    }
  });

  it('repeats a harmless X-Request-Id and replaces any other', async () => {
    const send = (id: string) =>
      client.send('GET', '/ServiceProviderConfig', undefined, { headers: { 'x-request-id': id } });
    expect((await send('trace-1:2/3')).headers.get('x-request-id')).toBe('trace-1:2/3');
    for (const id of ['with space', 'ü'.repeat(3), 'x'.repeat(200), '<b>']) {
      expect((await send(id)).headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  it('[OneLogin] is the same for application/json and an empty user agent', async () => {
    const headers = { accept: 'application/json', 'user-agent': '' };
    const answer = await client.send('GET', '/Users?', undefined, { headers });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toMatch(/^application\/scim\+json/);
  });
});

describe('a request', () => {
  it('[authentik, Keycloak] may be a GET with a Content-Type and no body', async () => {
    expect((await client.send('GET', '/Users')).status).toBe(200);
  });

  it('[PingFederate, Keycloak] may have extra slashes', async () => {
    for (const path of ['/Users/', '//Users', '//Users//', '/Users/?count=1']) {
      expect((await client.send('GET', path)).body).toMatchObject({ totalResults: 1 });
    }
  });

  it('[Entra, OneLogin] may have unknown parameters and stray ? and &', async () => {
    for (const query of [
      '?aadOptscim062020',
      '?aadOptscim062020&filter=userName+eq+%22types%22&',
      '?',
      '?&',
    ]) {
      expect((await client.send('GET', `/Users${query}`)).body).toMatchObject({ totalResults: 1 });
    }
  });

  it('can’t change the configured addresses with its Host header', async () => {
    const response = await server.app.request(`http://evil.example${client.path}/Users`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${client.token}`,
        'content-type': 'application/json',
        host: 'evil.example',
        'x-forwarded-host': 'evil.example',
      },
      body: '{"userName":"hosted"}',
    });
    expect(response.headers.get('location')).toMatch(`${client.publicBaseUrl}/Users/`);
    expect(await response.text()).not.toContain('evil');
  });
});

describe('the log', () => {
  it('has one line for each request, without queries, bodies or tokens', async () => {
    lines.splice(0);
    await client.send('GET', '/Users?filter=userName+eq+%22private%40example.com%22');
    await client.send('POST', '/Users', { userName: 'private2@example.com' });
    await client.send('GET', `/${client.token}`);
    const text = JSON.stringify(lines);
    expect(lines).toMatchObject([
      {
        method: 'GET',
        path: `${client.path}/Users`,
        status: 200,
        tenant: 'acme',
        integration: client.record.id,
      },
      { method: 'POST', status: 201, msg: 'request completed' },
      { status: 404 },
    ]);
    expect(text).not.toContain('private');
    expect(text).not.toContain(client.token.slice(16));
  });

  const SECRET = 'k3TQeU7sYzV0';
  it.each([
    ['whose path is a token of another make', `/Users/eyJhbGciOi.${SECRET}`],
    ['with an encoded token', `/Users/${encodeURIComponent(`scim_abc#${SECRET}`)}`],
    ['to a path that nothing serves', `/${SECRET}/Users`],
    ['with a token in its query', `/Users/x?access_token=${SECRET}`],
  ])('shows nothing but the route of a request without a valid token, %s', async (_, path) => {
    lines.splice(0);
    for (const prefix of [client.path, '', `/api/v1/${SECRET}/integrations/${SECRET}/scim/v2`]) {
      const headers = { referer: `http://x/${SECRET}`, authorization: `Bearer ${SECRET}` };
      await fetch(`http://127.0.0.1:${server.port}${prefix}${path}`, { headers });
    }
    expect(lines.map((line) => Reflect.get(line, 'path'))).toEqual([
      expect.stringMatching(/\/scim\/v2\/(Users\/:id|\*)$/),
      '/api/v1/:tenant/integrations/:integrationId/scim/v2/*',
      expect.stringMatching(/^\/api\/v1\/:tenant\/.*\/scim\/v2\/(Users\/:id|\*)$/),
    ]);
    expect(JSON.stringify(lines)).not.toContain(SECRET);
  });

  it('names the integration that a request without a valid token was sent to, if it exists', async () => {
    await server.registry.metrics();
    lines.splice(0);
    await fetch(`http://127.0.0.1:${server.port}${client.path}/Users/x`);
    expect(lines).toMatchObject([{ status: 401, path: `${client.path}/Users/:id` }]);
    expect(lines[0]).not.toHaveProperty('integration');
  });

  it('hides an encoded token in the path of a request with a valid one', async () => {
    lines.splice(0);
    const encoded = client.token.replaceAll('_', '%5F').replace('scim', '%73cim');
    await client.send('GET', `/Users/${encoded}`);
    expect(lines).toMatchObject([{ status: 404, path: `${client.path}/Users/:id` }]);
  });

  it('counts unknown members', async () => {
    lines.splice(0);
    await client.send('POST', '/Groups', {
      displayName: 'half',
      members: [{ value: 'x' }, { value: 'y' }],
    });
    expect(lines).toMatchObject([
      { msg: 'unknown members were skipped', count: 2 },
      { status: 201 },
    ]);
  });
});
