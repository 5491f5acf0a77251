/**
 * The size of bodies. A body is read only after the token was accepted, and one over the limit is
 * 413.
 */
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
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

describe('a body', () => {
  it('without a token is refused before it is read', async () => {
    const connection = await connectRaw(server.port);
    connection.socket.write(
      `POST ${client.path}/Users HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n{"userName`,
    );
    expect(await connection.waitFor('"status":"401"')).toMatch(/^HTTP\/1.1 401 /);
    connection.socket.destroy();
  });

  it('is requested with 100 Continue only with a valid token and within the limit', async () => {
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

  it('larger than 1 MiB is 413, whether its size is announced or not', async () => {
    const large = JSON.stringify({ userName: 'large', title: 'x'.repeat(1024 * 1024) });
    const announced = await client.send('POST', '/Users', undefined, { raw: large });
    expect(announced.body).toMatchObject({ status: '413' });
    expect(announced.body.detail).toContain('1048576');
    const chunks = [large.slice(0, 700_000), large.slice(700_000)].map((part) => Buffer.from(part));
    const chunked = await fetch(`${client.baseUrl}/Users`, {
      method: 'POST',
      headers: { authorization: `Bearer ${client.token}` },
      body: Readable.toWeb(Readable.from(chunks)),
      duplex: 'half',
    });
    expect(chunked.status).toBe(413);
    const found = await client.send('GET', '/Users?filter=userName eq "large"');
    expect(found.body.totalResults).toBe(0);
  });

  it('of a group may have 16 MiB', async () => {
    const members = Array.from({ length: 30_000 }, (_, index) => ({
      value: `unknown-${index}`,
      display: 'x'.repeat(30),
    }));
    const body = { displayName: 'big', members };
    expect(JSON.stringify(body).length).toBeGreaterThan(1024 * 1024);
    const { id, status } = await client.send('POST', '/Groups', body);
    expect(status).toBe(201);
    for (const [method, path] of [
      ['PUT', `/Groups/${id}`],
      ['PATCH', `/Groups/${id}`],
      ['POST', '/Groups'],
    ] as const) {
      const larger = await client.send(method, path, { displayName: 'x'.repeat(17 * 1024 * 1024) });
      expect(larger.status).toBe(413);
      expect(larger.body.detail).toContain(String(16 * 1024 * 1024));
    }
  });

  it('that is too much beside the others of its integration is 429, and of all is 503', async () => {
    const announce = async (by: ScimClient, size: number) => {
      const connection = await connectRaw(server.port);
      const head = `POST ${by.path}/Groups HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n`;
      connection.socket.write(
        `${head}Authorization: Bearer ${by.token}\r\nContent-Length: ${size}\r\n\r\n`,
      );
      const answer = await connection.waitFor('\r\n\r\n');
      if (!answer.startsWith('HTTP/1.1 100')) connection.socket.destroy();
      return { answer, connection };
    };
    const largest = 16 * 1024 * 1024;
    const first = await announce(client, largest);
    expect(first.answer).toMatch(/^HTTP\/1.1 100 /);
    const second = await announce(client, 100_000);
    expect(second.answer).toMatch(/^HTTP\/1.1 429 .*^Retry-After: \d+\r$/ims);
    const chunked = await fetch(`${client.baseUrl}/Groups`, {
      method: 'POST',
      headers: { authorization: `Bearer ${client.token}` },
      body: Readable.toWeb(Readable.from([Buffer.alloc(100_000, ' ')])),
      duplex: 'half',
    });
    expect(chunked.status).toBe(429);
    expect((await client.send('POST', '/Groups', { displayName: 'small' })).status).toBe(201);

    const others = await Promise.all(['b', 'c', 'd', 'e'].map(() => server.addIntegration()));
    const [b, c, d, e] = others as [ScimClient, ScimClient, ScimClient, ScimClient];
    const held = [first, ...(await Promise.all([b, c, d].map((each) => announce(each, largest))))];
    expect((await announce(e, 100_000)).answer).toMatch(/^HTTP\/1.1 503 .*^Retry-After: \d+\r$/ims);
    for (const { connection } of held) connection.socket.destroy();
    await eventually(async () => {
      const again = await announce(client, largest);
      again.connection.socket.destroy();
      expect(again.answer).toMatch(/^HTTP\/1.1 100 /);
    });
  });
});
