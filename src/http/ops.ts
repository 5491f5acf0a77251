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

/** A metric with so many series that its text is made in pieces. */
interface Piecewise {
  pieces(): Promise<Iterable<string>>;
}

/** Serves `/metrics`, `/livez` and `/readyz`. A failed check is 503 with the reason as text. */
export function createOpsApp({ registry, live, ready, log }: OpsOptions): Hono {
  const app = new Hono();
  app.get('/metrics', async () => {
    const texts = await Promise.all(
      registry.getMetricsAsArray().map(async (metric) => {
        if (isPiecewise(metric)) return metric.pieces();
        return [`${await registry.getSingleMetricAsString(metric.name)}\n`];
      }),
    );
    return text(200, ReadableStream.from(encoded(texts)), registry.contentType);
  });
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

const isPiecewise = (metric: object): metric is Piecewise => 'pieces' in metric;

/** One piece after the other, as fast as the client takes them. */
function* encoded(texts: readonly Iterable<string>[]): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  for (const pieces of texts) {
    for (const piece of pieces) yield encoder.encode(piece);
    yield encoder.encode('\n');
  }
}

function text(
  status: number,
  body: string | ReadableStream<Uint8Array>,
  contentType = 'text/plain; charset=utf-8',
): Response {
  return new Response(body, {
    status,
    headers: { 'Content-Type': contentType, 'Cache-Control': 'no-store' },
  });
}
