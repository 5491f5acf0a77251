/**
 * The port for metrics and probes of the process. It is separate from the SCIM port and needs no
 * token.
 */
import { Hono } from 'hono';
import type { Registry } from 'prom-client';
import type { Logger } from '../logger.ts';

/** Returns undefined if all is well, otherwise a human-readable reason. */
export type Check = () => string | undefined | Promise<string | undefined>;

interface OpsOptions {
  readonly registry: Registry;
  /** Whether the process should keep running. */
  readonly live: Check;
  /** Whether the process can serve requests now. */
  readonly ready: Check;
  readonly log: Logger;
}

/** Serves `/metrics`, `/livez` and `/readyz`. A failed check is 503 with the reason as text. */
export function createOpsApp({ registry, live, ready, log }: OpsOptions): Hono {
  const app = new Hono();
  app.get('/metrics', async () => text(200, await registry.metrics(), registry.contentType));
  app.get('/livez', () => report(live));
  app.get('/readyz', () => report(ready));
  app.notFound(() => text(404, 'not found; see /metrics, /livez, /readyz\n'));
  app.onError((error) => {
    log.error({ err: error }, 'a request to the operations port failed');
    return text(500, 'internal error; see the log\n');
  });
  return app;
}

async function report(check: Check): Promise<Response> {
  const reason = await check();
  return reason === undefined ? text(200, 'ok\n') : text(503, `${reason}\n`);
}

function text(status: number, body: string, contentType = 'text/plain; charset=utf-8'): Response {
  return new Response(body, {
    status,
    headers: { 'Content-Type': contentType, 'Cache-Control': 'no-store' },
  });
}
