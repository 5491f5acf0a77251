/** The SCIM application: maps paths to handlers. */
import { Hono } from 'hono';
import { LinearRouter } from 'hono/router/linear-router';
import { Registry } from 'prom-client';
import type { Directory } from '../directory/caller.ts';
import type { RequestTracker } from '../directory/last-requests.ts';
import { CensusCache } from '../directory/metrics/census-cache.ts';
import { type Permissions, PROVISIONER_PERMISSIONS } from '../directory/permissions.ts';
import type { Store } from '../directory/store/store.ts';
import type { ServerBindings } from '../http/application.ts';
import type { Logger } from '../logger.ts';
import { toResponse } from './answer.ts';
import { createEndpoint, type Routes } from './endpoint.ts';
import { errorAnswer, notImplemented } from './error.ts';
import { normalPath } from './lenient-path.ts';
import { RequestMetrics } from './metrics.ts';
import { createRateLimit } from './rate-limit.ts';
import type { RecentRequests } from './recent-requests.ts';
import { bulkRoutes } from './routes/bulk.ts';
import { createCursors } from './routes/cursor.ts';
import { discoveryRoutes } from './routes/discovery.ts';
import { groupKind } from './routes/groups.ts';
import { resourceRoutes } from './routes/resources.ts';
import { searchRoutes } from './routes/search.ts';
import { userKind } from './routes/users.ts';

interface ScimAppOptions {
  readonly store: Store;
  /** Base URL of every `meta.location`, without a trailing slash. */
  readonly publicUrl: string;
  readonly log: Logger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds of a monotonic clock, for the rate limit; by default that of the process. */
  readonly clock?: () => number;
  /** Notified of every request whose token was accepted. */
  readonly tracker: Pick<RequestTracker, 'note'>;
  /** Notified of every request with a valid token, refused or not. By default, nobody is. */
  readonly recent?: Pick<RecentRequests, 'note'>;
  /**
   * Requests per second that an integration may send, counting each operation of a Bulk; 0 means no
   * limit.
   */
  readonly rateLimit: number;
  /** The permissions of every caller; by default the rules of the Role SCIMProvisioner. */
  readonly permissions?: Permissions;
  /** By default, metrics that nothing reads. */
  readonly metrics?: RequestMetrics;
}

export type ScimApp = Hono<{ Bindings: ServerBindings }>;

export function createScimApp(options: ScimAppOptions): ScimApp {
  const { store, now, publicUrl, log, tracker, recent, rateLimit } = options;
  const { permissions = PROVISIONER_PERMISSIONS } = options;
  const directory: Directory = { store, now };
  const limit = createRateLimit(rateLimit);
  const { clock = () => performance.now() } = options;
  const { metrics = unreadMetrics(store, now) } = options;
  const app: ScimApp = new Hono({
    getPath: (request) => normalPath(request.url),
    // The only route is for all paths, which this router doesn't parse.
    router: new LinearRouter(),
  });
  const cursors = createCursors(store.cursorKey, now);
  const users = userKind(directory);
  const groups = groupKind(directory);
  const resources = { ...resourceRoutes(users, cursors), ...resourceRoutes(groups, cursors) };
  const routes: Routes = {
    ...resources,
    ...bulkRoutes(resources, store.types),
    ...searchRoutes(users, groups, cursors),
    ...discoveryRoutes(store.types),
    ...NOT_SERVED,
  };
  const requests = { directory, publicUrl, log, tracker, recent, limit };
  app.all('*', createEndpoint({ ...requests, clock, permissions, metrics }, routes));
  app.onError((error) => {
    log.error({ err: error }, 'a request failed');
    return toResponse(errorAnswer(error), crypto.randomUUID());
  });
  return app;
}

const unreadMetrics = (store: Store, now: () => number) =>
  new RequestMetrics(new Registry(), new CensusCache(() => store, now), now);

/** A token does not identify a user (RFC 7644 §3.11). */
const refuseMe = () => {
  throw notImplemented('/Me is not supported: a token does not identify a user');
};
const NOT_SERVED: Routes = {
  '/Me': { GET: refuseMe, POST: refuseMe, PUT: refuseMe, PATCH: refuseMe, DELETE: refuseMe },
};
