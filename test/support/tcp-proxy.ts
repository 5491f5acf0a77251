/** Stands between a client and a server and loses their traffic, as a firewall does that forgot a connection. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface TcpProxy {
  readonly port: number;
  /** Every connection stays open and never carries a byte again; new ones work. */
  mute(): void;
  /** New ones, too, until `heal`. */
  swallow(): void;
  /** New connections work; those that are open don't any more. */
  heal(): void;
  close(): Promise<void>;
}

export async function startTcpProxy(host: string, port: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let swallows = false;
  const mute = () => {
    for (const socket of sockets) {
      socket.unpipe();
      socket.resume();
    }
  };
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  };
  const server = createServer((incoming) => {
    keep(incoming);
    if (swallows) return void incoming.resume();
    const outgoing = connect(port, host);
    keep(outgoing);
    incoming.pipe(outgoing).pipe(incoming);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    mute,
    swallow: () => {
      swallows = true;
      mute();
    },
    heal: () => {
      swallows = false;
    },
    close: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}
