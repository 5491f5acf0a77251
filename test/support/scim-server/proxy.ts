/** A proxy between a client and a SCIM server that alters responses, like a faulty server. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { ScimClient } from './server.ts';

export interface Passing {
  readonly method: string;
  /** Relative to the endpoint, with the query. */
  readonly path: string;
  /** Forwards the request and returns the server's response. */
  forward(): Promise<Response>;
}

export interface ScimProxy {
  readonly baseUrl: string;
  close(): Promise<void>;
}

/** `answer` returns null to close the connection without a response. */
export async function startScimProxy(
  target: ScimClient,
  answer: (passing: Passing) => Promise<Response | null> | Response | null,
): Promise<ScimProxy> {
  const server = createServer(async (request, response) => {
    const { method = '', url: path = '' } = request;
    const body = await text(request);
    const headers = {
      authorization: request.headers.authorization ?? '',
      'content-type': request.headers['content-type'] ?? '',
    };
    const forward = () =>
      fetch(`${target.baseUrl}${path}`, { method, headers, ...(body === '' ? {} : { body }) });
    const given = await answer({ method, path, forward });
    if (given === null) return void request.socket.destroy();
    response.writeHead(given.status, [...given.headers].flat());
    response.end(await given.text());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
