/**
 * Rows of group_members on PostgreSQL. The group's row is locked first and its users' rows second,
 * so that no change is lost or ends in a deadlock. For groups as members, a lock of the tenant is
 * taken instead of locks of their rows: PostgreSQL itself runs into deadlocks over a row that some
 * transactions lock fully and others only against deletion.
 */
import { setImmediate } from 'node:timers/promises';
import { type SQL, sql } from 'drizzle-orm';
import { invalidValue } from '../../scim/error.ts';
import { inSlices, MEMBERS_AT_ONCE } from '../../scim/member-lists.ts';
import { type MemberChange, refuseUnknown } from '../../scim/members.ts';
import { conditionCompiler } from '../sql/conditions.ts';
import type { Ids } from '../sql/log/change.ts';
import { columns, named, type Row } from '../sql/names.ts';
import { membersOf } from '../sql/relations.ts';
import { rowHolder } from '../sql/resource-conditions.ts';
import type { Scope, StoredResource } from '../store/resources.ts';
import type { Queries } from './connection/connections.ts';
import { array, postgresDialect } from './dialect.ts';
import { OvertakenError } from './errors.ts';
import type { ResourceTable } from './resource-table.ts';
import { access, counters, groupMembers, groups } from './schema.ts';

const m = named(groupMembers);
const g = named(groups);
const a = named(access);
const c = named(counters);
const INSERTED = columns(m, 'tenant', 'groupId', 'memberId', 'memberType');
/** A counter that counts nothing, whose row is locked. */
const NESTING = 'nesting';

/** The ids that joined and left, and those that the tenant doesn't have. */
export interface MembersChanged extends Ids {
  readonly unknown: readonly string[];
}

/**
 * Applies one change to a group whose row is locked. Groups become members only if the tenant's
 * nesting is locked.
 */
export async function changeMembers(
  queries: Queries,
  tenant: string,
  groupId: string,
  change: MemberChange,
  nestingIsLocked: boolean,
): Promise<MembersChanged> {
  const ofGroup = sql`${m.tenant} = ${tenant} AND ${m.groupId} = ${groupId}`;
  switch (change.kind) {
    case 'add':
      return addMembers(queries, tenant, groupId, change.values, nestingIsLocked);
    case 'remove': {
      const removed = await removeByIds(queries, ofGroup, change.values);
      return { added: [], removed, unknown: [] };
    }
    case 'removeWhere': {
      const relation = membersOf(postgresDialect.tables, tenant, sql`${groupId}`);
      const condition = conditionCompiler(postgresDialect)(
        change.where,
        rowHolder(relation, postgresDialect),
      );
      const which = sql`
        ${m.memberId} IN (SELECT m.value FROM ${relation.rows} m WHERE ${condition})
      `;
      const removed = await removeMembers(queries, sql`${ofGroup} AND ${which}`);
      return { added: [], removed, unknown: [] };
    }
    case 'replace': {
      const { joining, leaving } = await difference(queries, ofGroup, change.values);
      const { added, unknown } = await addMembers(
        queries,
        tenant,
        groupId,
        joining,
        nestingIsLocked,
      );
      if (leaving.length > 0) refuseUnknown(change.values, unknown);
      const removed = await removeByIds(queries, ofGroup, leaving);
      return { added, removed, unknown };
    }
  }
}

/** Compares the wanted members with those of the group, which is locked, a slice at a time. */
async function difference(
  queries: Queries,
  ofGroup: SQL,
  wanted: readonly string[],
): Promise<{ readonly joining: readonly string[]; readonly leaving: readonly string[] }> {
  const joining = new Set<string>();
  for (const slice of inSlices(wanted)) {
    for (const id of slice) joining.add(id);
    if (slice !== wanted) await setImmediate();
  }
  const leaving: string[] = [];
  let after = '';
  for (;;) {
    const rows = await queries.all<{ id: string }>(
      sql`
        SELECT ${m.memberId} AS id
        FROM ${m.table}
        WHERE ${ofGroup} AND ${m.memberId} > ${after}
        ORDER BY ${m.memberId}
        LIMIT ${MEMBERS_AT_ONCE}
      `,
    );
    for (const { id } of rows) if (!joining.delete(id)) leaving.push(id);
    const last = rows.at(-1);
    if (last === undefined || rows.length < MEMBERS_AT_ONCE) break;
    after = last.id;
  }
  return { joining: [...joining], leaving };
}

async function removeByIds(
  queries: Queries,
  ofGroup: SQL,
  ids: readonly string[],
): Promise<readonly string[]> {
  const removed: string[] = [];
  for (const slice of inSlices(ids)) {
    const which = sql`${ofGroup} AND ${m.memberId} = ANY(${array(slice)})`;
    removed.push(...(await removeMembers(queries, which)));
  }
  return removed;
}

async function removeMembers(queries: Queries, which: SQL): Promise<readonly string[]> {
  const rows = await queries.all<{ id: string }>(
    sql`DELETE FROM ${m.table} WHERE ${which} RETURNING ${m.memberId} AS id`,
  );
  return rows.map(({ id }) => id);
}

async function addMembers(
  queries: Queries,
  tenant: string,
  groupId: string,
  ids: readonly string[],
  nestingIsLocked: boolean,
): Promise<MembersChanged> {
  const [added, unknown]: [string[], string[]] = [[], []];
  for (const slice of inSlices(ids)) {
    const joined = await addSlice(queries, tenant, groupId, slice, nestingIsLocked);
    added.push(...joined.added);
    unknown.push(...joined.unknown);
  }
  return { added, removed: [], unknown };
}

async function addSlice(
  queries: Queries,
  tenant: string,
  groupId: string,
  ids: readonly string[],
  nestingIsLocked: boolean,
): Promise<MembersChanged> {
  // Locked, so that none of them is deleted before it is a member.
  const users = await queries.all<Pick<Row<'access'>, 'id'>>(
    sql`
      SELECT ${a.id}
      FROM ${a.table}
      WHERE ${a.tenant} = ${tenant} AND ${a.id} = ANY(${array(ids)})
      ORDER BY ${a.id}
      FOR KEY SHARE
    `,
  );
  const nestable =
    users.length === ids.length || !nestingIsLocked
      ? []
      : await queries.all<Pick<Row<'groups'>, 'id'>>(
          sql`
            SELECT ${g.id}
            FROM ${g.table}
            WHERE ${g.tenant} = ${tenant} AND ${g.id} = ANY(${array(ids)})
          `,
        );
  const groupIds = nestable.map(({ id }) => id);
  await refuseCycle(queries, tenant, groupId, groupIds);
  const insert = (type: Row<'groupMembers'>['memberType'], found: readonly string[]) =>
    queries.all<{ id: string }>(
      sql`
        INSERT INTO ${m.table} (${INSERTED})
        SELECT ${tenant}, ${groupId}, i.value, ${type}
        FROM ${postgresDialect.values(found, 'i')}
        ON CONFLICT DO NOTHING
        RETURNING ${m.memberId} AS id
      `,
    );
  const userIds = users.map(({ id }) => id);
  const joined = await insert('User', userIds);
  const nested = groupIds.length === 0 ? [] : await insert('Group', groupIds);
  const added = [...joined, ...nested].map(({ id }) => id);
  const known = new Set([...userIds, ...groupIds]);
  return { added, removed: [], unknown: ids.filter((id) => !known.has(id)) };
}

/**
 * Locks the tenant's nesting if any of the ids is a group, and returns whether it is. Without the
 * lock, two such changes could close a cycle that neither of them sees, and a member could be
 * deleted meanwhile. Call it before any row is locked.
 */
export async function lockNesting(
  queries: Queries,
  tenant: string,
  ids: readonly string[],
): Promise<boolean> {
  for (const slice of inSlices(ids)) {
    const nested = await queries.all(
      sql`
        SELECT 1
        FROM ${g.table}
        WHERE ${g.tenant} = ${tenant} AND ${g.id} = ANY(${array(slice)})
        LIMIT 1
      `,
    );
    if (nested.length === 0) continue;
    await lockTenantNesting(queries, tenant);
    return true;
  }
  return false;
}

/** The ids that the changes add. */
export function addedBy(changes: readonly MemberChange[]): string[] {
  return changes.flatMap((change) =>
    change.kind === 'add' || change.kind === 'replace' ? change.values : [],
  );
}

/**
 * Locks the groups that hold the member, in the order of their ids like every transaction that
 * locks several groups (including the member, if it is a group), and then the member. To prevent a
 * deadlock, it doesn't wait for a group that came to hold the member meanwhile, but throws
 * OvertakenError. Returns the member's current record. Throws notFound.
 */
export async function lockWithHolders(
  queries: Queries,
  table: ResourceTable,
  scope: Scope,
  memberId: string,
): Promise<StoredResource> {
  const { tenant } = scope;
  const holders = sql`
    SELECT ${m.groupId} FROM ${m.table} WHERE ${m.tenant} = ${tenant} AND ${m.memberId} = ${memberId}
  `;
  const locked = await queries.all<Pick<Row<'groups'>, 'id'>>(
    sql`
      SELECT ${g.id}
      FROM ${g.table}
      WHERE ${g.tenant} = ${tenant}
        AND ${g.id} = ANY(ARRAY(${holders} UNION ALL SELECT ${memberId}))
      ORDER BY ${g.id}
      FOR NO KEY UPDATE
    `,
  );
  await table.lock(queries, tenant, memberId, sql`FOR UPDATE`);
  const ids = locked.map(({ id }) => id);
  const others = await queries.all(sql`${holders} AND ${m.groupId} <> ALL(${array(ids)}) LIMIT 1`);
  if (others.length > 0) throw new OvertakenError();
  return table.require(queries, scope, memberId);
}

/**
 * Until the transaction ends. A row is locked, because an advisory lock holds on one node of a
 * distributed database only.
 */
export async function lockTenantNesting(queries: Queries, tenant: string): Promise<void> {
  const isLock = sql`${c.tenant} = ${tenant} AND ${c.name} = ${NESTING} AND ${c.slot} = 0`;
  for (;;) {
    const locked = await queries.all(
      sql`SELECT 1 FROM ${c.table} WHERE ${isLock} FOR NO KEY UPDATE`,
    );
    if (locked.length > 0) return;
    await queries.run(
      sql`
        INSERT INTO ${c.table} (${columns(c, 'tenant', 'name', 'slot', 'value')})
        VALUES (${tenant}, ${NESTING}, 0, 0)
        ON CONFLICT DO NOTHING
      `,
    );
  }
}

/** A new member must not be the group itself or hold it, at any depth. */
async function refuseCycle(
  queries: Queries,
  tenant: string,
  groupId: string,
  nested: readonly string[],
): Promise<void> {
  if (nested.length === 0) return;
  const held = named(groupMembers, 'g');
  const [found] = await queries.all<Pick<Row<'groups'>, 'id'>>(
    sql`
      WITH RECURSIVE up(id) AS (
        SELECT ${groupId}::text COLLATE "C"
        UNION
        SELECT ${held.groupId}
        FROM up
        CROSS JOIN ${held.table}
        WHERE ${held.tenant} = ${tenant} AND ${held.memberId} = up.id
      )
      SELECT id
      FROM up
      WHERE id = ANY(${array(nested)})
      LIMIT 1
    `,
  );
  if (found !== undefined) {
    throw invalidValue(`group ${found.id} can't be a member: the group would contain itself`);
  }
}

/** Selects the ids of the groups that leftGroups changes. */
export const LEFT = sql`(SELECT holder_id AS id FROM membership) AS g`;

/** Parts of a statement that remove a deleted resource from all groups and change the groups. */
export function leftGroups(tenant: string, memberId: string, at: number): SQL {
  return sql`
    membership AS (
      DELETE FROM ${m.table}
      WHERE ${m.tenant} = ${tenant} AND ${m.memberId} = ${memberId}
      RETURNING ${m.groupId} AS holder_id
    ),
    holder AS (
      UPDATE ${g.table}
      SET ${g.version} = ${g.version} + 1, ${g.lastModified} = greatest(${g.lastModified}, ${at})
      FROM membership
      WHERE ${g.tenant} = ${tenant} AND ${g.id} = membership.holder_id
    )
  `;
}
