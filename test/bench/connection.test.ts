import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { Connection } from '../../bench/load/connection.ts';
import { requestsTo } from '../../bench/load/requests.ts';

const closing: (() => unknown)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function serve(listener: Parameters<typeof createServer>[1]) {
  const server = createServer(listener ?? (() => undefined));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/scim`;
  const connection = new Connection(base);
  closing.push(
    () => connection.close(),
    () => server.close(),
  );
  return { connection, request: requestsTo({ base, token: 'secret' }) };
}

it('a connection returns answers with a length, in chunks, and without a body', async () => {
  const large = 'é'.repeat(200_000);
  const { connection, request } = await serve((request, response) => {
    if (request.url === '/scim/none') return void response.writeHead(204).end();
    if (request.url === '/scim/chunks') {
      response.write(large);
      return void setImmediate(() => response.end('end'));
    }
    response.end(`${request.method} ${request.headers.authorization}`);
  });

  const whole = await connection.send(request('GET', '/length'));
  expect([whole.status, String(whole.body)]).toEqual([200, 'GET Bearer secret']);
  expect(String((await connection.send(request('GET', '/chunks'))).body)).toBe(`${large}end`);
  const none = await connection.send(request('DELETE', '/none'));
  expect([none.status, none.body.length]).toEqual([204, 0]);
  expect(String((await connection.send(request('GET', '/length'))).body)).toMatch(/^GET/);
});

it('a request sends its body with the length in bytes', async () => {
  const { connection, request } = await serve(async (request, response) => {
    const chunks: Buffer[] = await request.toArray();
    response.end(`${request.headers['content-length']} ${Buffer.concat(chunks)}`);
  });

  const { body } = await connection.send(request('POST', '/Users', { userName: 'Zoë' }));

  expect(String(body)).toBe('19 {"userName":"Zoë"}');
});

it('a connection is opened again after the server closed it, and a lost answer is an error', async () => {
  const { connection, request } = await serve((request, response) => {
    if (request.url === '/scim/lost') return void request.socket.destroy();
    response.setHeader('connection', 'close').end('good');
  });

  expect((await connection.send(request('GET', '/'))).status).toBe(200);
  expect((await connection.send(request('GET', '/'))).status).toBe(200);
  await expect(connection.send(request('GET', '/lost'))).rejects.toThrow('connection ended');
  expect((await connection.send(request('GET', '/'))).status).toBe(200);
});

it('a host that is not this machine is refused', () => {
  expect(() => new Connection('http://scim.example.com/')).toThrow('is not on this machine');
});
