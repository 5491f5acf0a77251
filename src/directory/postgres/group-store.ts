/** Groups on PostgreSQL. */
import { sql } from 'drizzle-orm';
import { MEMBERS_AT_ONCE } from '../../scim/member-lists.ts';
import { type MemberChange, sizeOf } from '../../scim/members.ts';
import type { ResourceTypes } from '../../scim/resource-types.ts';
import { sameValue } from '../../scim/values.ts';
import { combined, isMoved } from '../sql/log/change.ts';
import type { ActivityRow } from '../sql/log/rows.ts';
import { columns, named, type Row, selected } from '../sql/names.ts';
import { MEMBERS_OF_GROUPS } from '../sql/related/members-of-groups.ts';
import { GROUP_COLUMNS, rowOf, searchContext } from '../sql/resource-key.ts';
import { readsOf } from '../sql/search/reads.ts';
import { resourceStatements } from '../sql/search/resource-statements.ts';
import type {
  Author,
  Decide,
  GroupChangeResult,
  GroupRecord,
  GroupStore,
  NewGroup,
  Scope,
  StoredResource,
} from '../store/resources.ts';
import { type Connections, compose, type Queries } from './connection/connections.ts';
import { postgresDialect } from './dialect.ts';
import { refuseTaken } from './errors.ts';
import { type ActivityLog, MOVED, movedPart } from './log/activity-log.ts';
import { ResourceTable } from './resource-table.ts';
import { groupMembers, groups } from './schema.ts';
import type { Statistics } from './statistics.ts';
import { type Changed, changeUsers, deltaOf } from './writes/change-users.ts';
import { LEFT, leftGroups } from './writes/dependents.ts';
import { addedBy, lockNesting, lockTenantNesting, lockWithHolders } from './writes/locks.ts';
import { MemberStatements } from './writes/member-statements.ts';
import { changeMembers, type MembersChanged } from './writes/memberships.ts';
import { groupMoves } from './writes/moves.ts';

const g = named(groups);
const m = named(groupMembers);
const INSERTED = columns(g, ...GROUP_COLUMNS);

export function createGroupStore(
  connections: Connections,
  types: ResourceTypes,
  statistics: Statistics,
  activity: ActivityLog,
): GroupStore {
  const table = new ResourceTable('Group', types.group);
  const context = searchContext(postgresDialect, 'Group', types.group);
  const statements = resourceStatements(context, compose, MEMBERS_OF_GROUPS);
  const moving = new MemberStatements(activity);
  const move = groupMoves(connections, activity);

  const create = async (
    queries: Queries,
    author: Author,
    { id, attributes, members, at }: NewGroup,
  ): Promise<Changed> => {
    const { tenant } = author;
    const { profile, key, document } = rowOf('Group', types.group, attributes);
    const inserted = sql`
      INSERT INTO ${g.table} (${INSERTED})
      VALUES (
        ${tenant}, ${id}, ${key}, ${document}::jsonb, ${profile.json}::json, 1, ${at}, ${at}
      )
      RETURNING ${g.id}
    `;
    const isNesting = await lockNesting(queries, tenant, members);
    const added: MemberChange = { kind: 'add', values: members };
    const { unknown, ...joined } = await changeMembers(queries, tenant, id, added, isNesting);
    const entry = activity.rowOf(author, () => ({
      type: 'Group',
      id,
      after: attributes,
      version: 1,
      at,
      moved: { members: joined },
    }));
    // Last, so that nobody waits for the counter longer than for the commit.
    await refuseTaken(
      'Group',
      queries.run(
        sql`
          WITH resource AS (${inserted}),
            ${table.written(author, profile)},
            ${table.counted(tenant, 1)}
            ${activity.part(entry)}
          SELECT 1
        `,
      ),
    );
    const group = { id, profile, version: 1, created: at, lastModified: at };
    return { result: { group, unknownMembers: unknown }, entry };
  };

  /** Inside a transaction: locks, reads, decides, writes. */
  const change = async (
    queries: Queries,
    author: Author,
    id: string,
    decide: Decide<GroupRecord> | undefined,
    changes: readonly MemberChange[],
    at: number,
  ): Promise<Changed> => {
    const { tenant } = author;
    const isNesting = await lockNesting(queries, tenant, addedBy(changes));
    await table.lock(queries, tenant, id, sql`FOR NO KEY UPDATE`);
    const current = await table.require(queries, author, id);
    const before = current.profile.attributes;
    const attributes = decide === undefined ? before : decide(current);
    const results: MembersChanged[] = [];
    for (const each of changes) {
      results.push(await changeMembers(queries, tenant, id, each, isNesting));
    }
    const unknownMembers = results.flatMap(({ unknown }) => unknown);
    const same = sameValue(attributes, before);
    const moved = { members: combined(results) };
    if (same && !isMoved(moved)) {
      await table.link(queries, author, id);
      return { result: { group: current, unknownMembers }, entry: undefined };
    }
    const entry = activity.rowOf(author, () => ({
      type: 'Group',
      id,
      before,
      after: attributes,
      version: current.version + 1,
      at: Math.max(at, current.lastModified),
      moved,
    }));
    const { profile, key, document } = rowOf('Group', types.group, attributes);
    const updated = sql`
      UPDATE ${g.table}
      SET ${g.displayNameKey} = ${key}, ${g.document} = ${document}::jsonb,
        ${g.attributes} = ${profile.json}::json, ${g.version} = ${g.version} + 1,
        ${g.lastModified} = greatest(${g.lastModified}, ${at})
      WHERE ${g.tenant} = ${tenant} AND ${g.id} = ${id}
      RETURNING ${g.id}, ${g.version}, ${g.lastModified}
    `;
    const [row] = await refuseTaken(
      'Group',
      queries.all<Pick<Row<'groups'>, 'version' | 'lastModified'>>(
        sql`
          WITH resource AS (${updated}), ${table.written(author, profile)}
            ${activity.part(entry)}
          SELECT ${selected(g, 'version', 'lastModified')}
          FROM resource
        `,
      ),
    );
    const group = { ...current, profile, ...row };
    return { result: { group, unknownMembers }, entry };
  };

  const finish = async (changed: Promise<Changed>): Promise<GroupChangeResult> => {
    const { result, entry } = await changed;
    activity.committed(entry);
    return result;
  };

  return {
    create: (author, group) => {
      statistics.note(group.members.length);
      return finish(
        connections.writing(group.id, () =>
          connections.transaction((queries) => create(queries, author, group)),
        ),
      );
    },
    ...readsOf(statements, MEMBERS_OF_GROUPS, connections.reader),
    change: (author, id, decide, changes, at) => {
      statistics.note(sizeOf(changes));
      const isShort = sizeOf(changes) <= MEMBERS_AT_ONCE;
      const delta = decide === undefined && isShort ? deltaOf(changes) : undefined;
      const alone = () =>
        connections.writing(id, async () => {
          const done =
            delta && (await changeUsers(connections, moving, activity, author, id, delta, at));
          return (
            done ??
            connections.transaction((queries) => change(queries, author, id, decide, changes, at))
          );
        });
      const together = delta && move(author, id, delta, at);
      return finish(Promise.resolve(together).then((done) => done ?? alone()));
    },
    delete: async (author, id, check, at) => {
      const entry = await connections.writing(id, () =>
        connections.transaction(async (queries) => {
          const current = await lockGroup(queries, table, author, id);
          check(current);
          return deleteGroup(queries, table, activity, author, current, at);
        }),
      );
      activity.committed(entry);
    },
  };
}

/** Locks the group and all groups that hold it, and the tenant's nesting. Throws notFound. */
export async function lockGroup(
  queries: Queries,
  table: ResourceTable,
  scope: Scope,
  id: string,
): Promise<StoredResource> {
  await lockTenantNesting(queries, scope.tenant);
  return lockWithHolders(queries, table, scope, id);
}

/** Deletes the group, which is locked. Returns the entry in the activity log. */
export async function deleteGroup(
  queries: Queries,
  table: ResourceTable,
  activity: ActivityLog,
  author: Author,
  { id, profile, version, lastModified }: StoredResource,
  at: number,
): Promise<ActivityRow | undefined> {
  const { tenant } = author;
  const entry = activity.rowOf(author, () => ({
    type: 'Group',
    id,
    before: profile.attributes,
    version,
    at: Math.max(at, lastModified),
  }));
  const [row] = await queries.all<Pick<ActivityRow, 'moved'>>(
    sql`
      WITH resource AS (${table.deleted(tenant, id)}),
        ${table.forgotten(tenant, id)},
        members AS (
          DELETE FROM ${m.table}
          WHERE ${m.tenant} = ${tenant} AND ${m.groupId} = ${id}
          RETURNING ${m.memberId} AS id
        ),
        ${leftGroups(tenant, id, at)}
        ${movedPart({ members: { removed: sql`members` }, groups: { removed: LEFT } })}
        ${activity.part(entry, MOVED, sql`resource CROSS JOIN moved`)}
      SELECT moved FROM moved
    `,
  );
  return entry && { ...entry, ...row };
}
