/** A TCP client for requests that no HTTP library would send. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface RawConnection {
  readonly socket: Socket;
  /** Everything received so far. */
  received(): string;
  /** Resolves once the received data contains the text. Rejects if the connection ends before. */
  waitFor(text: string): Promise<string>;
  /** Resolves with everything received once the server closes the connection. */
  ended(): Promise<string>;
}

/** With `allowHalfOpen`, the client keeps sending after the server has ended its side. */
export async function connectRaw(
  port: number,
  { allowHalfOpen = false } = {},
): Promise<RawConnection> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen });
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('utf8');
  });
  // A reset after the response is also an end.
  socket.on('error', () => {});
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await once(socket, 'connect');
  return {
    socket,
    received: () => text,
    ended: async () => {
      await closed;
      return text;
    },
    waitFor: async (wanted) => {
      while (!text.includes(wanted)) {
        await Promise.race([once(socket, 'data'), closed]);
        if (socket.closed && !text.includes(wanted)) {
          throw new Error(`the connection ended with: ${text}`);
        }
      }
      return text;
    },
  };
}

/** Sends the text and resolves with everything received until the connection ends. */
export async function sendRaw(port: number, text: string | Buffer): Promise<string> {
  const connection = await connectRaw(port);
  connection.socket.write(text);
  return await connection.ended();
}
