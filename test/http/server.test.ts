/** The HTTP server around an application: what happens below requests, and how it starts and ends. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type Application, HttpServer, ListenError } from '../../src/http/server.ts';
import { createLogger } from '../../src/logger.ts';
import { connectRaw, sendRaw } from '../support/raw-http.ts';

const open: HttpServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close(0)));
});

async function start(fetch: Application['fetch']): Promise<number> {
  const server = new HttpServer({ fetch }, createLogger('silent'));
  open.push(server);
  return (await server.listen({ host: '127.0.0.1', port: 0 })).port;
}

const ok: Application['fetch'] = () => new Response('ok');

describe('bytes that are no request', () => {
  it.each([
    ['another protocol', 'GET / HTTQ/1.1\r\n\r\n', 400],
    ['an unknown method', 'FOO / HTTP/1.1\r\nHost: x\r\n\r\n', 501],
    ['headers too large', `GET / HTTP/1.1\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`, 431],
    ['a header with a control character', 'GET / HTTP/1.1\r\nX: a\x01b\r\n\r\n', 400],
    ['CONNECT', 'CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n', 405],
    ['a backslash in the path', 'GET /a\\b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', 400],
    ['a malformed Host', 'GET / HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n', 400],
  ])('get a SCIM Error: %s', async (_, text, status) => {
    const answer = await sendRaw(await start(ok), text);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toMatch(/content-type: application\/scim\+json/i);
    const body: unknown = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')));
    expect(body).toMatchObject({
      schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
      status: String(status),
    });
  });

  it.each([
    ['CONNECT', 'CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(2)],
    ['a request', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc'],
    ['nothing', ''],
  ])('followed by a reset do no harm: %s', async (_, text) => {
    const port = await start(ok);
    for (let index = 0; index < 20; index++) {
      const { socket } = await connectRaw(port);
      socket.write(text);
      setImmediate(() => socket.resetAndDestroy());
      await once(socket, 'close');
    }
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200);
  });

  it('do not get into an answer under way', async () => {
    const { promise, resolve } = Promise.withResolvers<Response>();
    const port = await start(() => promise);
    const connection = await connectRaw(port);
    connection.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    connection.socket.write('noise\r\n\r\n');
    resolve(new Response('answer'));
    const text = await connection.ended();
    expect(text.match(/HTTP\/1.1 /g)).toHaveLength(1);
  });
});

describe('a request', () => {
  it('needs no Host header, as no address is made from it', async () => {
    const port = await start(ok);
    expect(await sendRaw(port, 'GET / HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1.1 200 /);
    expect(await sendRaw(port, 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n')).toMatch(
      /^HTTP\/1.1 200 /,
    );
  });

  it('may ask for an upgrade, which is ignored, as ConnId does', async () => {
    const port = await start(ok);
    const connection = await connectRaw(port);
    connection.socket.write(
      'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n',
    );
    expect(await connection.waitFor('ok')).toMatch(/^HTTP\/1.1 200 /);
    connection.socket.destroy();
  });

  it('may have a URL of 20 kB', async () => {
    const port = await start((request) => new Response(String(request.url.length)));
    const response = await fetch(`http://127.0.0.1:${port}/?filter=${'x'.repeat(20_000)}`);
    expect(Number(await response.text())).toBeGreaterThan(20_000);
  });

  it('with Expect: 100-continue is told to go on only when its body is wanted', async () => {
    const port = await start(async (request, { admitBody }) => {
      if (request.headers.get('x-wanted') === null) return new Response('no', { status: 401 });
      admitBody?.();
      return new Response(await request.text());
    });
    const head = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n';
    const unwanted = await connectRaw(port);
    unwanted.socket.write(`${head}\r\n`);
    const refusal = await unwanted.waitFor('no');
    expect(refusal).toMatch(/^HTTP\/1.1 401 /);
    unwanted.socket.destroy();

    const wanted = await connectRaw(port);
    wanted.socket.write(`${head}X-Wanted: 1\r\n\r\n`);
    await wanted.waitFor('HTTP/1.1 100 Continue\r\n\r\n');
    wanted.socket.write('hello');
    expect(await wanted.waitFor('hello')).toContain('HTTP/1.1 200 ');
    wanted.socket.destroy();
  });

  it('with an expectation that nobody knows is answered as if it had none', async () => {
    const port = await start(ok);
    const text = await sendRaw(
      port,
      'GET / HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\nConnection: close\r\n\r\n',
    );
    expect(text).toMatch(/^HTTP\/1.1 200 /);
  });
});

describe('listening', () => {
  let blocker: Server | undefined;
  afterEach(() => blocker?.close());

  it('says in one line that a port is in use', async () => {
    blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const { port } = blocker.address() as AddressInfo;
    const server = new HttpServer({ fetch: ok }, createLogger('silent'));
    const failure = server.listen({ host: '127.0.0.1', port });
    await expect(failure).rejects.toThrow(ListenError);
    await expect(failure).rejects.toThrow(`can't listen on 127.0.0.1:${port}: the port is in use`);
    await server.close(0);
  });

  it('on :: is reached over IPv4', async () => {
    const server = new HttpServer({ fetch: ok }, createLogger('silent'));
    open.push(server);
    const { port } = await server.listen({ host: '::', port: 0 });
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200);
  });
});

describe('closing', () => {
  it('lets a request end, though clients keep their connections', async () => {
    const begun = Promise.withResolvers<void>();
    const { promise, resolve } = Promise.withResolvers<Response>();
    const server = new HttpServer(
      {
        fetch: (request) => {
          if (request.url.endsWith('/idle')) return new Response('idle');
          begun.resolve();
          return promise;
        },
      },
      createLogger('silent'),
    );
    const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
    const idle = await connectRaw(port);
    idle.socket.write('GET /idle HTTP/1.1\r\nHost: x\r\n\r\n');
    await idle.waitFor('idle');
    const busy = await connectRaw(port);
    busy.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await begun.promise;

    const closed = server.close(30_000);
    await idle.ended();
    resolve(new Response('done'));
    expect(await busy.ended()).toContain('done');
    await closed;
  });

  it('cuts off who is still there at the deadline', async () => {
    const server = new HttpServer(
      { fetch: () => new Promise<Response>(() => {}) },
      createLogger('silent'),
    );
    const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
    const stuck = await connectRaw(port);
    stuck.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    const closed = server.close(100);
    await stuck.ended();
    await closed;
  });
});
