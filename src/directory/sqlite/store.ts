/** The directory on SQLite: see docs/adr/0003-directory-on-sqlite.md. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { count, eq, type SQL, sql } from 'drizzle-orm';
import type { ResourceTypes } from '../../scim/resource-types.ts';
import { DatabaseRefusedError } from '../database-errors.ts';
import { createMembershipStore } from '../sql/followed-group-store.ts';
import { createPeopleStores } from '../sql/people/stores.ts';
import type { ActivityOptions } from '../store/activity.ts';
import type { Store } from '../store/store.ts';
import { createCensus } from './census.ts';
import { openConnections, type SqliteEvents } from './connections.ts';
import { sqliteDialect } from './dialect.ts';
import { createGroupStore } from './group-store.ts';
import { createIntegrationStore } from './integration-store.ts';
import { ActivityLog } from './log/activity-log.ts';
import { createRecentRequestStore } from './log/recent-request-store.ts';
import { createMadeObjectStore } from './made-object-store.ts';
import { counters, signingKeys } from './schema.ts';
import { createTokenStore } from './token-store.ts';
import { createUserStore } from './user-store.ts';

export interface SqliteOptions extends SqliteEvents {
  readonly activity?: ActivityOptions;
}

/**
 * Opens the file, and creates and migrates it. Throws DatabaseRefusedError, or SqliteError if it
 * can't be opened at the moment.
 */
export function openSqliteStore(
  path: string,
  types: ResourceTypes,
  options: SqliteOptions = {},
  now: () => number = Date.now,
): Store {
  const connections = openConnections(path, now, options);
  const activity = new ActivityLog(connections, options.activity ?? {});
  const keyOf = (name: string) =>
    connections.read.orm.select().from(signingKeys).where(eq(signingKeys.name, name)).get()?.value;
  const [cursorKey, sealingKey] = [keyOf('cursor'), keyOf('sealing')];
  if (cursorKey === undefined) throw new DatabaseRefusedError('its key for cursors is missing');
  if (sealingKey === undefined) throw new DatabaseRefusedError('its key for sign-in is missing');
  const ping = connections.read.orm.select({ rows: count() }).from(counters).prepare();
  // Requests that have arrived meanwhile are served between two statements.
  const all = async <Row>(statement: SQL<Row>): Promise<Row[]> => {
    await nextTurn();
    return connections.reading(() => connections.read.all(statement));
  };
  return {
    types,
    users: createUserStore(connections, types, activity),
    groups: createGroupStore(connections, types, activity),
    memberships: createMembershipStore({ dialect: sqliteDialect, all, acrossTenants: all }),
    integrations: createIntegrationStore(connections, activity),
    tokens: createTokenStore(connections),
    madeObjects: createMadeObjectStore(connections),
    recentRequests: createRecentRequestStore(connections),
    ...createPeopleStores({
      dialect: sqliteDialect,
      held: sql``,
      all: (statement) => connections.reading(() => connections.read.all(statement)),
      run: (statement) => connections.writer.write(() => connections.write.run(statement)),
    }),
    activity: activity.store,
    searches: connections.searches,
    cursorKey,
    sealingKey,
    census: createCensus(connections),
    ping: async () => {
      await connections.reading(() => ping.get());
      await connections.writer.responds();
    },
    close: async () => {
      // Accepted writes get their responses first.
      await connections.writer.write(() => undefined).catch(() => undefined);
      await connections.close();
    },
  };
}
