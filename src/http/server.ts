/** A listening HTTP server around an application: time limits, answers below HTTP, and an orderly end. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import type { Logger } from '../logger.ts';
import { invalidSyntax } from '../scim/error.ts';
import { toResponse } from './answer.ts';
import { errorAnswer, methodNotAllowed } from './error.ts';
import { endWithError, MAX_HEADER_BYTES, parserError } from './raw-error.ts';

/** What the application gets besides the request. */
export interface ServerBindings {
  /** Tells a client that sent `Expect: 100-continue` to send the body; to be called before the body is read. */
  readonly admitBody?: () => void;
}

export interface Application {
  fetch(request: Request, bindings: ServerBindings): Response | Promise<Response>;
}

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** The address can't be had; the message is one line for a person. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

const REASONS: Record<string, string> = {
  EADDRINUSE: 'the port is in use',
  EACCES: 'the port needs more privileges',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'the host name is not known',
};

const LIMITS = {
  // Filters come in the URL; 20 kB of one have been seen.
  maxHeaderSize: MAX_HEADER_BYTES,
  headersTimeout: 10_000,
  requestTimeout: 60_000,
  // Longer than load balancers keep idle connections (60 s), so that they never send into a closing one.
  keepAliveTimeout: 75_000,
  connectionsCheckingInterval: 2_000,
  // No address is made from the Host header, so nothing is gained by refusing a request without one.
  requireHostHeader: false,
};

/** How often a closing server drops connections that became idle. */
const SWEEP_MS = 50;

export class HttpServer {
  readonly #server: Server;
  /** Sockets with a response under way: nothing else may be written to them. */
  readonly #answering = new WeakSet<Duplex>();

  constructor(app: Application, log: Logger) {
    const awaitingContinue = new WeakSet<IncomingMessage>();
    const listener = getRequestListener(
      (request, { incoming, outgoing }) => {
        const h1 = incoming as IncomingMessage;
        return app.fetch(
          request,
          awaitingContinue.delete(h1)
            ? { admitBody: () => (outgoing as ServerResponse).writeContinue() }
            : {},
        );
      },
      { hostname: 'localhost', errorHandler: (error) => refuse(error, log) },
    );
    const onRequest = (incoming: IncomingMessage, outgoing: ServerResponse) => {
      const { socket } = incoming;
      this.#answering.add(socket);
      outgoing.once('close', () => this.#answering.delete(socket));
      void listener(incoming, outgoing);
    };
    this.#server = createServer(LIMITS, onRequest);
    this.#server.on('checkContinue', (incoming, outgoing) => {
      awaitingContinue.add(incoming);
      onRequest(incoming, outgoing);
    });
    // An expectation that is not known is ignored rather than answered without a body.
    this.#server.on('checkExpectation', onRequest);
    this.#server.on('connect', (_request, socket: Duplex) => {
      // Node lets go of this socket: without a listener its error would end the process.
      socket.on('error', () => socket.destroy());
      endWithError(socket, methodNotAllowed('CONNECT', ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']));
    });
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket) =>
      this.#onClientError(error, socket),
    );
  }

  /** Resolves with the address bound; port 0 takes a free one. Rejects with ListenError. */
  async listen({ host, port }: ListenAddress): Promise<AddressInfo> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once('error', reject);
    // Without a host Node listens on `::`, or on 0.0.0.0 where IPv6 is switched off.
    this.#server.listen(host === '::' ? { port } : { host, port }, resolve);
    try {
      await promise;
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      throw new ListenError(
        `can't listen on ${formatAddress(host, port)}: ${REASONS[code] ?? code}`,
        { cause: error },
      );
    } finally {
      this.#server.off('error', reject);
    }
    return this.#server.address() as AddressInfo;
  }

  /** Takes no more connections, lets requests end, and cuts off those still there after `deadlineMs`. */
  async close(deadlineMs: number): Promise<void> {
    if (!this.#server.listening) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    // close() alone waits for clients that keep their connections.
    const sweep = setInterval(() => this.#server.closeIdleConnections(), SWEEP_MS);
    const deadline = setTimeout(() => this.#server.closeAllConnections(), deadlineMs);
    await promise;
    clearInterval(sweep);
    clearTimeout(deadline);
  }

  #onClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
    if (error.code === 'ECONNRESET' || !socket.writable || this.#isMidResponse(socket)) {
      socket.destroy();
    } else {
      endWithError(socket, parserError(error.code));
    }
  }

  #isMidResponse(socket: Duplex): boolean {
    return this.#answering.has(socket) && (socket as Socket).bytesWritten > 0;
  }
}

/** Answers what the application never saw because no URL could be made of it. */
function refuse(error: unknown, log: Logger): Response {
  const malformed = error instanceof Error && error.name === 'RequestError';
  if (!malformed) log.error({ err: error }, 'an answer could not be made');
  const refused: unknown = malformed
    ? invalidSyntax('the request target or the Host header is malformed')
    : error;
  return toResponse(errorAnswer(refused), crypto.randomUUID());
}

function formatAddress(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
