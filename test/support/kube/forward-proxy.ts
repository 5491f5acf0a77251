/** A forward proxy with HTTP CONNECT or SOCKS5. It resolves every name to this machine. */
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface ForwardProxy {
  readonly url: string;
  /** `HOST:PORT` of every requested connection. */
  readonly targets: readonly string[];
  close(): Promise<void>;
}

/** Requires the `credentials`, `user:password`, if they are given. */
export async function startConnectProxy(credentials?: string): Promise<ForwardProxy> {
  const targets: string[] = [];
  const wanted = credentials && `Basic ${Buffer.from(credentials).toString('base64')}`;
  const server = createHttpServer((_, answer) => answer.writeHead(405).end());
  server.on('connect', ({ url = '', headers }, client: Socket) => {
    if (wanted !== undefined && headers['proxy-authorization'] !== wanted) {
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    targets.push(url);
    const upstream = connect(Number(url.split(':').at(-1)), '127.0.0.1', () =>
      client.write('HTTP/1.1 200 Connection established\r\n\r\n'),
    );
    join(client, upstream);
  });
  return started(server, 'http', targets);
}

export async function startSocksProxy(): Promise<ForwardProxy> {
  const targets: string[] = [];
  const server = createServer(
    (client) => void serveSocks(client, targets).catch(() => client.destroy()),
  );
  return started(server, 'socks5', targets);
}

/** SOCKS5 (RFC 1928) without authentication. */
async function serveSocks(client: Socket, targets: string[]): Promise<void> {
  client.on('error', () => client.destroy());
  await once(client, 'data');
  client.write(Buffer.from([5, 0]));
  const [request] = (await once(client, 'data')) as [Buffer];
  const isName = request[3] === 3;
  const end = isName ? 5 + (request[4] ?? 0) : 8;
  const host = isName
    ? request.subarray(5, end).toString()
    : [...request.subarray(4, end)].join('.');
  const port = request.readUInt16BE(end);
  targets.push(`${host}:${port}`);
  const upstream = connect(port, '127.0.0.1', () =>
    client.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0])),
  );
  join(client, upstream);
}

function join(client: Socket, upstream: Socket): void {
  for (const [from, to] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    from.on('error', () => to.destroy());
    from.on('close', () => to.destroy());
    from.pipe(to);
  }
}

async function started(
  server: ReturnType<typeof createServer>,
  protocol: string,
  targets: readonly string[],
): Promise<ForwardProxy> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `${protocol}://127.0.0.1:${port}`,
    targets,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
