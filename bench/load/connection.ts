/**
 * One keep-alive connection that carries one request at a time. It parses only what a load needs,
 * because the generator shares the cores with the server.
 */
import { connect, type Socket } from 'node:net';
import { isLoopback } from '../../src/http/loopback.ts';

export interface Answer {
  readonly status: number;
  /** The status line and the headers. */
  readonly head: string;
  readonly body: Buffer;
}

/** Whether a refusal says when to retry. */
export const saysWhen = ({ head }: Answer): boolean => /\r\nretry-after:/i.test(head);

const HEAD_END = '\r\n\r\n';
const CHUNKS_END = '0\r\n\r\n';

export class Connection {
  readonly #host: string;
  readonly #port: number;
  #socket: Socket | undefined;
  #pending: PromiseWithResolvers<Answer> | undefined;
  #received: Buffer[] = [];
  #receivedBytes = 0;
  /** Undefined until the head of the answer has arrived. */
  #head: { readonly text: string; readonly end: number; readonly length: number } | undefined;

  /** Refuses a host that is not this machine. */
  constructor(base: string) {
    const { hostname, port } = new URL(base);
    if (!isLoopback(hostname)) throw new Error(`${hostname} is not on this machine`);
    this.#host = hostname.replace(/^\[|\]$/g, '');
    this.#port = Number(port || 80);
  }

  /** Sends a complete request. Rejects if the connection ends before the answer does. */
  async send(request: string | Buffer): Promise<Answer> {
    const socket = this.#socket ?? (await this.#open());
    const pending = Promise.withResolvers<Answer>();
    this.#pending = pending;
    socket.write(request);
    return pending.promise;
  }

  close(): void {
    this.#socket?.destroy();
  }

  #open(): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: this.#host, port: this.#port, noDelay: true });
      socket.once('connect', () => {
        this.#socket = socket;
        resolve(socket);
      });
      socket.on('data', (chunk) => this.#take(chunk));
      socket.on('error', reject);
      socket.on('close', () => {
        if (this.#socket === socket) this.#socket = undefined;
        this.#settle()?.reject(new Error('the connection ended before the answer'));
      });
    });
  }

  #settle(): PromiseWithResolvers<Answer> | undefined {
    const pending = this.#pending;
    this.#pending = undefined;
    this.#received = [];
    this.#receivedBytes = 0;
    this.#head = undefined;
    return pending;
  }

  #take(chunk: Buffer): void {
    this.#received.push(chunk);
    this.#receivedBytes += chunk.length;
    if (this.#head === undefined) {
      const all = this.#joined();
      const end = all.indexOf(HEAD_END);
      if (end < 0) return;
      const text = all.toString('latin1', 0, end);
      this.#head = { text, end: end + HEAD_END.length, length: lengthOf(text) };
    }
    const { text, end, length } = this.#head;
    const isChunked = Number.isNaN(length);
    if (isChunked ? !this.#isLast(chunk) : this.#receivedBytes < end + length) return;
    const body = this.#joined().subarray(end);
    const pending = this.#settle();
    if (/\r\nconnection: *close/i.test(text)) {
      this.#socket?.destroy();
      this.#socket = undefined;
    }
    const status = Number(text.slice(9, 12));
    pending?.resolve({ status, head: text, body: isChunked ? withoutChunks(body) : body });
  }

  #joined(): Buffer {
    const [first, ...more] = this.#received;
    const all = first !== undefined && more.length === 0 ? first : Buffer.concat(this.#received);
    this.#received = [all];
    return all;
  }

  /** Whether the answer ends with the chunk. Long answers are joined once. */
  #isLast(chunk: Buffer): boolean {
    const tail = chunk.length < CHUNKS_END.length ? this.#joined() : chunk;
    return tail.subarray(-CHUNKS_END.length).toString('latin1') === CHUNKS_END;
  }
}

/** The length of the body; NaN for one in chunks. */
function lengthOf(head: string): number {
  if (/^HTTP\/1\.1 (204|304|1\d\d)/.test(head)) return 0;
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  return length === undefined ? Number.NaN : Number(length);
}

function withoutChunks(body: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const line = body.indexOf('\r\n', at);
    const size = Number.parseInt(body.toString('latin1', at, line), 16);
    if (!(size > 0)) break;
    parts.push(body.subarray(line + 2, line + 2 + size));
    at = line + 2 + size + 2;
  }
  return Buffer.concat(parts);
}
