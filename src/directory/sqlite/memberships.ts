/** Rows of group_members on SQLite, changed one by one. */
import { type SQL, sql } from 'drizzle-orm';
import { invalidValue } from '../../scim/error.ts';
import { type MemberChange, refuseUnknown } from '../../scim/members.ts';
import { conditionCompiler } from '../sql/conditions.ts';
import type { Ids } from '../sql/log/change.ts';
import { columns, named, type Row } from '../sql/names.ts';
import { membersOf } from '../sql/relations.ts';
import { rowHolder } from '../sql/resource-conditions.ts';
import type { SqliteConnection } from './connections.ts';
import { sqliteDialect } from './dialect.ts';
import { access, groupMembers, groups } from './schema.ts';

const m = named(groupMembers);
const g = named(groups);

const INSERTED = columns(m, 'tenant', 'groupId', 'memberId', 'memberType');

const list = (ids: readonly string[]): SQL => sqliteDialect.values(ids, 'i');

/** The ids that joined and left, and those that the tenant doesn't have. */
interface MembersChanged extends Ids {
  readonly unknown: readonly string[];
}

/** Applies one change. */
export function changeMembers(
  write: SqliteConnection,
  tenant: string,
  groupId: string,
  change: MemberChange,
): MembersChanged {
  const ofGroup = sql`${m.tenant} = ${tenant} AND ${m.groupId} = ${groupId}`;
  switch (change.kind) {
    case 'add':
      return addMembers(write, tenant, groupId, change.values);
    case 'remove': {
      const which = sql`${m.memberId} IN (SELECT i.value FROM ${list(change.values)})`;
      return {
        added: [],
        removed: removeMembers(write, sql`${ofGroup} AND ${which}`),
        unknown: [],
      };
    }
    case 'removeWhere': {
      const relation = membersOf(sqliteDialect.tables, tenant, sql`${groupId}`);
      const condition = conditionCompiler(sqliteDialect)(
        change.where,
        rowHolder(relation, sqliteDialect),
      );
      const which = sql`
        ${m.memberId} IN (SELECT m.value FROM ${relation.rows} m WHERE ${condition})
      `;
      return {
        added: [],
        removed: removeMembers(write, sql`${ofGroup} AND ${which}`),
        unknown: [],
      };
    }
    case 'replace': {
      const which = sql`${m.memberId} NOT IN (SELECT i.value FROM ${list(change.values)})`;
      const removed = removeMembers(write, sql`${ofGroup} AND ${which}`);
      const { added, unknown } = addMembers(write, tenant, groupId, change.values);
      if (removed.length > 0) refuseUnknown(change.values, unknown);
      return { added, removed, unknown };
    }
  }
}

function removeMembers(write: SqliteConnection, which: SQL): readonly string[] {
  const rows = write.all<{ id: string }>(
    sql`DELETE FROM ${m.table} WHERE ${which} RETURNING ${m.memberId} AS id`,
  );
  return rows.map(({ id }) => id);
}

function addMembers(
  write: SqliteConnection,
  tenant: string,
  groupId: string,
  ids: readonly string[],
): MembersChanged {
  if (ids.length === 0) return { added: [], removed: [], unknown: [] };
  const a = named(access, 'a');
  const nested = named(groups, 'g');
  const found = write.all<{ id: string; type: Row<'groupMembers'>['memberType'] | null }>(
    sql`
      SELECT i.value AS id,
        CASE
          WHEN EXISTS (
            SELECT 1 FROM ${a.table} WHERE ${a.tenant} = ${tenant} AND ${a.id} = i.value
          ) THEN 'User'
          WHEN EXISTS (
            SELECT 1 FROM ${nested.table} WHERE ${nested.tenant} = ${tenant} AND ${nested.id} = i.value
          ) THEN 'Group'
        END AS type
      FROM ${list(ids)}
    `,
  );
  const unknown = found.filter(({ type }) => type === null).map(({ id }) => id);
  const known = found.filter(({ type }) => type !== null);
  refuseCycle(
    write,
    tenant,
    groupId,
    known.filter(({ type }) => type === 'Group').map(({ id }) => id),
  );
  const rows = JSON.stringify(known.map(({ id, type }) => [id, type]));
  const added = write.all<{ id: string }>(
    sql`
      INSERT INTO ${m.table} (${INSERTED})
      SELECT ${tenant}, ${groupId}, value ->> 0, value ->> 1
      FROM json_each(${rows})
      WHERE true
      ON CONFLICT DO NOTHING
      RETURNING ${m.memberId} AS id
    `,
  );
  return { added: added.map(({ id }) => id), removed: [], unknown };
}

/** A new member must not be the group itself or hold it, at any depth. */
function refuseCycle(
  write: SqliteConnection,
  tenant: string,
  groupId: string,
  groups: readonly string[],
): void {
  if (groups.length === 0) return;
  const held = named(groupMembers, 'g');
  const [found] = write.all<Pick<Row<'groups'>, 'id'>>(
    sql`
      WITH RECURSIVE up(id) AS (
        SELECT ${groupId}
        UNION
        SELECT ${held.groupId}
        FROM up
        CROSS JOIN ${held.table}
        WHERE ${held.tenant} = ${tenant} AND ${held.memberId} = up.id
      )
      SELECT id
      FROM up
      WHERE id IN (SELECT i.value FROM ${list(groups)})
      LIMIT 1
    `,
  );
  if (found !== undefined) {
    throw invalidValue(`group ${found.id} can't be a member: the group would contain itself`);
  }
}

/** Removes a deleted resource from all groups, which changes them. Returns their ids. */
export function leaveAllGroups(
  write: SqliteConnection,
  tenant: string,
  memberId: string,
  at: number,
): readonly string[] {
  const ofMember = sql`${m.tenant} = ${tenant} AND ${m.memberId} = ${memberId}`;
  write.run(
    sql`
      UPDATE ${g.table}
      SET ${g.version} = ${g.version} + 1, ${g.lastModified} = max(${g.lastModified}, ${at})
      WHERE ${g.tenant} = ${tenant}
        AND ${g.id} IN (SELECT ${m.groupId} FROM ${m.table} WHERE ${ofMember})
    `,
  );
  const left = write.all<Pick<Row<'groupMembers'>, 'groupId'>>(
    sql`DELETE FROM ${m.table} WHERE ${ofMember} RETURNING ${m.groupId} AS "groupId"`,
  );
  return left.map(({ groupId }) => groupId);
}
