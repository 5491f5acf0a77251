/** The server with TLS, over real connections, with certificates that openssl issues. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { Registry } from 'prom-client';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CertificateError, ServingCertificate } from '../../src/http/certificate.ts';
import { ConnectionMetrics } from '../../src/http/connections.ts';
import { HttpServer, type HttpServerOptions } from '../../src/http/server.ts';
import { createLogger } from '../../src/logger.ts';
import { Authority, type Certificate } from '../support/certificates.ts';
import { eventually } from '../support/eventually.ts';
import { connectRaw } from '../support/scim-server/raw-http.ts';

let authority: Authority;
let first: Certificate;
let second: Certificate;
const folder = mkdtempSync(join(tmpdir(), 'scim-operator-tls-'));
const files = { cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key') };
beforeAll(() => {
  authority = new Authority(folder, 'authority');
  first = authority.issue('first.example.com');
  second = authority.issue('second.example.com');
  return () => rmSync(folder, { recursive: true, force: true });
});

const open: { close: () => unknown }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

function put({ cert, key }: Certificate): void {
  writeFileSync(files.cert, cert);
  writeFileSync(files.key, key);
}

async function start(options: HttpServerOptions = {}, host = '127.0.0.1') {
  put(first);
  const certificate = await ServingCertificate.load(files);
  const app = { fetch: () => new Response('ok') };
  const server = new HttpServer(app, createLogger('silent'), { certificate, ...options });
  const { port } = await server.listen({ host, port: 0 });
  open.push({ close: () => certificate.stopRenewing() }, { close: () => server.close(0) });
  return { port, certificate };
}

/** The names that the server's certificate is for. */
async function servedName(port: number): Promise<string> {
  const socket = await handshake(port);
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return String(subject.CN);
}

/** `over`: an open connection; without it, a new one is opened. */
function handshake(port: number, over?: Socket): Promise<TLSSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
  const target = over === undefined ? { port, host: '127.0.0.1' } : { socket: over };
  const socket = connect(
    { ...target, ca: authority.certificate, checkServerIdentity: () => undefined },
    () => resolve(socket),
  );
  socket.once('error', reject);
  return promise;
}

function get(port: number, socket: TLSSocket): Promise<number | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  const options = { port, host: '127.0.0.1', createConnection: () => socket };
  request(options, (response) => {
    response.resume().once('end', () => resolve(response.statusCode));
  })
    .once('error', reject)
    .end();
  return promise;
}

describe('a server with a certificate', () => {
  it('responds over TLS', async () => {
    const { port } = await start();
    expect(await get(port, await handshake(port))).toBe(200);
    expect(await servedName(port)).toBe('first.example.com');
  });

  it('closes a connection that does not speak TLS', async () => {
    const { port } = await start();
    const client = await connectRaw(port);
    client.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await client.ended()).not.toContain('200');
  });

  it('tells connections from one port of a client to two addresses apart', async () => {
    const { port } = await start({}, '0.0.0.0');
    const localAddress = '127.0.0.1';
    const toFirst = createConnection({ port, host: '127.0.0.1', localAddress });
    await once(toFirst, 'connect');
    const { localPort = 0 } = toFirst;
    const toSecond = createConnection({ port, host: '127.0.0.2', localAddress, localPort });
    await once(toSecond, 'connect');
    for (const socket of [toFirst, toSecond])
      expect(await get(port, await handshake(port, socket))).toBe(200);
  });

  it('closes a connection whose handshake takes too long, and counts it as a timeout', async () => {
    const registry = new Registry();
    const metrics = new ConnectionMetrics(registry);
    const { port } = await start({ metrics, limits: { handshakeTimeout: 50 } });
    await (await connectRaw(port)).ended();
    expect(await registry.metrics()).toContain(
      'scim_connections_refused_total{reason="timeout"} 1',
    );
  });

  it('counts connections from before their handshake towards the limit', async () => {
    const { port } = await start({ maxUnauthenticated: 1 });
    const waiting = await connectRaw(port);
    const secured = await handshake(port);
    await waiting.ended();
    const next = await handshake(port);
    await eventually(() => expect(secured.destroyed || secured.readableEnded).toBe(true));
    expect(await get(port, next)).toBe(200);
  });

  it('serves a replaced certificate on new connections, and keeps those that are open', async () => {
    const { port, certificate } = await start();
    const before = await handshake(port);
    const replaced = Promise.withResolvers<Date>();
    const onReplaced = (expires: Date) => replaced.resolve(expires);
    certificate.startRenewing({ onReplaced, onRefused: replaced.reject }, 10);
    put(second);
    expect((await replaced.promise).getTime()).toBeGreaterThan(Date.now());
    expect(await servedName(port)).toBe('second.example.com');
    expect(await get(port, before)).toBe(200);
  });

  it('keeps the previous certificate while the files do not match, and says so once', async () => {
    const { port, certificate } = await start();
    const refusals: string[] = [];
    const replaced = Promise.withResolvers<void>();
    certificate.startRenewing(
      {
        onReplaced: () => replaced.resolve(),
        onRefused: ({ message }) => refusals.push(message),
      },
      10,
    );
    put({ cert: second.cert, key: first.key });
    await eventually(() => expect(refusals).not.toEqual([]));
    expect(await servedName(port)).toBe('first.example.com');
    put(second);
    await replaced.promise;
    expect(await servedName(port)).toBe('second.example.com');
    expect(refusals).toEqual([
      `the certificate in ${files.cert} does not belong to the key in ${files.key}`,
    ]);
  });
});

describe('files that can’t be served', () => {
  it.each<[string, () => void, RegExp]>([
    ['a missing certificate', () => rmSync(files.cert), /tls\.crt can't be read: ENOENT$/],
    ['a missing key', () => rmSync(files.key), /tls\.key can't be read: ENOENT$/],
    [
      'a certificate that is none',
      () => writeFileSync(files.cert, 'x'),
      /tls\.crt does not contain a PEM certificate$/,
    ],
    [
      'a key that is none',
      () => writeFileSync(files.key, 'x'),
      /tls\.key does not contain an unencrypted PEM private key$/,
    ],
    [
      'the key of another certificate',
      () => writeFileSync(files.key, second.key),
      /tls\.crt does not belong to the key in .*tls\.key$/,
    ],
  ])('are refused with one line that names the file: %s', async (_, spoil, message) => {
    put(first);
    spoil();
    const error = await ServingCertificate.load(files).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(CertificateError);
    expect((error as Error).message).toMatch(message);
  });
});
