/** Who gets in: tokens, integrations and tenants over HTTP (design: one 401 for everything that is wrong). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateToken, hashToken, keyIdOf } from '../../src/directory/tokens.ts';
import { unavailable } from '../../src/scim/error.ts';
import { connectRaw } from '../support/raw-http.ts';
import { type ScimClient, type ScimServer, startScimServer } from '../support/scim-server.ts';

let server: ScimServer;
let client: ScimClient;
beforeAll(async () => {
  server = await startScimServer();
  client = await server.addIntegration();
});
afterAll(() => server.close());

/** Everything of an answer that a caller could tell apart. */
async function fingerprint(path: string, authorization?: string): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${server.port}${path}/Users`, {
    headers: authorization === undefined ? {} : { authorization },
  });
  const { date: _, 'x-request-id': id, ...headers } = Object.fromEntries(response.headers);
  expect(id).toMatch(/^[\w-]{36}$/);
  return { status: response.status, headers, body: await response.text() };
}

describe('a request', () => {
  it('is refused in the same way whatever is wrong with it', async () => {
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

  it.each(['Bearer', 'bearer', 'BEARER', 'Bearer   '])(
    'with the scheme %s gets in',
    async (scheme) => {
      expect(await fingerprint(client.path, `${scheme} ${client.token}`)).toMatchObject({
        status: 200,
      });
    },
  );

  it('with the bare token, as Okta sends it on request, gets in', async () => {
    expect(await fingerprint(client.path, client.token)).toMatchObject({ status: 200 });
  });

  it('with two Authorization headers is refused', async () => {
    const connection = await connectRaw(server.port);
    const header = `Authorization: Bearer ${client.token}\r\n`;
    connection.socket.write(
      `GET ${client.path}/Users HTTP/1.1\r\nHost: x\r\n${header}${header}Connection: close\r\n\r\n`,
    );
    expect(await connection.ended()).toMatch(/^HTTP\/1.1 401 /);
  });

  it('without a token is refused before its body comes', async () => {
    const connection = await connectRaw(server.port);
    connection.socket.write(
      `POST ${client.path}/Users HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n{"userName`,
    );
    expect(await connection.waitFor('"status":"401"')).toMatch(/^HTTP\/1.1 401 /);
    connection.socket.destroy();
  });

  it('without a token never hears 100 Continue, with one it does', async () => {
    const head = `POST ${client.path}/Users HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n`;
    const stranger = await connectRaw(server.port);
    stranger.socket.write(`${head}Content-Length: 10\r\n\r\n`);
    expect(await stranger.waitFor('"status":"401"')).toMatch(/^HTTP\/1.1 401 /);
    stranger.socket.destroy();

    const known = await connectRaw(server.port);
    const body = '{"userName":"patient@example.com"}';
    known.socket.write(
      `${head}Authorization: Bearer ${client.token}\r\nContent-Length: ${body.length}\r\n\r\n`,
    );
    await known.waitFor('HTTP/1.1 100 Continue\r\n\r\n');
    known.socket.write(body);
    expect(await known.waitFor('patient@example.com')).toContain('HTTP/1.1 201 ');
    known.socket.destroy();

    const greedy = await connectRaw(server.port);
    greedy.socket.write(
      `${head}Authorization: Bearer ${client.token}\r\nContent-Length: 2000000\r\n\r\n`,
    );
    expect(await greedy.waitFor('"status":"413"')).toMatch(/^HTTP\/1.1 413 /);
    greedy.socket.destroy();
  });
});

describe('an integration', () => {
  it('that is switched off is refused at once, and comes back with the same token', async () => {
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

  it('that may not use its tenant any more is told so', async () => {
    const one = await server.addIntegration({ tenant: 'lost', allowed: false });
    expect((await one.send('GET', '/Users')).body).toMatchObject({
      status: '403',
      detail: 'integration is not allowed in this tenant',
    });
  });

  it('tells nothing of its state to somebody without its token', async () => {
    const one = await server.addIntegration({ tenant: 'hidden', enabled: false });
    expect(await fingerprint(one.path, 'Bearer x')).toEqual(await fingerprint(client.path));
  });

  it('whose tokens were revoked, or that has ended, is unknown at once', async () => {
    const revoked = await server.addIntegration({ tenant: 'revoked' });
    expect((await revoked.send('GET', '/Users')).status).toBe(200);
    await server.store.tokens.revokeAll(revoked.record.id);
    expect((await revoked.send('GET', '/Users')).status).toBe(401);
    const ended = await server.addIntegration({ tenant: 'ended' });
    await server.store.integrations.end(ended.record.id, Date.now());
    expect((await ended.send('GET', '/Users')).status).toBe(401);
  });

  it('is noted when its token was accepted, and only then', async () => {
    const one = await server.addIntegration({ tenant: 'noted' });
    await fingerprint(one.path, 'Bearer wrong');
    expect(server.noted.has(one.record.id)).toBe(false);
    await one.send('GET', '/Users');
    expect(server.noted.get(one.record.id)).toBeCloseTo(Date.now(), -5);
  });
});

describe('tenants', () => {
  it('never see or change each other’s users, groups, names and members', async () => {
    const [a, b] = await Promise.all([
      server.addIntegration({ tenant: 'tenant-a' }),
      server.addIntegration({ tenant: 'tenant-b' }),
    ]);
    const user = { userName: 'same@example.com', displayName: 'In A' };
    const { id } = await a.send('POST', '/Users', user);
    const group = await a.send('POST', '/Groups', {
      displayName: 'Same',
      members: [{ value: id }],
    });
    expect((await b.send('GET', '/Users')).body.totalResults).toBe(0);
    for (const path of [`/Users/${id}`, `/Groups/${group.id}`]) {
      expect((await b.send('GET', path)).status).toBe(404);
      expect((await b.send('PUT', path, { ...user, displayName: 'Stolen' })).status).toBe(404);
      const operation = { op: 'replace', value: { displayName: 'Stolen' } };
      expect((await b.send('PATCH', path, { Operations: [operation] })).status).toBe(404);
      expect((await b.send('DELETE', path)).status).toBe(404);
    }
    const twin = await b.send('POST', '/Users', { ...user, displayName: 'In B' });
    expect(twin.status).toBe(201);
    expect(twin.id).not.toBe(id);
    const twinGroup = await b.send('POST', '/Groups', {
      displayName: 'Same',
      members: [{ value: id }, { value: twin.id }],
    });
    expect(twinGroup.body.members).toEqual([
      { value: twin.id, type: 'User', $ref: `../Users/${twin.id}` },
    ]);
    expect((await b.send('GET', `/Users?filter=id eq "${id}"`)).body.totalResults).toBe(0);
    expect((await b.send('DELETE', `/Users/${twin.id}`)).status).toBe(204);
    expect((await a.send('GET', `/Users/${id}`)).body).toMatchObject({
      displayName: 'In A',
      groups: [{ value: group.id }],
    });
  });

  it('with two integrations share users, but each has externalIds of its own', async () => {
    const [one, two] = await Promise.all([
      server.addIntegration({ tenant: 'shared' }),
      server.addIntegration({ tenant: 'shared' }),
    ]);
    const { id } = await one.send('POST', '/Users', { userName: 'ann', externalId: 'one-1' });
    const seen = await two.send('GET', `/Users/${id}`);
    expect(seen.body).toMatchObject({ userName: 'ann' });
    expect(seen.body).not.toHaveProperty('externalId');
    expect((await two.send('GET', '/Users?filter=externalId eq "one-1"')).body.totalResults).toBe(
      0,
    );
    expect((await two.send('POST', '/Users', { userName: 'ANN' })).status).toBe(409);
    expect(seen.body.meta).toMatchObject({ location: `${two.publicBaseUrl}/Users/${id}` });
  });
});

describe('a directory that is away', () => {
  it('lets nobody in: 503, and when to come back', async () => {
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
});

describe('a directory that is closed', () => {
  it('is 503 to everybody, not 500', async () => {
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

describe('the rate limit', () => {
  it('answers 429 with Retry-After to one integration, and leaves others alone', async () => {
    let now = 1_000_000;
    const limited = await startScimServer({ rateLimit: 5, now: () => now });
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
});
