/**
 * A proxy between a client and a server that loses traffic, like a firewall that forgot a
 * connection.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface TcpProxy {
  readonly port: number;
  /** Open connections stay open but never carry a byte again. New ones work. */
  mute(): void;
  /** No connection, open or new, carries a byte until `heal` is called. */
  swallow(): void;
  /** New connections work again. Those that are open stay silent. */
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
