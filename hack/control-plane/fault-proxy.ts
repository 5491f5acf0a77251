/** A proxy between a client and the API server that causes faults of networks and servers. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';
import { loadKubeConfig } from '../../src/kube/connection.ts';

export interface FakeAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface FaultProxy {
  /** A kubeconfig that leads through the proxy, with the same credentials. */
  readonly config: KubeConfig;
  /** `METHOD /path?query` of every request. */
  readonly requests: readonly string[];
  /** Responds in place of the API server. Undefined lets the request pass. */
  intercept: (request: string) => FakeAnswer | undefined;
  /** Milliseconds by which a request is delayed. */
  delay: (request: string) => number;
  /** Changes the URL with which a request is forwarded. */
  rewrite: (url: string) => string;
  /** Resets every connection. */
  cut(): void;
  /** Open connections stay open but never carry a byte again. New ones work. */
  mute(): void;
  /** No connection, open or new, carries a byte until the returned function is called. */
  swallow(): () => void;
  /** Resets open connections and refuses new ones until `accept` is called. */
  refuse(): Promise<void>;
  accept(): Promise<void>;
  close(): Promise<void>;
}

export async function startFaultProxy(kubeconfig: string): Promise<FaultProxy> {
  const upstream = loadKubeConfig(kubeconfig);
  const target = upstream.getCurrentCluster();
  if (!target) throw new Error('the kubeconfig names no cluster');
  const tls: { ca?: string | Buffer | (string | Buffer)[] } = {};
  await upstream.applyToHTTPSOptions(tls);
  // The client sends no credentials to the proxy, because it doesn't speak TLS.
  const credentials = { authorization: `Bearer ${upstream.getCurrentUser()?.token}` };
  const sockets = new Set<Socket>();
  const muted = new WeakSet<Socket>();
  const requests: string[] = [];

  let swallowing = false;

  const forward = async (incoming: IncomingMessage, answer: ServerResponse) => {
    const { method = 'GET', url = '/', headers, socket } = incoming;
    requests.push(`${method} ${url}`);
    if (muted.has(socket)) return;
    const fake = proxy.intercept(`${method} ${url}`);
    if (fake) {
      answer.writeHead(fake.status, fake.headers).end(fake.body);
      return;
    }
    const wait = proxy.delay(`${method} ${url}`);
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    if (socket.destroyed) return;
    const outgoing = request(`${target.server}${proxy.rewrite(url)}`, {
      method,
      headers: { ...headers, ...credentials },
      ca: tls.ca,
    });
    outgoing.on('error', () => socket.destroy());
    outgoing.on('response', (response) => {
      if (!muted.has(socket)) answer.writeHead(response.statusCode ?? 502, response.headers);
      // Sends the head of a watch before its first event.
      if (!muted.has(socket)) answer.flushHeaders();
      response.on('data', (chunk) => muted.has(socket) || answer.write(chunk));
      response.on('end', () => muted.has(socket) || answer.end());
      response.on('error', () => socket.destroy());
    });
    answer.on('close', () => outgoing.destroy());
    incoming.pipe(outgoing);
  };
  const server = createServer((incoming, answer) => void forward(incoming, answer));
  server.on('connection', (socket) => {
    sockets.add(socket);
    if (swallowing) muted.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const cut = () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  const stop = async () => {
    const closed = once(server, 'close');
    server.close();
    cut();
    await closed;
  };
  const config = new KubeConfig();
  config.loadFromOptions({
    clusters: [{ name: 'proxy', server: `http://127.0.0.1:${port}`, skipTLSVerify: true }],
    users: [{ ...upstream.getCurrentUser(), name: 'proxy' }],
    contexts: [{ name: 'proxy', cluster: 'proxy', user: 'proxy' }],
    currentContext: 'proxy',
  });
  const proxy: FaultProxy = {
    config,
    requests,
    intercept: () => undefined,
    delay: () => 0,
    rewrite: (url) => url,
    cut,
    mute: () => {
      for (const socket of sockets) muted.add(socket);
    },
    swallow: () => {
      swallowing = true;
      for (const socket of sockets) muted.add(socket);
      return () => {
        swallowing = false;
      };
    },
    refuse: stop,
    accept: async () => {
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
    close: async () => {
      if (server.listening) await stop();
    },
  };
  return proxy;
}
