/** The HTTP server around an application: input below HTTP, startup and shutdown. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Registry } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import type { Application, ServerBindings } from '../../src/http/application.ts';
import { ConnectionMetrics } from '../../src/http/connections.ts';
import { ListenError } from '../../src/http/listen-error.ts';
import { HttpServer, type HttpServerOptions } from '../../src/http/server.ts';
import { createLogger } from '../../src/logger.ts';
import { MAX_PIPELINED } from '../../src/scim/limits.ts';
import { errorDocument } from '../../src/scim-server/error.ts';
import { eventually } from '../support/eventually.ts';
import { connectRaw, sendRaw } from '../support/scim-server/raw-http.ts';

const open: HttpServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close(0)));
});

async function start(fetch: Application['fetch'], options?: HttpServerOptions): Promise<number> {
  const server = new HttpServer({ fetch }, createLogger('silent'), { errorDocument, ...options });
  open.push(server);
  return (await server.listen({ host: '127.0.0.1', port: 0 })).port;
}

const ok: Application['fetch'] = () => new Response('ok');

describe('input that is not a valid request', () => {
  it.each([
    ['another protocol', 'GET / HTTQ/1.1\r\n\r\n', 400],
    ['an unknown method', 'FOO / HTTP/1.1\r\nHost: x\r\n\r\n', 501],
    ['headers too large', `GET / HTTP/1.1\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`, 431],
    ['a header with a control character', 'GET / HTTP/1.1\r\nX: a\x01b\r\n\r\n', 400],
    ['CONNECT', 'CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n', 501],
    ['a backslash in the path', 'GET /a\\b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', 400],
    ...['a b', 'a, b', 'a@b', 'a/b', 'a?b', 'a#b', 'a:99999', 'a:b', '[::1', 'a\\b'].map(
      (host): [string, string, number] => [
        `the Host ${host}`,
        `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
        400,
      ],
    ),
    ...[
      ['no Host', ''],
      ['two Hosts', 'Host: a\r\nHost: b\r\n'],
      ['the same Host twice', 'Host: a\r\nhOST: a\r\n'],
      ['an empty Host and another one', 'Host:\r\nHost: a\r\n'],
      [
        'two Content-Types',
        'Host: a\r\nContent-Type: application/json\r\ncontent-type: text/plain\r\n',
      ],
      ['two Content-Lengths', 'Host: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n'],
      ['the same Content-Length twice', 'Host: a\r\nContent-Length: 0\r\nContent-Length: 0\r\n'],
      [
        'a Content-Length and chunks',
        'Host: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n',
      ],
      ['chunks that are not last', 'Host: a\r\nTransfer-Encoding: chunked, gzip\r\n'],
    ].map(([name, headers]): [string, string, number] => [
      `${name} in HTTP/1.1`,
      `POST / HTTP/1.1\r\n${headers}\r\n0\r\n\r\n`,
      400,
    ]),
    ['two Hosts in HTTP/1.0', 'GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n', 400],
  ])('gets a SCIM Error: %s', async (_, text, status) => {
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
  ])('followed by a reset does no harm: %s', async (_, text) => {
    const port = await start(ok);
    for (let index = 0; index < 20; index++) {
      const { socket } = await connectRaw(port);
      socket.write(text);
      setImmediate(() => socket.resetAndDestroy());
      await once(socket, 'close');
    }
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200);
  });

  it('doesn’t get into a response in progress', async () => {
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
  it.each([
    ['no Host in HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n'],
    ['an empty Host', 'GET / HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n'],
    ['an IPv6 Host', 'GET / HTTP/1.1\r\nHost: [::1]:80\r\nConnection: close\r\n\r\n'],
    ['an absolute target', 'GET http://b/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'],
  ])('may have %s', async (_, text) => {
    expect(await sendRaw(await start(ok), text)).toMatch(/^HTTP\/1.1 200 /);
  });

  it('may ask for an upgrade, as ConnId does, which is ignored', async () => {
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

  it('with Expect: 100-continue is told to continue only if its body is wanted', async () => {
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

  it('with Expect: 100-continue tells when its client has gone', async () => {
    const { promise, resolve } = Promise.withResolvers<ServerBindings>();
    const port = await start((_request, bindings) => {
      resolve(bindings);
      return new Promise<Response>(() => {});
    });
    const { socket } = await connectRaw(port);
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n');
    const bindings = await promise;
    expect(bindings.isGone).toBe(false);
    socket.destroy();
    await eventually(() => expect(bindings.isGone).toBe(true));
  });

  it('waits for those sent before it on the connection, unless all of them only read', async () => {
    const log: string[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const port = await start(async (request) => {
      const { pathname } = new URL(request.url);
      log.push(`${pathname} begins`);
      await request.text();
      if (pathname === '/second') await promise;
      if (pathname === '/third') resolve();
      log.push(`${pathname} ends`);
      return new Response(pathname);
    });
    const requests = [
      'POST /first HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab',
      'GET /second HTTP/1.1\r\nHost: x\r\n\r\n',
      'HEAD /third HTTP/1.1\r\nHost: x\r\n\r\n',
      'PATCH /fourth HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab',
      'GET /fifth HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    ];
    const text = await sendRaw(port, requests.join(''));
    expect(text.match(/HTTP\/1.1 200 /g)).toHaveLength(5);
    const inTurn = (path: string) => [`${path} begins`, `${path} ends`];
    expect(log).toEqual([
      ...inTurn('/first'),
      '/second begins',
      ...inTurn('/third'),
      '/second ends',
      ...inTurn('/fourth'),
      ...inTurn('/fifth'),
    ]);
  });

  it("isn't served behind a response that ends the connection", async () => {
    const served: string[] = [];
    const port = await start(({ url }) => {
      served.push(new URL(url).pathname);
      return new Response('ok');
    });
    const text = await sendRaw(
      port,
      'POST /first HTTP/1.1\r\nHost: x\r\nHost: y\r\nContent-Length: 0\r\n\r\n' +
        'POST /second HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n',
    );
    expect(text.match(/HTTP\/1.1 400 /g)).toHaveLength(1);
    expect(served).toEqual([]);
  });

  it.each(['GET', 'POST'])(
    'is refused with 429 if it is a %s behind too many others on its connection',
    async (method) => {
      const registry = new Registry();
      const { promise, resolve } = Promise.withResolvers<void>();
      let served = 0;
      const wait = async () => {
        served++;
        await promise;
        return new Response('ok');
      };
      const port = await start(wait, { metrics: new ConnectionMetrics(registry) });
      const { socket, waitFor, received } = await connectRaw(port);
      const request = `${method} / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`;
      socket.write(request.repeat(MAX_PIPELINED + 3));
      const counted = `scim_requests_shed_total{code="429"} 3`;
      await eventually(async () => expect(await registry.metrics()).toContain(counted));
      expect(served).toBe(method === 'GET' ? MAX_PIPELINED : 1);
      resolve();
      await eventually(() => expect(received().match(/HTTP\/1.1 429 /g)).toHaveLength(3));
      expect(received().match(/HTTP\/1.1 200 /g)).toHaveLength(MAX_PIPELINED);
      expect(received()).toContain('wait for the responses, or open another connection');
      socket.write(request.replace('x\r\n', 'x\r\nConnection: close\r\n'));
      await eventually(() => expect(served).toBe(MAX_PIPELINED + 1));
      await waitFor('Connection: close');
      socket.destroy();
    },
  );

  it('with an unknown expectation is served as if it had none', async () => {
    const port = await start(ok);
    const text = await sendRaw(
      port,
      'GET / HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\nConnection: close\r\n\r\n',
    );
    expect(text).toMatch(/^HTTP\/1.1 200 /);
  });
});

describe('a connection', () => {
  const SLOW = { headersTimeout: 100, requestTimeout: 300, connectionsCheckingInterval: 20 };
  const HALF = 'POST / HTTP/1.1\r\nHost: x\r\n';
  const registry = () => new Registry();

  const REFUSED: readonly (readonly [string, string, string, number])[] = [
    ['an unfinished head', HALF, 'Content-Length: 0\r\n\r\n', 408],
    ['an unfinished body', `${HALF}Content-Length: 2\r\n\r\na`, 'b', 408],
    ['no HTTP', 'GET / HTTQ\r\n\r\n', `${HALF}Content-Length: 0\r\n\r\n`, 400],
    ['too large a head', `${HALF}X: ${'x'.repeat(70_000)}`, '\r\n\r\n', 431],
    ['CONNECT', 'CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n', `${HALF}\r\n`, 501],
  ];

  it('that was refused below HTTP is closed soon, whatever the client does', async () => {
    let served = 0;
    const serve: Application['fetch'] = async (request) => {
      await request.text();
      served++;
      return new Response('ok');
    };
    const [hasty, patient] = [await start(serve, { limits: SLOW }), await start(serve)];
    await Promise.all(
      REFUSED.map(async ([name, text, rest, status]) => {
        // Only the late cases need the short timeouts.
        const port = status === 408 ? hasty : patient;
        const connection = await connectRaw(port, { allowHalfOpen: true });
        connection.socket.write(text);
        await connection.waitFor('\r\n\r\n{');
        // The client neither closes its half nor stops sending.
        connection.socket.write(rest);
        const more = setInterval(() => connection.socket.write('x'), 50);
        const all = await connection.ended();
        clearInterval(more);
        expect(all, name).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
        expect(all.match(/HTTP\/1.1 /g), name).toHaveLength(1);
      }),
    );
    expect(served).toBe(0);
  });

  it('with CONNECT behind a request is closed, so that no error is taken for the response', async () => {
    const { promise, resolve } = Promise.withResolvers<Response>();
    const port = await start(() => promise);
    const connection = await connectRaw(port);
    connection.socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n');
    connection.socket.write('CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await connection.ended()).toBe('');
    resolve(new Response('answer'));
  });

  it('serves the next request after a long body that nobody read', async () => {
    const port = await start((request) => {
      // An application may look at the body and then refuse it.
      if (new URL(request.url).pathname === '/seen') void request.body;
      return new Response('no', { status: 429 });
    });
    const body = 'x'.repeat(3_000_000);
    const length = body.length;
    for (const [path, text] of [
      ['/', `Content-Length: ${length}\r\n\r\n${body}`],
      ['/seen', `Content-Length: ${length}\r\n\r\n${body}`],
      ['/', `Transfer-Encoding: chunked\r\n\r\n${length.toString(16)}\r\n${body}\r\n0\r\n\r\n`],
    ]) {
      const connection = await connectRaw(port);
      connection.socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\n${text}`);
      await connection.waitFor('no');
      connection.socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
      expect((await connection.ended()).match(/HTTP\/1.1 429 /g)).toHaveLength(2);
    }
  });

  it('is closed if its client goes on with a body that nobody reads', async () => {
    const port = await start(ok, { limits: { unreadTimeout: 100 } });
    const connection = await connectRaw(port);
    connection.socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n');
    const more = setInterval(() => connection.socket.write('x'), 20);
    expect(await connection.ended()).toMatch(/^HTTP\/1.1 200 /);
    clearInterval(more);
  });

  it('is closed if its client doesn’t read the response, but not while the response is being created', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const metrics = new ConnectionMetrics(registry());
    const port = await start(
      async (request) => {
        if (request.url.endsWith('/slow')) await promise;
        return new Response('x'.repeat(request.url.endsWith('/slow') ? 1 : 50_000_000));
      },
      { metrics, limits: { stallTimeout: 200 } },
    );
    const waiting = await connectRaw(port);
    waiting.socket.write('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n');
    const deaf = await connectRaw(port);
    deaf.socket.pause();
    deaf.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await eventually(async () => {
      const { values } = await metrics.ended.get();
      expect(values).toContainEqual({ labels: { reason: 'timeout' }, value: 1 });
    });
    resolve();
    expect(await waiting.waitFor('\r\n\r\nx')).toMatch(/^HTTP\/1.1 200 /);
    waiting.socket.destroy();
    deaf.socket.destroy();
  });

  it('without a valid token is closed for a new one if there are too many, the oldest first', async () => {
    const registered = registry();
    const metrics = new ConnectionMetrics(registered);
    const port = await start(
      (request, { authenticated }) => {
        if (request.headers.get('authorization') !== null) authenticated?.();
        return new Response('ok');
      },
      { metrics, maxUnauthenticated: 5 },
    );
    const known = await connectRaw(port);
    known.socket.write('GET / HTTP/1.1\r\nHost: x\r\nAuthorization: yes\r\n\r\n');
    await known.waitFor('ok');
    const strangers = [];
    for (let index = 0; index < 12; index++) {
      const stranger = await connectRaw(port);
      stranger.socket.write(index % 2 ? HALF : `GET / HTTP/1.1\r\nHost: x\r\n\r\n${HALF}`);
      if (index % 2 === 0) await stranger.waitFor('ok');
      strangers.push(stranger);
    }
    await Promise.all(strangers.slice(0, 7).map((stranger) => stranger.ended()));
    expect(strangers.map(({ socket }) => socket.closed)).toEqual([
      ...Array(7).fill(true),
      ...Array(5).fill(false),
    ]);
    known.socket.write('GET /again HTTP/1.1\r\nHost: x\r\n\r\n');
    await eventually(() => expect(known.received().match(/200 OK/g)).toHaveLength(2));
    // Clients may notice that a connection was closed before the server has counted it.
    await eventually(async () => {
      const text = await registered.metrics();
      expect(text).toContain('scim_connections{authenticated="true"} 1');
      expect(text).toContain('scim_connections{authenticated="false"} 5');
      expect(text).toMatch(/refused_total\{reason="limit"\} 7/);
    });
    for (const { socket } of [known, ...strangers]) socket.destroy();
  });

  it('is not closed for a new one while a request is in progress on it', async () => {
    const begun = Promise.withResolvers<void>();
    const { promise, resolve } = Promise.withResolvers<Response>();
    const port = await start(
      () => {
        begun.resolve();
        return promise;
      },
      { maxUnauthenticated: 1 },
    );
    const first = await connectRaw(port);
    first.socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    await begun.promise;
    const second = await connectRaw(port);
    await second.ended();
    resolve(new Response('done'));
    expect(await first.ended()).toContain('done');
  });
});

describe('listening', () => {
  let blocker: Server | undefined;
  afterEach(() => blocker?.close());

  it('reports in one line that a port is in use', async () => {
    blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const { port } = blocker.address() as AddressInfo;
    const server = new HttpServer({ fetch: ok }, createLogger('silent'));
    const failure = server.listen({ host: '127.0.0.1', port });
    await expect(failure).rejects.toThrow(ListenError);
    await expect(failure).rejects.toThrow(`can't listen on 127.0.0.1:${port}: the port is in use`);
    await server.close(0);
  });

  it('on :: is reachable over IPv4', async () => {
    const server = new HttpServer({ fetch: ok }, createLogger('silent'));
    open.push(server);
    const { port } = await server.listen({ host: '::', port: 0 });
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200);
  });
});

describe('closing', () => {
  it('lets a request complete although clients keep their connections', async () => {
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

  it('serves requests that clients are sending, the last one on each connection', async () => {
    const begun = Promise.withResolvers<void>();
    const { promise, resolve } = Promise.withResolvers<Response>();
    const server = new HttpServer(
      {
        fetch: (request) => {
          if (request.url.endsWith('/quick')) return new Response('quick');
          begun.resolve();
          return promise;
        },
      },
      createLogger('silent'),
    );
    const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
    const [waiting, between] = [await connectRaw(port), await connectRaw(port)];
    waiting.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    between.socket.write('GET /quick HTTP/1.1\r\nHost: x\r\n\r\n');
    await begun.promise;
    expect(await between.waitFor('quick')).toContain('Connection: keep-alive');

    const closed = server.close(30_000);
    between.socket.write('GET /quick HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await between.ended()).toMatch(/quick[\s\S]*Connection: close[\s\S]*quick$/);
    resolve(new Response('done'));
    expect(await waiting.ended()).toMatch(/Connection: close[\s\S]*done$/);
    await closed;
  });

  it('cuts off the remaining clients at the deadline', async () => {
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
