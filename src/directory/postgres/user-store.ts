/** Users on PostgreSQL: global users, and their access to tenants. */
import { type SQL, sql } from 'drizzle-orm';
import type { ResourceTypes } from '../../scim/resource-types.ts';
import { sameValue } from '../../scim/values.ts';
import { globalUserId } from '../ids.ts';
import { USER_CHANGES } from '../sql/followed-groups.ts';
import type { ActivityRow } from '../sql/log/rows.ts';
import { columns, named, type Row, selected } from '../sql/names.ts';
import { forgottenIdentity } from '../sql/people/identities.ts';
import { endedSessions } from '../sql/people/sessions.ts';
import { GROUPS_OF_USERS, knownUsers, type RelatedInput } from '../sql/related.ts';
import {
  foldedName,
  inactiveChange,
  isOtherPerson,
  isOtherSubject,
  rowOf,
  searchContext,
} from '../sql/resource-key.ts';
import { readsOf } from '../sql/search/reads.ts';
import { resourceStatements } from '../sql/search/resource-statements.ts';
import { type Slots, template } from '../sql/template.ts';
import type {
  Author,
  Decide,
  NewResource,
  StoredResource,
  UserRecord,
  UserStore,
} from '../store/resources.ts';
import { type Connections, compose, type Queries } from './connection/connections.ts';
import { postgresDialect } from './dialect.ts';
import { refuseTaken } from './errors.ts';
import { type ActivityLog, MOVED, movedPart } from './log/activity-log.ts';
import { LEFT, leftGroups, lockWithHolders } from './memberships.ts';
import { ResourceTable } from './resource-table.ts';
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
  'active',
  'document',
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
  activity: ActivityLog,
): UserStore {
  const table = new ResourceTable('User', types.user);
  const context = searchContext(postgresDialect, 'User', types.user);
  const statements = resourceStatements(context, compose, GROUPS_OF_USERS);
  const known = template(compose, (input: Slots<RelatedInput>) =>
    knownUsers(postgresDialect, input),
  );

  const create = async (
    author: Author,
    { id, attributes, at }: NewResource,
  ): Promise<UserRecord> => {
    const { tenant } = author;
    const { profile, key, active, document } = rowOf('User', types.user, attributes);
    const userId = globalUserId(key);
    await addGlobalUser(connections, userId, key, at);
    const entry = activity.rowOf(author, () => ({
      type: 'User',
      id,
      after: attributes,
      version: 1,
      at,
    }));
    const inserted = sql`
      INSERT INTO ${a.table} (${INSERTED})
      VALUES (
        ${tenant}, ${id}, ${userId}, ${key}, ${active}, ${document}::jsonb, ${profile.json}::json,
        1, ${at}, ${at}
      )
      RETURNING ${a.id}
    `;
    const inactive = active ? sql`` : sql`, ${table.countedInactive(tenant, sql`1::bigint`)}`;
    await refuseTaken(
      'User',
      connections.run(
        sql`
          WITH resource AS (${inserted}),
            ${table.written(author, profile)},
            ${table.counted(tenant, 1)}${inactive}
            ${activity.part(entry)}
          SELECT 1
        `,
      ),
    );
    activity.committed(entry);
    statistics.note(1);
    return { id, profile, version: 1, created: at, lastModified: at };
  };

  /** Returns undefined if the row has changed since it was read. */
  const attempt = async (
    queries: Queries | Connections,
    author: Author,
    current: StoredResource,
    decide: Decide<UserRecord>,
    at: number,
  ): Promise<Attempt | undefined> => {
    const { tenant } = author;
    const { id, version } = current;
    const before = current.profile.attributes;
    const attributes = decide(current);
    if (sameValue(attributes, before)) {
      await table.link(queries, author, id);
      return { user: current, entry: undefined };
    }
    const { profile, key, active, document } = rowOf('User', types.user, attributes);
    const userId = globalUserId(key);
    if (key !== foldedName('User', before)) {
      await addGlobalUser(queries, userId, key, at);
    }
    const updated = sql`
      UPDATE ${a.table}
      SET ${a.userId} = ${userId}, ${a.userNameKey} = ${key},
        ${a.active} = ${active}, ${a.document} = ${document}::jsonb,
        ${a.attributes} = ${profile.json}::json, ${a.version} = ${a.version} + 1,
        ${a.lastModified} = greatest(${a.lastModified}, ${at})
      WHERE ${a.tenant} = ${tenant} AND ${a.id} = ${id} AND ${a.version} = ${version}
      RETURNING ${a.id}, ${a.version}, ${a.lastModified}
    `;
    const entry = activity.rowOf(author, () => ({
      type: 'User',
      id,
      before,
      after: attributes,
      version: version + 1,
      at: Math.max(at, current.lastModified),
    }));
    const statement = (noted: SQL) =>
      sql<Pick<Row<'access'>, 'version' | 'lastModified'>>`
        WITH resource AS (${updated}),
          ${table.written(author, profile, before)}${noted}
          ${activity.part(entry)}
        SELECT ${selected(a, 'version', 'lastModified')}
        FROM resource
      `;
    const by = inactiveChange(before, attributes);
    const noted = isOtherSubject(before, attributes)
      ? sql`
          , ${table.counted(tenant, 1, USER_CHANGES)}
          , ${table.countedInactive(tenant, sql`${by}::bigint`)}
        `
      : sql``;
    if (!isOtherPerson(before, attributes)) {
      const [row] = await refuseTaken('User', queries.all(statement(noted)));
      return row && { user: { ...current, profile, ...row }, entry };
    }
    // The sessions are read after the row is written, so none begins meanwhile.
    const row = await within(queries, async (same) => {
      const [written] = await refuseTaken('User', same.all(statement(noted)));
      if (written) await same.run(endedSessions(tables, tenant, id));
      return written;
    });
    return row && { user: { ...current, profile, ...row }, entry };
  };

  /**
   * Tries without a lock first. If another write overtakes it, it locks the row and decides again.
   */
  const change = async (
    author: Author,
    id: string,
    decide: Decide<UserRecord>,
    at: number,
  ): Promise<Attempt> => {
    const seen = await table.require(connections, author, id);
    const changed = await attempt(connections, author, seen, decide, at);
    if (changed !== undefined) return changed;
    return connections.transaction(async (queries) => {
      await table.lock(queries, author.tenant, id, sql`FOR UPDATE`);
      const current = await table.require(queries, author, id);
      const locked = await attempt(queries, author, current, decide, at);
      if (locked === undefined) throw new Error('a locked row has changed');
      return locked;
    });
  };

  return {
    create: (author, user) => connections.writing(user.id, () => create(author, user)),
    ...readsOf(statements, GROUPS_OF_USERS, connections.reader),
    known: async (tenant, ids) => {
      const rows = await connections.all(known, { tenant, ids });
      return new Set(rows.map(({ id }) => id));
    },
    change: async (author, id, decide, at) => {
      const { user, entry } = await connections.writing(id, () => change(author, id, decide, at));
      activity.committed(entry);
      return user;
    },
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

/** Does the work in the transaction that is running, or in one of its own. */
function within<T>(queries: Queries | Connections, work: (same: Queries) => Promise<T>) {
  return 'transaction' in queries ? queries.transaction(work) : work(queries);
}

/** The user after a change, and its entry in the activity log unless nothing changed. */
interface Attempt {
  readonly user: UserRecord;
  readonly entry: ActivityRow | undefined;
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
        ${table.forgotten(tenant, before)},
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
