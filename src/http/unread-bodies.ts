/**
 * Bodies of requests that are answered before they were read, such as refused ones. What is left of
 * them is read and dropped, because many clients only read the response after they have sent
 * everything. Node would read it as fast as it arrives, and others would wait.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { SMALL_BODY_BYTES } from '../scim/limits.ts';

/** In each turn, so many connections read so many bytes: about 100 MB per second. */
const AT_ONCE = 4;
const BYTES = 128 * 1024;
const TURN_MS = 5;

export class UnreadBodies {
  /** In the order in which their turns come. */
  readonly #waiting = new Set<IncomingMessage>();
  readonly #deadlineMs: number;
  #timer: NodeJS.Timeout | undefined;

  /** A connection whose client still sends after the deadline is closed. */
  constructor(deadlineMs: number) {
    this.#deadlineMs = deadlineMs;
  }

  /** Call this before anything reads the body. */
  watch(incoming: IncomingMessage, outgoing: ServerResponse): void {
    if (hasShortBody(incoming)) return;
    // Node leaves the rest of a body alone if its beginning was asked for.
    incoming.read(0);
    outgoing.once('close', () => this.#drop(incoming));
  }

  #drop(incoming: IncomingMessage): void {
    const { socket } = incoming;
    if (incoming.readableEnded || incoming.destroyed || socket.destroyed) return;
    const deadline = setTimeout(() => socket.destroySoon(), this.#deadlineMs).unref();
    const end = () => {
      clearTimeout(deadline);
      this.#waiting.delete(incoming);
    };
    incoming.once('close', end).once('error', end);
    // A body that the application began to read is read to its end there.
    if (incoming.readableDidRead) return;
    incoming.removeAllListeners('data').pause();
    let read = 0;
    incoming.on('data', ({ length }: Buffer) => {
      read += length;
      if (read < BYTES) return;
      read = 0;
      incoming.pause();
      this.#wait(incoming);
    });
    this.#wait(incoming);
  }

  #wait(incoming: IncomingMessage): void {
    this.#waiting.add(incoming);
    this.#timer ??= setTimeout(() => this.#serve(), TURN_MS);
  }

  #serve(): void {
    this.#timer = undefined;
    for (const incoming of [...this.#waiting].slice(0, AT_ONCE)) {
      this.#waiting.delete(incoming);
      incoming.resume();
    }
    const [next] = this.#waiting;
    if (next !== undefined) this.#wait(next);
  }
}

export function hasShortBody({ headers }: IncomingMessage): boolean {
  const { 'content-length': length = '0', 'transfer-encoding': encoding } = headers;
  return encoding === undefined && Number(length) <= SMALL_BODY_BYTES;
}
