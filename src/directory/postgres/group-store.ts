/** Groups on PostgreSQL. */
import { sql } from 'drizzle-orm';
import type { MemberChange } from '../../scim/members.ts';
import type { ResourceTypes } from '../../scim/resource-types.ts';
import { sameValue } from '../../scim/values.ts';
import { columns, named, type Row, selected } from '../sql/names.ts';
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
import { changeUsers, deltaOf } from './change-users.ts';
import type { Connections, Queries } from './connection/connections.ts';
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
import { groupMembers, groups } from './schema.ts';
import type { Statistics } from './statistics.ts';

const g = named(groups);
const m = named(groupMembers);
const INSERTED = columns(
  g,
  'tenant',
  'id',
  'displayNameKey',
  'attributes',
  'version',
  'created',
  'lastModified',
);

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
      INSERT INTO ${g.table} (${INSERTED})
      VALUES (${tenant}, ${id}, ${key}, ${JSON.stringify(profile)}::json, 1, ${at}, ${at})
      RETURNING ${g.id}
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
      UPDATE ${g.table}
      SET ${g.displayNameKey} = ${key}, ${g.attributes} = ${JSON.stringify(profile)}::json,
        ${g.version} = ${g.version} + 1, ${g.lastModified} = greatest(${g.lastModified}, ${at})
      WHERE ${g.tenant} = ${tenant} AND ${g.id} = ${id}
      RETURNING ${g.id}, ${g.version}, ${g.lastModified}
    `;
    const [row] = await refuseTaken(
      'Group',
      queries.all<Pick<Row<'groups'>, 'version' | 'lastModified'>>(
        sql`
          WITH resource AS (${updated}), ${table.written(scope, profile, externalId)}
          SELECT ${selected(g, 'version', 'lastModified')}
          FROM resource
        `,
      ),
    );
    return { group: { ...current, attributes, ...row }, unknownMembers };
  };

  return {
    create: (scope, group) => {
      statistics.note(group.members.length);
      return connections.writing(group.id, () =>
        connections.transaction((queries) => create(queries, scope, group)),
      );
    },
    ...readsOf(connections, table, MEMBERS_OF_GROUPS),
    change: (scope, id, decide, changes, at) => {
      statistics.note(sizeOf(changes));
      const delta = decide === undefined ? deltaOf(changes) : undefined;
      return connections.writing(id, async () => {
        const done = delta && (await changeUsers(connections, scope, id, delta, at));
        return (
          done ??
          connections.transaction((queries) => change(queries, scope, id, decide, changes, at))
        );
      });
    },
    delete: (scope, id, check, at) =>
      connections.writing(id, () =>
        connections.transaction(async (queries) => {
          check(await lockGroup(queries, table, scope, id));
          await deleteGroup(queries, table, scope.tenant, id, at);
        }),
      ),
  };
}

function sizeOf(changes: readonly MemberChange[]): number {
  return changes.reduce((sum, change) => sum + ('values' in change ? change.values.length : 0), 0);
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

/** Deletes the group, which is locked. */
export async function deleteGroup(
  queries: Queries,
  table: ResourceTable,
  tenant: string,
  id: string,
  at: number,
): Promise<void> {
  await queries.run(
    sql`
      WITH resource AS (${table.deleted(tenant, id)}),
        ${table.forgotten(tenant)},
        members AS (
          DELETE FROM ${m.table} WHERE ${m.tenant} = ${tenant} AND ${m.groupId} = ${id}
        ),
        ${leftGroups(tenant, id, at)}
      SELECT 1
    `,
  );
}
