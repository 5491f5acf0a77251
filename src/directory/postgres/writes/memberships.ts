/** Changes of a group's members in several statements. The rows are locked before: see locks.ts. */
import { setImmediate } from 'node:timers/promises';
import { type SQL, sql } from 'drizzle-orm';
import { inSlices, MEMBERS_AT_ONCE } from '../../../scim/member-lists.ts';
import { containsItself, type MemberChange, refuseUnknown } from '../../../scim/members.ts';
import { conditionCompiler } from '../../sql/conditions.ts';
import { IdSet } from '../../sql/id-set.ts';
import type { Ids } from '../../sql/log/change.ts';
import { columns, named, type Row } from '../../sql/names.ts';
import { membersOf } from '../../sql/relations.ts';
import { rowHolder } from '../../sql/resource-conditions.ts';
import type { Queries } from '../connection/connections.ts';
import { array, postgresDialect } from '../dialect.ts';
import { access, groupMembers, groups } from '../schema.ts';

const m = named(groupMembers);
const g = named(groups);
const a = named(access);
const INSERTED = columns(m, 'tenant', 'groupId', 'memberId', 'memberType');

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
      const { distinct, joining, leaving } = await difference(queries, ofGroup, change.values);
      const { added, unknown } = await addMembers(
        queries,
        tenant,
        groupId,
        joining,
        nestingIsLocked,
      );
      if (leaving.length > 0) refuseUnknown(distinct, unknown.length);
      const removed = await removeByIds(queries, ofGroup, leaving);
      return { added, removed, unknown };
    }
  }
}

/** Compares the wanted members with those of the group, which is locked, a slice at a time. */
async function difference(queries: Queries, ofGroup: SQL, wanted: readonly string[]) {
  const missing = new IdSet(wanted.length);
  for (const slice of inSlices(wanted)) {
    for (const id of slice) missing.add(id);
    if (slice !== wanted) await setImmediate();
  }
  const distinct = missing.size;
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
    for (const { id } of rows) if (!missing.delete(id)) leaving.push(id);
    const last = rows.at(-1);
    if (last === undefined || rows.length < MEMBERS_AT_ONCE) break;
    after = last.id;
  }
  const joining: string[] = [];
  if (missing.size > 0)
    for (const slice of inSlices(wanted)) {
      joining.push(...missing.deleteAll(slice));
      if (slice !== wanted) await setImmediate();
    }
  return { distinct, joining, leaving };
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
  if (found !== undefined) throw containsItself(found.id);
}
