/**
 * A log line and a metric for each request. Both name the pattern of the path, because a path may
 * contain ids of people, and a query what somebody searched for.
 */
import type { MiddlewareHandler } from 'hono';
import { matchedRoutes } from 'hono/route';
import type { ConsoleContext, ConsoleEnv } from '../context.ts';

/** A method may be any word. */
const METHODS = new Set(['GET', 'HEAD', 'POST']);

export function accessLog({ log, metrics }: ConsoleContext): MiddlewareHandler<ConsoleEnv> {
  return async (c, next) => {
    const start = performance.now();
    const requestId = crypto.randomUUID();
    c.set('requestId', requestId);
    await next();
    c.header('X-Request-Id', requestId);
    const { status } = c.res;
    const ms = performance.now() - start;
    const method = METHODS.has(c.req.method) ? c.req.method : 'other';
    // The last route that is not for every path is the one that responded.
    const page = matchedRoutes(c).findLast(({ path }) => !path.endsWith('*'))?.path ?? 'none';
    metrics.completed(page, method, status, ms / 1_000);
    log.info({ requestId, method, page, status, ms: Math.round(ms * 100) / 100 }, 'page served');
  };
}
