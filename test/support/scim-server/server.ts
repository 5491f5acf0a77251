/** A SCIM server with its own port and directory, and clients for its integrations. */
import { Registry } from 'prom-client';
import {
  type RecordedIntegration,
  recordIntegration,
} from '../../../hack/scim-server/integration.ts';
import { CensusCache } from '../../../src/directory/metrics/census-cache.ts';
import { registerDirectoryMetrics } from '../../../src/directory/metrics/gauges.ts';
import { type Permissions, PROVISIONER_PERMISSIONS } from '../../../src/directory/permissions.ts';
import type { IntegrationRecord } from '../../../src/directory/store/integrations.ts';
import type { Store } from '../../../src/directory/store/store.ts';
import { HttpServer } from '../../../src/http/server.ts';
import { createLogger, type Logger } from '../../../src/logger.ts';
import type { JsonObject } from '../../../src/scim/json.ts';
import { type ResourceTypes, STANDARD_RESOURCE_TYPES } from '../../../src/scim/resource-types.ts';
import { createScimApp, type ScimApp } from '../../../src/scim-server/app.ts';
import { errorDocument } from '../../../src/scim-server/error.ts';
import { RequestMetrics } from '../../../src/scim-server/metrics.ts';
import { RecentRequests } from '../../../src/scim-server/recent-requests.ts';
import { useSqlite } from '../directory/sqlite.ts';

export const PUBLIC_URL = 'https://scim.example.com';

export interface ScimAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Empty if the response has no body. */
  readonly body: JsonObject;
  /** The id in the body, or an empty string. */
  readonly id: string;
}

export interface SendOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent unchanged instead of a JSON body. */
  readonly raw?: string | Uint8Array<ArrayBuffer>;
}

/** An integration from the view of an identity provider. */
export interface ScimClient {
  readonly record: IntegrationRecord;
  readonly token: string;
  /** The path of the endpoint. */
  readonly path: string;
  /** The URL to which requests are sent. */
  readonly baseUrl: string;
  /** The same endpoint as it appears in responses. */
  readonly publicBaseUrl: string;
  send(method: string, path: string, body?: unknown, options?: SendOptions): Promise<ScimAnswer>;
  /** The same integration at another server of the directory. */
  at(port: number): ScimClient;
}

export interface ScimServer {
  readonly app: ScimApp;
  readonly port: number;
  readonly store: Store;
  /** The times of requests that the tracker got. */
  readonly noted: ReadonlyMap<string, number>;
  /** Writes the last requests when it is flushed. */
  readonly recent: RecentRequests;
  readonly registry: Registry;
  addIntegration(changes?: Partial<IntegrationRecord>): Promise<ScimClient>;
  close(): Promise<void>;
}

export interface ScimServerOptions {
  readonly rateLimit?: number;
  readonly log?: Logger;
  readonly now?: () => number;
  /** The monotonic clock of the rate limit. */
  readonly clock?: () => number;
  /** Wraps the directory of the application. */
  readonly wrap?: (store: Store) => Store;
  readonly types?: ResourceTypes;
  readonly permissions?: Permissions;
  /** Opens the directory. The default is a new SQLite file. */
  readonly open?: (
    types: ResourceTypes,
  ) => Promise<{ readonly store: Store; close(): Promise<void> }>;
}

export async function startScimServer({
  rateLimit = 0,
  log = createLogger('silent'),
  now = Date.now,
  clock = () => performance.now(),
  wrap = (store) => store,
  types = STANDARD_RESOURCE_TYPES,
  permissions = PROVISIONER_PERMISSIONS,
  open = useSqlite,
}: ScimServerOptions = {}): Promise<ScimServer> {
  const { store, close } = await open(types);
  const noted = new Map<string, number>();
  const wrapped = wrap(store);
  const registry = new Registry();
  const census = new CensusCache(() => wrapped, now);
  registerDirectoryMetrics(registry, census, () => wrapped);
  const recent = new RecentRequests(wrapped.recentRequests, now, () => undefined);
  const app = createScimApp({
    store: wrapped,
    publicUrl: PUBLIC_URL,
    log,
    now,
    clock,
    tracker: { note: (id, _, at) => noted.set(id, at) },
    recent,
    rateLimit,
    permissions,
    metrics: new RequestMetrics(registry, census, now),
  });
  const server = new HttpServer(app, log, { errorDocument });
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  return {
    app,
    port,
    store,
    noted,
    recent,
    registry,
    addIntegration: (changes) => addIntegration(store, port, changes),
    close: async () => {
      await server.close(1000);
      await close();
    },
  };
}

/** Creates an integration and a token in the directory, for a server on the port. */
export async function addIntegration(
  store: Store,
  port: number,
  changes?: Partial<IntegrationRecord>,
): Promise<ScimClient> {
  return clientOf(await recordIntegration(store, changes), port);
}

function clientOf(integration: RecordedIntegration, port: number): ScimClient {
  const { record, token, path } = integration;
  const baseUrl = `http://127.0.0.1:${port}${path}`;
  return {
    record,
    token,
    path,
    baseUrl,
    publicBaseUrl: `${PUBLIC_URL}${path}`,
    send: (method, below, body, options) =>
      send(`${baseUrl}${below}`, method, body, { token, ...options }),
    at: (other) => clientOf(integration, other),
  };
}

async function send(
  url: string,
  method: string,
  body: unknown,
  { token, headers, raw }: SendOptions & { readonly token: string },
): Promise<ScimAnswer> {
  const sent = raw ?? (body === undefined ? undefined : JSON.stringify(body));
  const response = await fetch(url, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/scim+json',
      ...headers,
    },
    ...(sent === undefined ? {} : { body: sent }),
  });
  const text = await response.text();
  const answered: JsonObject = text === '' ? {} : JSON.parse(text);
  const { status, headers: answeredHeaders } = response;
  const id = typeof answered.id === 'string' ? answered.id : '';
  return { status, headers: answeredHeaders, text, body: answered, id };
}
