/** An application behind Hono's adapter for Node.js, with what it can learn from the connection. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { Admission } from './admission.ts';
import type { ClientConnections, NoteCaller } from './connections.ts';

/** What the application receives with a request. */
export interface ServerBindings {
  /** Call this when the request's credentials were found valid. */
  readonly authenticated?: NoteCaller;
  /** When the request arrived, in milliseconds on the clock of `performance`. */
  readonly arrivedAt?: number;
  /** Whether the client has closed the connection. */
  readonly isGone?: boolean;
  /**
   * Tells a client that sent `Expect: 100-continue` to send the body. Call it before the body is
   * read.
   */
  readonly admitBody?: () => void;
}

export interface Application {
  fetch(request: Request, bindings: ServerBindings): Response | Promise<Response>;
}

const NO_BINDINGS: ServerBindings = {};

interface AppListenerOptions {
  readonly connections: ClientConnections;
  readonly admission: Admission | undefined;
  /** Requests whose client waits to be told to send the body. */
  readonly awaitingContinue: WeakSet<IncomingMessage>;
  /** The response to a request that could not be made, or whose response could not. */
  readonly onError: (error: unknown) => Response;
}

type AppListener = (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>;

export function createAppListener(
  app: Application,
  { connections, admission, awaitingContinue, onError }: AppListenerOptions,
): AppListener {
  return getRequestListener(
    (request, { incoming, outgoing }) => {
      const h1 = incoming as IncomingMessage;
      const bindings: ServerBindings = connections.of(h1.socket) ?? NO_BINDINGS;
      if (awaitingContinue.delete(h1)) {
        const admitBody = () => (outgoing as ServerResponse).writeContinue();
        // A copy has no getters of a class, and the value changes later.
        return app.fetch(request, {
          ...bindings,
          get isGone() {
            return bindings.isGone ?? false;
          },
          admitBody,
        });
      }
      const response = app.fetch(request, bindings);
      // What is left of a body can only be dropped if the response is sent before a stream of the
      // body begins to read it.
      const isDeferred = h1.method === 'GET' && !(response instanceof Promise);
      return isDeferred && admission ? admission.afterTurn(response) : response;
    },
    { hostname: 'localhost', errorHandler: onError, autoCleanupIncoming: false },
  );
}
