/**
 * Serves each request in its turn, and refuses those that would wait for too long, before they are
 * authenticated. The log has one line when that begins and one when it has ended.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '../logger.ts';
import { Outage } from '../outage.ts';
import type { ClientConnection, ClientConnections } from './connections.ts';
import { answerUnserved, type ErrorDocument, overloaded } from './raw-error.ts';
import { RequestQueue } from './request-queue.ts';

/** An overload has ended when no request was refused for so long. */
const OVER_MS = 10_000;

export class Admission {
  readonly #queue = new RequestQueue();
  readonly #outage = new Outage();
  readonly #connections: ClientConnections;
  /** Made once, because a refusal must cost little. */
  readonly #refusals: Readonly<Record<429 | 503, ErrorDocument>>;
  readonly #log: Logger;
  #refusedAt = 0;
  #refused = 0;

  constructor(
    connections: ClientConnections,
    errorDocument: (error: unknown) => ErrorDocument,
    log: Logger,
  ) {
    this.#connections = connections;
    this.#refusals = { 429: errorDocument(overloaded(429)), 503: errorDocument(overloaded(503)) };
    this.#log = log;
  }

  /** `listener` responds to the request and never rejects. */
  serve(
    connection: ClientConnection,
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    listener: (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>,
  ): void {
    const arrivedAt = performance.now();
    const caller = this.#connections.callerOf(incoming);
    const isQueued = this.#queue.enter(caller, {
      arrivedAt,
      isGone: () => outgoing.destroyed,
      refuse: () => this.#refuse(caller, incoming, outgoing),
      serve: () => {
        connection.arrivedAt = arrivedAt;
        return listener(incoming, outgoing);
      },
    });
    if (isQueued) this.#noteEnd(arrivedAt);
  }

  /**
   * Responses of a turn are sent one directly after the other. The first one wakes its client, and
   * on a machine that the client shares, each such interruption costs as much as a look-up.
   */
  afterTurn(response: Response): Promise<Response> {
    return this.#queue.turn.then(() => response);
  }

  #refuse(caller: string, incoming: IncomingMessage, outgoing: ServerResponse): void {
    const status = this.#queue.hasOthers(caller) ? 429 : 503;
    this.#connections.countShed(status);
    answerUnserved(incoming, outgoing, this.#refusals[status]);
    this.#refusedAt = performance.now();
    this.#refused++;
    if (this.#outage.begins())
      this.#log.warn('requests arrive faster than they are processed; some are refused');
  }

  #noteEnd(at: number): void {
    if (this.#refused === 0 || at - this.#refusedAt < OVER_MS) return;
    this.#outage.ends();
    this.#log.info({ refused: this.#refused }, 'requests are no longer refused');
    this.#refused = 0;
  }
}
