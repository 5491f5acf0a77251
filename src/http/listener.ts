/** Node's HTTP server, with or without TLS, that reports each connection as soon as it is open. */
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { ServingCertificate } from './certificate.ts';
import type { ClientConnections } from './connections.ts';
import { TextResponse } from './text-response.ts';

type OnRequest = (incoming: IncomingMessage, outgoing: ServerResponse) => void;

interface ListenerLimits extends ServerOptions {
  readonly handshakeTimeout: number;
}

/**
 * A client that closes its half of a connection counts as gone, as Node.js has it: one that gave up
 * looks the same, and its requests would take the time of others.
 */
export function createListener(
  given: ListenerLimits,
  onRequest: OnRequest,
  connections: ClientConnections,
  certificate: ServingCertificate | undefined,
): Server {
  const limits = { ...given, ServerResponse: TextResponse };
  if (certificate === undefined) {
    const server = createServer(limits, onRequest);
    return server.on('connection', (socket) => connections.add(socket));
  }
  const options = { ...limits, ...certificate.current };
  const server = createTlsServer(options, onRequest);
  certificate.renewOn(server);
  // A connection counts from the start: the handshake itself occupies the server.
  const handshakes = new Map<string, Socket>();
  server.on('connection', (socket: Socket) => {
    const addresses = addressesOf(socket);
    handshakes.set(addresses, socket);
    socket.once('close', () => {
      // A later connection may already have the same addresses.
      if (handshakes.get(addresses) === socket) handshakes.delete(addresses);
    });
    connections.add(socket);
  });
  server.on('secureConnection', (socket: TLSSocket) => {
    const addresses = addressesOf(socket);
    const plain = handshakes.get(addresses);
    handshakes.delete(addresses);
    if (plain === undefined) socket.destroy();
    else connections.secure(plain, socket);
  });
  return server;
}

/** No two open connections share them. */
const addressesOf = ({ remoteAddress, remotePort, localAddress, localPort }: Socket): string =>
  `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
