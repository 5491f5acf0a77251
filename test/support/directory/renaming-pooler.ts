/**
 * Stands between a client and PostgreSQL, and gives prepared statements names of its own, as PgBouncer
 * does from 1.21 on: Debian 12 has an older one. Its clients share no session.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface RenamingPooler {
  readonly port: number;
  /** From now on, it doesn't know any statement that it was given before. */
  forget(): void;
  /** From now on, every name stands for the statement that a client parsed last before that. */
  mix(): void;
  close(): Promise<void>;
}

export async function startRenamingPooler(host: string, port: number): Promise<RenamingPooler> {
  const sockets = new Set<Socket>();
  let generation = 0;
  let isMixed = false;
  const renamed = (name: Buffer) =>
    name.length === 0 ? name : Buffer.concat([Buffer.from(`pooler_${generation}_`), name]);
  const server = createServer((incoming) => {
    const outgoing = connect(port, host);
    for (const socket of [incoming, outgoing]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
    }
    let last: Buffer = Buffer.alloc(0);
    const nameOf = (name: Buffer, type: string) => {
      if (name.length > 0 && isMixed && /[PB]/.test(type)) return last;
      const own = renamed(name);
      if (name.length > 0 && type === 'P') last = own;
      return own;
    };
    const toServer = messages(false, (message) => outgoing.write(withName(message, nameOf)));
    const toClient = messages(true, (message) => incoming.write(withOwnProcess(message)));
    incoming.on('data', toServer).on('close', () => outgoing.destroy());
    outgoing.on('data', toClient).on('close', () => incoming.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    forget: () => {
      generation++;
    },
    mix: () => {
      isMixed = true;
    },
    close: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

/** Calls `take` with each whole message. The first one of a client has no type. */
function messages(areTyped: boolean, take: (message: Buffer) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0);
  let start = areTyped ? 1 : 0;
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= start + 4) {
      const end = start + rest.readInt32BE(start);
      if (rest.length < end) return;
      take(rest.subarray(0, end));
      rest = rest.subarray(end);
      start = 1;
    }
  };
}

/** Parse, Bind, and Describe and Close of a statement have its name. */
function withName(message: Buffer, nameOf: (name: Buffer, type: string) => Buffer): Buffer {
  const type = String.fromCharCode(message[0] ?? 0);
  const isOfStatement = /[DC]/.test(type) && message[5] === 'S'.charCodeAt(0);
  if (type !== 'P' && type !== 'B' && !isOfStatement) return message;
  const start = type === 'P' ? 5 : type === 'B' ? message.indexOf(0, 5) + 1 : 6;
  const end = message.indexOf(0, start);
  const name = nameOf(message.subarray(start, end), type);
  const whole = Buffer.concat([message.subarray(0, start), name, message.subarray(end)]);
  whole.writeInt32BE(whole.length - 1, 1);
  return whole;
}

/** BackendKeyData has the id of the process that the client takes for its own. */
function withOwnProcess(message: Buffer): Buffer {
  if (message[0] !== 'K'.charCodeAt(0)) return message;
  const own = Buffer.from(message);
  own.writeInt32BE(1, 5);
  return own;
}
