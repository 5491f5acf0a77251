/** Users on PostgreSQL: global users, and their access to tenants. */
import { sql } from 'drizzle-orm';
import type { ResourceTypes } from '../../scim/resource-types.ts';
import { globalUserId } from '../ids.ts';
import type { ActivityRow } from '../sql/log/rows.ts';
import { lookupChange } from '../sql/lookup-values.ts';
import { forgottenIdentity } from '../sql/people/identities.ts';
import { endedSessions } from '../sql/people/sessions.ts';
import { GROUPS_OF_USERS } from '../sql/related/groups-of-users.ts';
import { rowOf, searchContext } from '../sql/resource-key.ts';
import { readsOf } from '../sql/search/reads.ts';
import { resourceStatements } from '../sql/search/resource-statements.ts';
import type {
  Author,
  NewResource,
  StoredResource,
  UserRecord,
  UserStore,
} from '../store/resources.ts';
import { type Connections, compose, type Queries } from './connection/connections.ts';
import { postgresDialect } from './dialect.ts';
import { type ActivityLog, MOVED, movedPart } from './log/activity-log.ts';
import { ResourceTable } from './resource-table.ts';
import type { Statistics } from './statistics.ts';
import { userCreations } from './writes/create-users.ts';
import { LEFT, leftGroups } from './writes/dependents.ts';
import { lockWithHolders } from './writes/locks.ts';
import { userChanger } from './writes/user-changes.ts';

const { tables } = postgresDialect;

export function createUserStore(
  connections: Connections,
  types: ResourceTypes,
  statistics: Statistics,
  activity: ActivityLog,
  onMissed: (error: unknown) => void,
): UserStore {
  const table = new ResourceTable('User', types.user);
  const context = searchContext(postgresDialect, 'User', types.user);
  const statements = resourceStatements(context, compose, GROUPS_OF_USERS);
  const createUser = userCreations(connections, activity, onMissed);

  const create = async (
    author: Author,
    { id, attributes, at }: NewResource,
  ): Promise<UserRecord> => {
    const { profile, key, active, document } = rowOf('User', types.user, attributes);
    const entry = activity.rowOf(author, () => ({
      type: 'User',
      id,
      after: attributes,
      version: 1,
      at,
    }));
    await createUser(author.tenant, {
      id,
      integrationId: author.integrationId,
      userId: globalUserId(key),
      key,
      json: profile.json,
      document,
      active,
      externalId: profile.externalId,
      written: lookupChange(undefined, attributes).written,
      at,
      entry,
    });
    activity.committed(entry);
    statistics.note(1);
    return { id, profile, version: 1, created: at, lastModified: at };
  };

  return {
    create,
    ...readsOf(statements, GROUPS_OF_USERS, connections.reader),
    change: userChanger(connections, table, types, activity),
    delete: async (author, id, check, at) => {
      const entry = await connections.writing(id, () =>
        connections.transaction(async (queries) => {
          const current = await lockWithHolders(queries, table, author, id);
          check(current);
          return deleteUser(queries, table, activity, author, current, at);
        }),
      );
      activity.committed(entry);
    },
  };
}

/**
 * Deletes the tenant's access, whose row is locked; the global user stays. Returns the entry in the
 * activity log.
 */
export async function deleteUser(
  queries: Queries,
  table: ResourceTable,
  activity: ActivityLog,
  author: Author,
  { id, profile, version, lastModified }: StoredResource,
  at: number,
): Promise<ActivityRow | undefined> {
  const { tenant } = author;
  const before = profile.attributes;
  const entry = activity.rowOf(author, () => ({
    type: 'User',
    id,
    before,
    version,
    at: Math.max(at, lastModified),
  }));
  const inactive =
    before.active === true ? sql`` : sql`${table.countedInactive(tenant, sql`-1::bigint`)},`;
  const [row] = await queries.all<Pick<ActivityRow, 'moved'>>(
    sql`
      WITH resource AS (${table.deleted(tenant, id)}),
        ${table.forgotten(tenant, id, before)},
        ${inactive}
        ${leftGroups(tenant, id, at)},
        sessions_ended AS (${endedSessions(tables, tenant, id)}),
        identity AS (${forgottenIdentity(tables, tenant, id)})
        ${movedPart({ groups: { removed: LEFT } })}
        ${activity.part(entry, MOVED, sql`resource CROSS JOIN moved`)}
      SELECT moved FROM moved
    `,
  );
  return entry && { ...entry, ...row };
}
