/** Rows of group_members on SQLite, changed one by one. */
import { type SQL, sql } from 'drizzle-orm';
import { invalidValue } from '../../scim/error.ts';
import { type MemberChange, refuseUnknown } from '../../scim/members.ts';
import { conditionCompiler } from '../sql/conditions.ts';
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

/** Applies one change. Returns how many rows changed and which ids the tenant doesn't have. */
export function changeMembers(
  write: SqliteConnection,
  tenant: string,
  groupId: string,
  change: MemberChange,
): { changed: number; unknown: readonly string[] } {
  const ofGroup = sql`${m.tenant} = ${tenant} AND ${m.groupId} = ${groupId}`;
  switch (change.kind) {
    case 'add':
      return addMembers(write, tenant, groupId, change.values);
    case 'remove': {
      const changed = write.run(
        sql`
          DELETE FROM ${m.table}
          WHERE ${ofGroup} AND ${m.memberId} IN (SELECT i.value FROM ${list(change.values)})
        `,
      );
      return { changed, unknown: [] };
    }
    case 'removeWhere': {
      const relation = membersOf(sqliteDialect.tables, tenant, sql`${groupId}`);
      const condition = conditionCompiler(sqliteDialect)(
        change.where,
        rowHolder(relation, sqliteDialect),
      );
      const changed = write.run(
        sql`
          DELETE FROM ${m.table}
          WHERE ${ofGroup}
            AND ${m.memberId} IN (SELECT m.value FROM ${relation.rows} m WHERE ${condition})
        `,
      );
      return { changed, unknown: [] };
    }
    case 'replace': {
      const removed = write.run(
        sql`
          DELETE FROM ${m.table}
          WHERE ${ofGroup} AND ${m.memberId} NOT IN (SELECT i.value FROM ${list(change.values)})
        `,
      );
      const { changed, unknown } = addMembers(write, tenant, groupId, change.values);
      if (removed > 0) refuseUnknown(change.values, unknown);
      return { changed: removed + changed, unknown };
    }
  }
}

function addMembers(
  write: SqliteConnection,
  tenant: string,
  groupId: string,
  ids: readonly string[],
): { changed: number; unknown: readonly string[] } {
  if (ids.length === 0) return { changed: 0, unknown: [] };
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
  const added = found.filter(({ type }) => type !== null);
  refuseCycle(
    write,
    tenant,
    groupId,
    added.filter(({ type }) => type === 'Group').map(({ id }) => id),
  );
  const rows = JSON.stringify(added.map(({ id, type }) => [id, type]));
  const changed = write.run(
    sql`
      INSERT INTO ${m.table} (${INSERTED})
      SELECT ${tenant}, ${groupId}, value ->> 0, value ->> 1
      FROM json_each(${rows})
      WHERE true
      ON CONFLICT DO NOTHING
    `,
  );
  return { changed, unknown };
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

/** Removes a deleted resource from all groups, which changes them. */
export function leaveAllGroups(
  write: SqliteConnection,
  tenant: string,
  memberId: string,
  at: number,
): void {
  const ofMember = sql`${m.tenant} = ${tenant} AND ${m.memberId} = ${memberId}`;
  write.run(
    sql`
      UPDATE ${g.table}
      SET ${g.version} = ${g.version} + 1, ${g.lastModified} = max(${g.lastModified}, ${at})
      WHERE ${g.tenant} = ${tenant}
        AND ${g.id} IN (SELECT ${m.groupId} FROM ${m.table} WHERE ${ofMember})
    `,
  );
  write.run(sql`DELETE FROM ${m.table} WHERE ${ofMember}`);
}
