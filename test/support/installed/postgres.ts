/** A PostgreSQL that the cluster's pods reach. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterAll, beforeAll } from 'vitest';
import { type PostgresServer, startPostgres } from '../../../hack/postgres/start.ts';
import { RELEASE } from '../chart/helm.ts';
import { applyObjects, valueAt } from './kubectl.ts';

const SECRET = 'scim-operator-database';
const TRUST = 'host all all 0.0.0.0/0 trust\n';

/** With the Secret that useDatabase creates. */
export const ON_POSTGRES = { replicaCount: 2, database: { existingSecret: { name: SECRET } } };

/** Starts it, unless DATABASE_URL names one, and writes its URL into a Secret. */
export function useDatabase(): void {
  let postgres: PostgresServer | undefined;
  beforeAll(async () => {
    let url = process.env.DATABASE_URL;
    if (!url) {
      const address = await addressForPods();
      postgres = await startPostgres({ 'pg_hba.conf': TRUST }, { listenOn: address });
      url = postgres.url.replace('127.0.0.1', address);
    }
    const metadata = { name: SECRET, namespace: RELEASE };
    await applyObjects({ apiVersion: 'v1', kind: 'Secret', metadata, stringData: { url } });
  });
  afterAll(() => postgres?.stop());
}

/** The address of this machine that the cluster's nodes, and so the pods, can reach. */
async function addressForPods(): Promise<string> {
  const path = '{.items[0].status.addresses[?(@.type=="InternalIP")].address}';
  const node = await valueAt(path, 'nodes');
  const socket = createSocket('udp4');
  socket.connect(9, node);
  await once(socket, 'connect');
  const { address } = socket.address();
  socket.close();
  return address;
}
