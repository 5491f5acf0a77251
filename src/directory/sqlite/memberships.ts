/** Rows of group_members, changed one by one. */
import { type SQL, sql } from 'drizzle-orm';
import { invalidValue } from '../../scim/error.ts';
import { type MemberChange, refuseUnknown } from '../../scim/members.ts';
import { conditionCompiler } from '../sql/conditions.ts';
import { membersOf } from '../sql/relations.ts';
import { rowHolder } from '../sql/resource-conditions.ts';
import type { Member } from '../store/resources.ts';
import type { Connection } from './connection.ts';
import { sqliteDialect } from './dialect.ts';

const list = (ids: readonly string[]): SQL => sqliteDialect.values(ids, 'i');

/** Applies one change; answers how many rows changed and which ids the tenant doesn't have. */
export function changeMembers(
  write: Connection,
  tenant: string,
  groupId: string,
  change: MemberChange,
): { changed: number; unknown: readonly string[] } {
  const ofGroup = sql`tenant = ${tenant} AND group_id = ${groupId}`;
  switch (change.kind) {
    case 'add':
      return addMembers(write, tenant, groupId, change.values);
    case 'remove': {
      const changed = write.run(
        sql`
          DELETE FROM group_members
          WHERE ${ofGroup} AND member_id IN (SELECT i.value FROM ${list(change.values)})
        `,
      );
      return { changed, unknown: [] };
    }
    case 'removeWhere': {
      const relation = membersOf(tenant, sql`${groupId}`);
      const condition = conditionCompiler(sqliteDialect)(
        change.where,
        rowHolder(relation, sqliteDialect),
      );
      const changed = write.run(
        sql`
          DELETE FROM group_members
          WHERE ${ofGroup}
            AND member_id IN (SELECT m.value FROM ${relation.rows} m WHERE ${condition})
        `,
      );
      return { changed, unknown: [] };
    }
    case 'replace': {
      const removed = write.run(
        sql`
          DELETE FROM group_members
          WHERE ${ofGroup} AND member_id NOT IN (SELECT i.value FROM ${list(change.values)})
        `,
      );
      const { changed, unknown } = addMembers(write, tenant, groupId, change.values);
      if (removed > 0) refuseUnknown(change.values, unknown);
      return { changed: removed + changed, unknown };
    }
  }
}

function addMembers(
  write: Connection,
  tenant: string,
  groupId: string,
  ids: readonly string[],
): { changed: number; unknown: readonly string[] } {
  if (ids.length === 0) return { changed: 0, unknown: [] };
  const found = write.all<{ id: string; type: Member['type'] | null }>(
    sql`
      SELECT i.value AS id,
        CASE
          WHEN EXISTS (
            SELECT 1 FROM access a WHERE a.tenant = ${tenant} AND a.id = i.value
          ) THEN 'User'
          WHEN EXISTS (
            SELECT 1 FROM groups g WHERE g.tenant = ${tenant} AND g.id = i.value
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
      INSERT INTO group_members
      SELECT ${tenant}, ${groupId}, value ->> 0, value ->> 1
      FROM json_each(${rows})
      WHERE true
      ON CONFLICT DO NOTHING
    `,
  );
  return { changed, unknown };
}

/** No new member may be the group itself or hold it, at any depth. */
function refuseCycle(
  write: Connection,
  tenant: string,
  groupId: string,
  groups: readonly string[],
): void {
  if (groups.length === 0) return;
  const [found] = write.all<{ id: string }>(
    sql`
      WITH RECURSIVE up(id) AS (
        SELECT ${groupId}
        UNION
        SELECT g.group_id
        FROM up
        CROSS JOIN group_members g
        WHERE g.tenant = ${tenant} AND g.member_id = up.id
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

/** A deleted resource leaves all groups, which changes them. */
export function leaveAllGroups(
  write: Connection,
  tenant: string,
  memberId: string,
  at: number,
): void {
  write.run(
    sql`
      UPDATE groups
      SET version = version + 1, last_modified = max(last_modified, ${at})
      WHERE tenant = ${tenant}
        AND id IN (
          SELECT group_id FROM group_members WHERE tenant = ${tenant} AND member_id = ${memberId}
        )
    `,
  );
  write.run(sql`DELETE FROM group_members WHERE tenant = ${tenant} AND member_id = ${memberId}`);
}
