/** The directory on PostgreSQL: see docs/adr/0006-directory-on-postgresql.md. */
import { randomBytes } from 'node:crypto';
import { type SQL, sql } from 'drizzle-orm';
import type { ResourceTypes } from '../../scim/resource-types.ts';
import { DatabaseRefusedError } from '../database-errors.ts';
import { createMembershipStore } from '../sql/followed-group-store.ts';
import { named } from '../sql/names.ts';
import { createPeopleStores } from '../sql/people/stores.ts';
import type { ActivityOptions } from '../store/activity.ts';
import type { Store } from '../store/store.ts';
import { readCensus } from './census.ts';
import { PostgresAddress } from './connection/address.ts';
import { clientTo } from './connection/client.ts';
import { type Connections, openConnections, type Pooler } from './connection/connections.ts';
import { qualifier } from './connection/qualified.ts';
import { postgresDialect } from './dialect.ts';
import { createGroupStore } from './group-store.ts';
import { createIntegrationStore } from './integration-store.ts';
import { ActivityLog } from './log/activity-log.ts';
import { createRecentRequestStore } from './log/recent-request-store.ts';
import { createMadeObjectStore } from './made-object-store.ts';
import { signingKeys } from './schema.ts';
import { prepareDatabase } from './setup-connection.ts';
import { Statistics } from './statistics.ts';
import { createTokenStore } from './token-store.ts';
import { createUserStore } from './user-store.ts';

export interface PostgresOptions {
  /** The largest number of connections. */
  readonly connections: number;
  /** Called if there is a pooler before the server, and when it no longer does what it did. */
  readonly onPooler: (pooler: Pooler) => void;
  /** Called if users were created, but their global users could not be added. */
  readonly onMissed?: (error: unknown) => void;
  readonly activity?: ActivityOptions;
}

/**
 * Connects and migrates. The URL is read again for each connection. Throws DatabaseRefusedError, or
 * any other error while the server is unreachable.
 */
export async function openPostgresStore(
  readUrl: () => string,
  types: ResourceTypes,
  options: PostgresOptions,
  now: () => number = Date.now,
): Promise<Store> {
  const address = new PostgresAddress(readUrl);
  const schema = await prepareDatabase(address, now);
  // Distinguishes this process from others of the same name.
  const name = `${address.applicationName} ${randomBytes(4).toString('hex')}`;
  const Client = clientTo(address);
  const textOf = qualifier(schema);
  const { poolerPrepares } = address;
  const onUnprepared = () => options.onPooler({ isToPrepare: true, prepares: false });
  const connections = openConnections(
    () => ({ Client, textOf, application_name: name, poolerPrepares, onUnprepared }),
    options.connections,
  );
  const { pooler, ...keys } = await begin(connections).catch(async (error: unknown) => {
    await connections.close();
    throw error;
  });
  if (pooler !== undefined) options.onPooler(pooler);
  const activity = new ActivityLog(connections, options.activity ?? {});
  const statistics = new Statistics(connections);
  const onMissed = options.onMissed ?? (() => undefined);
  // Not awaited; a role without the privilege does without.
  statistics.begin().catch(() => undefined);
  return {
    types,
    users: createUserStore(connections, types, statistics, activity, onMissed),
    groups: createGroupStore(connections, types, statistics, activity),
    memberships: createMembershipStore({
      dialect: postgresDialect,
      all: connections.all,
      acrossTenants: (statement) => lookingUp(connections, statement),
    }),
    integrations: createIntegrationStore(connections, types, activity),
    tokens: createTokenStore(connections),
    madeObjects: createMadeObjectStore(connections.reserved),
    recentRequests: createRecentRequestStore(connections),
    ...createPeopleStores({
      dialect: postgresDialect,
      held: sql`FOR SHARE OF a`,
      all: connections.all,
      run: connections.run,
    }),
    activity: activity.store,
    searches: connections.searches,
    ...keys,
    census: () => readCensus(connections),
    // The lock of a row is a write, which a standby refuses.
    ping: async () => {
      await connections.reserved.all(sql`SELECT 1 FROM ${named(signingKeys).table} FOR KEY SHARE`);
    },
    close: () => connections.close(),
  };
}

/** Without statistics, another join could read the whole table. */
const NESTED_LOOPS = sql<never>`
  SELECT set_config('enable_hashjoin', 'off', TRUE), set_config('enable_mergejoin', 'off', TRUE)
`;

async function lookingUp<Row>(queries: Connections, statement: SQL<Row>): Promise<Row[]> {
  const [, rows = []] = await queries.together([NESTED_LOOPS, statement]);
  return rows;
}

async function begin(connections: Connections) {
  return { ...(await keysOf(connections)), pooler: await connections.pooler() };
}

async function keysOf({ orm, guarded }: Connections) {
  const rows = await guarded(() => orm.select().from(signingKeys));
  const keyOf = (name: string) => rows.find((row) => row.name === name)?.value;
  const [cursorKey, sealingKey] = [keyOf('cursor'), keyOf('sealing')];
  if (cursorKey === undefined) throw new DatabaseRefusedError('its key for cursors is missing');
  if (sealingKey === undefined) throw new DatabaseRefusedError('its key for sign-in is missing');
  return { cursorKey, sealingKey };
}
