/** Groups on PostgreSQL. */
import { type SQL, sql } from 'drizzle-orm';
import type { MemberChange } from '../../scim/members.ts';
import type { ResourceTypes } from '../../scim/resource-types.ts';
import { sameValue } from '../../scim/values.ts';
import { type ResourceRow, recordOf } from '../sql/lists.ts';
import { MEMBERS_OF_GROUPS } from '../sql/related.ts';
import { rowOf } from '../sql/resource-key.ts';
import type {
  Decide,
  GroupChangeResult,
  GroupRecord,
  GroupStore,
  NewGroup,
  Scope,
  StoredResource,
} from '../store/resources.ts';
import type { Connections, Queries } from './connection/connections.ts';
import { array } from './dialect.ts';
import { refuseTaken } from './errors.ts';
import {
  addedBy,
  changeMembers,
  leftGroups,
  lockNesting,
  lockTenantNesting,
  lockWithHolders,
  type MembersChanged,
} from './memberships.ts';
import { ResourceTable, readsOf } from './resource-table.ts';
import type { Statistics } from './statistics.ts';

export function createGroupStore(
  connections: Connections,
  types: ResourceTypes,
  statistics: Statistics,
): GroupStore {
  const table = new ResourceTable('Group', types.group);

  const create = async (
    queries: Queries,
    scope: Scope,
    { id, attributes, members, at }: NewGroup,
  ): Promise<GroupChangeResult> => {
    const { tenant } = scope;
    const { externalId, profile, key } = rowOf('Group', attributes);
    const inserted = sql`
      INSERT INTO groups (tenant, id, display_name_key, attributes, version, created, last_modified)
      VALUES (${tenant}, ${id}, ${key}, ${JSON.stringify(profile)}::json, 1, ${at}, ${at})
      RETURNING id
    `;
    const isNesting = await lockNesting(queries, tenant, members);
    const added: MemberChange = { kind: 'add', values: members };
    const { unknown } = await changeMembers(queries, tenant, id, added, isNesting);
    // Last, so that nobody waits for the counter longer than for the commit.
    await refuseTaken(
      'Group',
      queries.run(
        sql`
          WITH resource AS (${inserted}),
            ${table.written(scope, profile, externalId)},
            ${table.counted(tenant, 1)}
          SELECT 1
        `,
      ),
    );
    const group = { id, attributes, version: 1, created: at, lastModified: at };
    return { group, unknownMembers: unknown };
  };

  /** Inside a transaction: locks, reads, decides, writes. */
  const change = async (
    queries: Queries,
    scope: Scope,
    id: string,
    decide: Decide<GroupRecord> | undefined,
    changes: readonly MemberChange[],
    at: number,
  ): Promise<GroupChangeResult> => {
    const { tenant } = scope;
    const isNesting = await lockNesting(queries, tenant, addedBy(changes));
    await table.lock(queries, tenant, id, sql`FOR NO KEY UPDATE`);
    const current = await table.require(queries, scope, id);
    const attributes = decide === undefined ? current.attributes : decide(current);
    const results: MembersChanged[] = [];
    for (const each of changes) {
      results.push(await changeMembers(queries, tenant, id, each, isNesting));
    }
    const unknownMembers = results.flatMap(({ unknown }) => unknown);
    const same = sameValue(attributes, current.attributes);
    if (same && results.every(({ changed }) => changed === 0)) {
      await table.link(queries, scope, id);
      return { group: current, unknownMembers };
    }
    const { externalId, profile, key } = rowOf('Group', attributes);
    const updated = sql`
      UPDATE groups
      SET display_name_key = ${key}, attributes = ${JSON.stringify(profile)}::json,
        version = version + 1, last_modified = greatest(last_modified, ${at})
      WHERE tenant = ${tenant} AND id = ${id}
      RETURNING id, version, last_modified
    `;
    const [row] = await refuseTaken(
      'Group',
      queries.all<{ version: number; lastModified: number }>(
        sql`
          WITH resource AS (${updated}), ${table.written(scope, profile, externalId)}
          SELECT version, last_modified AS "lastModified"
          FROM resource
        `,
      ),
    );
    return { group: { ...current, attributes, ...row }, unknownMembers };
  };

  return {
    create: (scope, group) => {
      statistics.note(group.members.length);
      return connections.transaction((queries) => create(queries, scope, group));
    },
    ...readsOf(connections, table, MEMBERS_OF_GROUPS),
    change: async (scope, id, decide, changes, at) => {
      statistics.note(sizeOf(changes));
      const delta = decide === undefined ? deltaOf(changes) : undefined;
      const done = delta && (await changeUsers(connections, scope, id, delta, at));
      return (
        done ??
        connections.transaction((queries) => change(queries, scope, id, decide, changes, at))
      );
    },
    delete: (scope, id, check, at) =>
      connections.transaction(async (queries) => {
        check(await lockGroup(queries, table, scope, id));
        await deleteGroup(queries, table, scope.tenant, id, at);
      }),
  };
}

function sizeOf(changes: readonly MemberChange[]): number {
  return changes.reduce((sum, change) => sum + ('values' in change ? change.values.length : 0), 0);
}

interface Delta {
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

/** The changes as one, where they are by id and don't depend on their order. */
function deltaOf(changes: readonly MemberChange[]): Delta | undefined {
  const add = new Set<string>();
  const remove = new Set<string>();
  for (const change of changes) {
    if (change.kind !== 'add' && change.kind !== 'remove') return undefined;
    for (const id of change.values) (change.kind === 'add' ? add : remove).add(id);
  }
  return [...add].every((id) => !remove.has(id))
    ? { add: [...add], remove: [...remove] }
    : undefined;
}

/**
 * Adds users and removes members in one statement, which waits for the group's row before it
 * touches a member. It doesn't see what was committed while it waited: to an addition that makes no
 * difference, as adding what is there changes nothing; a removal of what wasn't there before is
 * left alone then. Undefined, and nothing changed, where it is, where there is no such group, and
 * where a group is to be added.
 */
async function changeUsers(
  queries: Queries,
  { tenant, integrationId }: Scope,
  id: string,
  { add, remove }: Delta,
  at: number,
): Promise<GroupChangeResult | undefined> {
  const locked = sql`
    SELECT g.*
    FROM groups g
    WHERE g.tenant = ${tenant}
      AND g.id = ${id}
      AND NOT EXISTS (
        SELECT 1 FROM groups s WHERE s.tenant = ${tenant} AND s.id = ANY(${array(add)})
      )
    FOR NO KEY UPDATE OF g
  `;
  const overtaken = sql`
    l.version <> (SELECT s.version FROM groups s WHERE s.tenant = ${tenant} AND s.id = ${id})
  `;
  const seen = sql`
    (
      SELECT count(*)
      FROM group_members m
      WHERE m.tenant = ${tenant} AND m.group_id = ${id} AND m.member_id = ANY(${array(remove)})
    )
  `;
  const target = sql`
    SELECT l.*, ${overtaken} AS overtaken
    FROM locked l
    WHERE NOT (${overtaken}) OR ${seen} = cardinality(${array(remove)})
  `;
  const people = sql`
    SELECT a.id
    FROM target
    CROSS JOIN access a
    WHERE a.tenant = ${tenant} AND a.id = ANY(${array(add)})
    FOR KEY SHARE OF a
  `;
  const added = sql`
    INSERT INTO group_members (tenant, group_id, member_id, member_type)
    SELECT ${tenant}, ${id}, id, 'User'
    FROM people
    ON CONFLICT DO NOTHING
    RETURNING 1
  `;
  const removed = sql`
    DELETE FROM group_members m
    USING target
    WHERE m.tenant = ${tenant} AND m.group_id = target.id AND m.member_id = ANY(${array(remove)})
    RETURNING 1
  `;
  const changed = sql`
    UPDATE groups g
    SET version = g.version + 1, last_modified = greatest(g.last_modified, ${at})
    WHERE g.tenant = ${tenant}
      AND g.id = (SELECT id FROM target)
      AND (EXISTS (SELECT 1 FROM added) OR EXISTS (SELECT 1 FROM removed))
    RETURNING g.version, g.last_modified
  `;
  const link = (when: SQL) =>
    sql`
      INSERT INTO external_ids AS x (
        tenant, integration_id, resource_id, resource_type, external_id
      )
      SELECT ${tenant}, ${integrationId}, id, 'Group', NULL
      FROM target
      WHERE ${when}
      ON CONFLICT (tenant, resource_id, integration_id)
    `;
  // An update that changes nothing reads what was committed meanwhile.
  const links = sql`
    link AS (${link(sql`NOT overtaken`)} DO NOTHING),
    known AS (
      ${link(sql`overtaken`)} DO UPDATE SET external_id = x.external_id RETURNING external_id
    )
  `;
  const externalId = sql`
    CASE
      WHEN t.overtaken THEN (SELECT external_id FROM known)
      ELSE (
        SELECT l.external_id
        FROM external_ids l
        WHERE l.tenant = ${tenant} AND l.resource_id = t.id AND l.integration_id = ${integrationId}
      )
    END
  `;
  const [row] = await queries.all<ResourceRow & { users: readonly string[] }>(
    sql`
      WITH locked AS MATERIALIZED (${locked}),
        target AS MATERIALIZED (${target}),
        people AS MATERIALIZED (${people}),
        added AS (${added}),
        removed AS (${removed}),
        changed AS (${changed}),
        ${links}
      SELECT t.id, t.attributes, COALESCE(c.version, t.version) AS version, t.created,
        COALESCE(c.last_modified, t.last_modified) AS "lastModified", ${externalId} AS "externalId",
        ARRAY(SELECT id FROM people) AS users
      FROM target t
      LEFT JOIN changed c ON TRUE
    `,
  );
  if (row === undefined) return undefined;
  const { users, ...record } = row;
  const known = new Set(users);
  return { group: recordOf(record), unknownMembers: add.filter((each) => !known.has(each)) };
}

/**
 * Locks the group and all that hold it, as one of those who change the tenant's nesting. Throws
 * notFound.
 */
export async function lockGroup(
  queries: Queries,
  table: ResourceTable,
  scope: Scope,
  id: string,
): Promise<StoredResource> {
  await lockTenantNesting(queries, scope.tenant);
  return lockWithHolders(queries, table, scope, id);
}

/** Removes the group, which is locked. */
export async function deleteGroup(
  queries: Queries,
  table: ResourceTable,
  tenant: string,
  id: string,
  at: number,
): Promise<void> {
  await queries.run(
    sql`
      WITH resource AS (DELETE FROM groups WHERE tenant = ${tenant} AND id = ${id} RETURNING id),
        ${table.forgotten(tenant)},
        members AS (DELETE FROM group_members WHERE tenant = ${tenant} AND group_id = ${id}),
        ${leftGroups(tenant, id, at)}
      SELECT 1
    `,
  );
}
