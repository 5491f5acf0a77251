/** How tokens are sent, and when they become invalid. For their 401, see access.test.ts. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectRaw } from '../support/scim-server/raw-http.ts';
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

const get = (authorization: string) =>
  client.send('GET', '/Users', undefined, { headers: { authorization } });

describe('a token', () => {
  it.each(['Bearer', 'bearer', 'BEARER', 'Bearer   '])(
    'is accepted with the scheme %j',
    async (scheme) => {
      expect((await get(`${scheme} ${client.token}`)).status).toBe(200);
    },
  );

  it('is accepted without a scheme, as Okta can send it', async () => {
    expect((await get(client.token)).status).toBe(200);
  });

  it('in two Authorization headers is refused', async () => {
    const connection = await connectRaw(server.port);
    const header = `Authorization: Bearer ${client.token}\r\n`;
    connection.socket.write(
      `GET ${client.path}/Users HTTP/1.1\r\nHost: x\r\n${header}${header}Connection: close\r\n\r\n`,
    );
    expect(await connection.ended()).toMatch(/^HTTP\/1.1 401 /);
  });

  it('is refused at once when it was revoked or its integration has ended', async () => {
    const revoked = await server.addIntegration({ tenant: 'revoked' });
    expect((await revoked.send('GET', '/Users')).status).toBe(200);
    await server.store.tokens.revokeAll(revoked.record.id);
    expect((await revoked.send('GET', '/Users')).status).toBe(401);
    const ended = await server.addIntegration({ tenant: 'ended' });
    await server.store.integrations.end(ended.record.id, Date.now());
    expect((await ended.send('GET', '/Users')).status).toBe(401);
  });

  it('is noted as a request of its integration only if it is accepted', async () => {
    const one = await server.addIntegration({ tenant: 'noted' });
    const headers = { authorization: 'Bearer wrong' };
    expect((await one.send('GET', '/Users', undefined, { headers })).status).toBe(401);
    expect(server.noted.has(one.record.id)).toBe(false);
    await one.send('GET', '/Users');
    expect(server.noted.get(one.record.id)).toBeCloseTo(Date.now(), -5);
  });
});
