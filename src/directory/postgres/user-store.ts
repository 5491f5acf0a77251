/** Users on PostgreSQL: global users, and their access to tenants. */
import { type SQL, sql } from 'drizzle-orm';
import type { ResourceTypes } from '../../scim/resource-types.ts';
import { sameValue } from '../../scim/values.ts';
import { globalUserId } from '../ids.ts';
import { USER_CHANGES } from '../sql/followed-groups.ts';
import { columns, named, type Row, selected } from '../sql/names.ts';
import { isActive } from '../sql/people/active.ts';
import { forgottenIdentity } from '../sql/people/identities.ts';
import { endedSessions } from '../sql/people/sessions.ts';
import { GROUPS_OF_USERS, knownUsers } from '../sql/related.ts';
import { inactiveChange, isOtherPerson, isOtherSubject, rowOf } from '../sql/resource-key.ts';
import type {
  Decide,
  NewResource,
  Scope,
  StoredResource,
  UserRecord,
  UserStore,
} from '../store/resources.ts';
import type { Connections, Queries } from './connection/connections.ts';
import { postgresDialect } from './dialect.ts';
import { refuseTaken } from './errors.ts';
import { leftGroups, lockWithHolders } from './memberships.ts';
import { ResourceTable, readsOf } from './resource-table.ts';
import { access, users } from './schema.ts';
import type { Statistics } from './statistics.ts';

const { tables } = postgresDialect;
const a = named(access);
const INSERTED = columns(
  a,
  'tenant',
  'id',
  'userId',
  'userNameKey',
  'attributes',
  'version',
  'created',
  'lastModified',
);
const u = named(users);
const GLOBAL_USER = columns(u, 'id', 'userNameKey', 'created');

export function createUserStore(
  connections: Connections,
  types: ResourceTypes,
  statistics: Statistics,
): UserStore {
  const table = new ResourceTable('User', types.user);

  const create = async (scope: Scope, { id, attributes, at }: NewResource): Promise<UserRecord> => {
    const { tenant } = scope;
    const { externalId, profile, key } = rowOf('User', attributes);
    const userId = globalUserId(key);
    await addGlobalUser(connections, userId, key, at);
    const inserted = sql`
      INSERT INTO ${a.table} (${INSERTED})
      VALUES (
        ${tenant}, ${id}, ${userId}, ${key}, ${JSON.stringify(profile)}::json, 1, ${at}, ${at}
      )
      RETURNING ${a.id}
    `;
    const inactive =
      profile.active === true ? sql`` : sql`, ${table.countedInactive(tenant, sql`1::bigint`)}`;
    await refuseTaken(
      'User',
      connections.run(
        sql`
          WITH resource AS (${inserted}),
            ${table.written(scope, profile, externalId)},
            ${table.counted(tenant, 1)}${inactive}
          SELECT 1
        `,
      ),
    );
    statistics.note(1);
    return { id, attributes, version: 1, created: at, lastModified: at };
  };

  /** Returns undefined if the row has changed since it was read. */
  const attempt = async (
    queries: Queries | Connections,
    scope: Scope,
    current: StoredResource,
    decide: Decide<UserRecord>,
    at: number,
  ): Promise<UserRecord | undefined> => {
    const { tenant } = scope;
    const { id, version } = current;
    const attributes = decide(current);
    if (sameValue(attributes, current.attributes)) {
      await table.link(queries, scope, id);
      return current;
    }
    const { externalId, profile, key } = rowOf('User', attributes);
    const userId = globalUserId(key);
    if (key !== rowOf('User', current.attributes).key) {
      await addGlobalUser(queries, userId, key, at);
    }
    const updated = sql`
      UPDATE ${a.table}
      SET ${a.userId} = ${userId}, ${a.userNameKey} = ${key},
        ${a.attributes} = ${JSON.stringify(profile)}::json, ${a.version} = ${a.version} + 1,
        ${a.lastModified} = greatest(${a.lastModified}, ${at})
      WHERE ${a.tenant} = ${tenant} AND ${a.id} = ${id} AND ${a.version} = ${version}
      RETURNING ${a.id}, ${a.version}, ${a.lastModified}
    `;
    const statement = (noted: SQL) =>
      sql<Pick<Row<'access'>, 'version' | 'lastModified'>>`
        WITH resource AS (${updated}), ${table.written(scope, profile, externalId)}${noted}
        SELECT ${selected(a, 'version', 'lastModified')}
        FROM resource
      `;
    const by = inactiveChange(current.attributes, attributes);
    const noted = isOtherSubject(current.attributes, attributes)
      ? sql`
          , ${table.counted(tenant, 1, USER_CHANGES)}
          , ${table.countedInactive(tenant, sql`${by}::bigint`)}
        `
      : sql``;
    if (!isOtherPerson(current.attributes, attributes)) {
      const [row] = await refuseTaken('User', queries.all(statement(noted)));
      return row && { ...current, attributes, ...row };
    }
    // The sessions are read after the row is written, so none begins meanwhile.
    const row = await within(queries, async (same) => {
      const [written] = await refuseTaken('User', same.all(statement(noted)));
      if (written) await same.run(endedSessions(tables, tenant, id));
      return written;
    });
    return row && { ...current, attributes, ...row };
  };

  /**
   * Tries without a lock first. If another write overtakes it, it locks the row and decides again.
   */
  const change = async (
    scope: Scope,
    id: string,
    decide: Decide<UserRecord>,
    at: number,
  ): Promise<UserRecord> => {
    const seen = await table.require(connections, scope, id);
    const changed = await attempt(connections, scope, seen, decide, at);
    if (changed !== undefined) return changed;
    return connections.transaction(async (queries) => {
      await table.lock(queries, scope.tenant, id, sql`FOR UPDATE`);
      const current = await table.require(queries, scope, id);
      const locked = await attempt(queries, scope, current, decide, at);
      if (locked === undefined) throw new Error('a locked row has changed');
      return locked;
    });
  };

  return {
    create: (scope, user) => connections.writing(user.id, () => create(scope, user)),
    ...readsOf(connections, table, GROUPS_OF_USERS),
    known: async (tenant, ids) => {
      const rows = await connections.all(knownUsers(postgresDialect, tenant, ids));
      return new Set(rows.map(({ id }) => id));
    },
    change: (scope, id, decide, at) => connections.writing(id, () => change(scope, id, decide, at)),
    delete: (scope, id, check, at) =>
      connections.writing(id, () =>
        connections.transaction(async (queries) => {
          check(await lockWithHolders(queries, table, scope, id));
          await deleteUser(queries, table, scope.tenant, id, at);
        }),
      ),
  };
}

/** Does the work in the transaction that is running, or in one of its own. */
function within<T>(queries: Queries | Connections, work: (same: Queries) => Promise<T>) {
  return 'transaction' in queries ? queries.transaction(work) : work(queries);
}

/** Idempotent. Runs before the access is written, so that no access lacks its global user. */
async function addGlobalUser(queries: Queries, id: string, key: string, at: number): Promise<void> {
  await queries.run(
    sql`
      INSERT INTO ${u.table} (${GLOBAL_USER})
      VALUES (${id}, ${key}, ${at})
      ON CONFLICT DO NOTHING
    `,
  );
}

/** Deletes the tenant's access, whose row is locked; the global user stays. */
export async function deleteUser(
  queries: Queries,
  table: ResourceTable,
  tenant: string,
  id: string,
  at: number,
): Promise<void> {
  await queries.run(
    sql`
      WITH resource AS (${table.deleted(tenant, id, isActive(a.attributes))}),
        ${table.forgotten(tenant)},
        ${table.countedInactive(tenant, sql`(CASE WHEN active THEN 0 ELSE -1 END)::bigint`)},
        ${leftGroups(tenant, id, at)},
        sessions_ended AS (${endedSessions(tables, tenant, id)}),
        identity AS (${forgottenIdentity(tables, tenant, id)})
      SELECT 1
    `,
  );
}
