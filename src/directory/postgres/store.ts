/** The directory on PostgreSQL: see docs/adr/0006-directory-on-postgresql.md. */
import { randomBytes } from 'node:crypto';
import { eq, sql } from 'drizzle-orm';
import pg from 'pg';
import type { ResourceTypes } from '../../scim/resource-types.ts';
import { DatabaseRefusedError } from '../database-errors.ts';
import { createMembershipStore } from '../membership-store.ts';
import type { Store } from '../store.ts';
import { readCensus } from './census.ts';
import { type Connections, openConnections } from './connection.ts';
import { postgresDialect } from './dialect.ts';
import { asRefusal } from './errors.ts';
import { createGroupStore } from './group-store.ts';
import { createIntegrationStore } from './integration-store.ts';
import { migrate } from './migrate.ts';
import { signingKeys } from './schema.ts';
import { Statistics } from './statistics.ts';
import { createTokenStore } from './token-store.ts';
import { createUserStore } from './user-store.ts';

const CONNECT_TIMEOUT_MS = 5_000;

export interface PostgresOptions {
  /** How many connections there may be. */
  readonly connections: number;
  /** Called when a pooler is between us and the server. */
  readonly onPooler: () => void;
}

/** Connects and migrates. Throws DatabaseRefusedError, or any other error while the server can't be reached. */
export async function openPostgresStore(
  url: string,
  types: ResourceTypes,
  options: PostgresOptions,
  now: () => number = Date.now,
): Promise<Store> {
  await migrateDatabase(url, now);
  // Others of the same name are told apart by it.
  const name = `scim-operator ${randomBytes(4).toString('hex')}`;
  const connections = openConnections(
    () => ({ connectionString: url, application_name: name }),
    options.connections,
  );
  const cursorKey = await cursorKeyOf(connections).catch(async (error: unknown) => {
    await connections.close();
    throw error;
  });
  if (await connections.pooled()) options.onPooler();
  const statistics = new Statistics(connections);
  // Nobody waits for it, and who lacks the privilege does without.
  statistics.begin().catch(() => undefined);
  return {
    users: createUserStore(connections, types, statistics),
    groups: createGroupStore(connections, types, statistics),
    memberships: createMembershipStore({ dialect: postgresDialect, all: connections.all }),
    integrations: createIntegrationStore(connections, types),
    tokens: createTokenStore(connections),
    cursorKey,
    census: () => readCensus(connections),
    // Writes a row's lock, which a standby refuses.
    ping: async () => {
      await connections.all(sql`SELECT 1 FROM signing_keys FOR KEY SHARE`);
    },
    close: () => connections.close(),
  };
}

async function cursorKeyOf({ orm, guarded }: Connections): Promise<string> {
  const [row] = await guarded(() =>
    orm.select().from(signingKeys).where(eq(signingKeys.name, 'cursor')),
  );
  if (row === undefined) throw new DatabaseRefusedError('its key for cursors is missing');
  return row.value;
}

async function migrateDatabase(url: string, now: () => number): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: 'scim-operator migrate',
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await migrate(client, now);
  } catch (error) {
    throw asRefusal(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}
