/**
 * Starts a SCIM server for one run of the suite, on a free loopback port and with its own tenant.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDirectory } from '../../src/directory/open.ts';
import type { Store } from '../../src/directory/store/store.ts';
import { HttpServer } from '../../src/http/server.ts';
import { createLogger } from '../../src/logger.ts';
import { createScimApp, type ScimApp } from '../../src/scim-server/app.ts';
import { errorDocument } from '../../src/scim-server/error.ts';
import type { Endpoint } from '../conformance/suite.ts';
import { startPostgres } from '../postgres/start.ts';
import { sweepAfterDeath } from '../process/child.ts';
import { recordIntegration } from './integration.ts';

export interface RunningServer extends Endpoint {
  close(): Promise<void>;
}

const CLOSE_DEADLINE_MS = 1_000;

/**
 * Without a database URL, the directory is a fresh SQLite file. In a given database, everything
 * that the run created is deprovisioned at the end.
 */
export async function startServer(databaseUrl: string | undefined): Promise<RunningServer> {
  const folder = mkdtempSync(join(tmpdir(), 'scim-conformance-'));
  sweepAfterDeath(folder);
  const store = await openDirectory(databaseUrl || `file:${join(folder, 'directory.db')}`);
  const { record, path, token } = await recordIntegration(store, {
    tenant: `conformance-${randomBytes(6).toString('hex')}`,
    clusterUid: 'conformance',
  });
  const log = createLogger('warn');
  // Locations contain the port, which is known only once the server is listening.
  const app = Promise.withResolvers<ScimApp>();
  const server = new HttpServer(
    { fetch: async (request, bindings) => (await app.promise).fetch(request, bindings) },
    log,
    { errorDocument },
  );
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  const publicUrl = `http://127.0.0.1:${port}`;
  const tracker = { note: () => undefined };
  app.resolve(createScimApp({ store, publicUrl, log, now: Date.now, tracker, rateLimit: 0 }));
  return {
    url: `${publicUrl}${path}`,
    token,
    close: async () => {
      await server.close(CLOSE_DEADLINE_MS);
      await forget(store, record.id);
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Starts the server with its own PostgreSQL server, which it stops on close. */
export async function startServerOnPostgres(): Promise<RunningServer> {
  const postgres = await startPostgres();
  const server = await startServer(postgres.url);
  return {
    ...server,
    close: async () => {
      await server.close();
      await postgres.stop();
    },
  };
}

async function forget(store: Store, integrationId: string): Promise<void> {
  await store.integrations.end(integrationId, Date.now());
  await store.integrations.purge(integrationId, Date.now());
}
