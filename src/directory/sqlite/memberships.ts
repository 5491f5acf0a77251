/** Rows of group_members: changed one by one, read for a page at once. */
import { type SQL, sql } from 'drizzle-orm';
import { invalidValue } from '../../scim/error.ts';
import type { MemberChange } from '../../scim/members.ts';
import { conditionCompiler } from '../condition-sql.ts';
import { membersOf } from '../relations-sql.ts';
import { rowHolder } from '../resource-conditions.ts';
import type { GroupMembership, Member } from '../store.ts';
import type { Connection } from './connection.ts';
import { sqliteDialect } from './dialect.ts';

const list = (ids: readonly string[]): SQL => sql`json_each(${JSON.stringify(ids)})`;

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
        sql`DELETE FROM group_members WHERE ${ofGroup} AND member_id IN (SELECT value FROM ${list(change.values)})`,
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
        sql`DELETE FROM group_members WHERE ${ofGroup} AND member_id IN (SELECT m.value FROM ${relation.rows} m WHERE ${condition})`,
      );
      return { changed, unknown: [] };
    }
    case 'replace': {
      const removed = write.run(
        sql`DELETE FROM group_members WHERE ${ofGroup} AND member_id NOT IN (SELECT value FROM ${list(change.values)})`,
      );
      const { changed, unknown } = addMembers(write, tenant, groupId, change.values);
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
    sql`SELECT i.value AS id, CASE WHEN EXISTS (SELECT 1 FROM access a WHERE a.tenant = ${tenant} AND a.id = i.value) THEN 'User' WHEN EXISTS (SELECT 1 FROM groups g WHERE g.tenant = ${tenant} AND g.id = i.value) THEN 'Group' END AS type FROM ${list(ids)} i`,
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
    sql`INSERT INTO group_members SELECT ${tenant}, ${groupId}, value ->> 0, value ->> 1 FROM json_each(${rows}) WHERE true ON CONFLICT DO NOTHING`,
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
    sql`WITH RECURSIVE up(id) AS (SELECT ${groupId} UNION SELECT g.group_id FROM up CROSS JOIN group_members g WHERE g.tenant = ${tenant} AND g.member_id = up.id) SELECT id FROM up WHERE id IN (SELECT value FROM ${list(groups)}) LIMIT 1`,
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
    sql`UPDATE groups SET version = version + 1, last_modified = max(last_modified, ${at}) WHERE tenant = ${tenant} AND id IN (SELECT group_id FROM group_members WHERE tenant = ${tenant} AND member_id = ${memberId})`,
  );
  write.run(sql`DELETE FROM group_members WHERE tenant = ${tenant} AND member_id = ${memberId}`);
}

/** The groups of each user, direct and indirect, in one query. */
export function groupsOfUsers(
  read: Connection,
  tenant: string,
  ids: readonly string[],
): ReadonlyMap<string, readonly GroupMembership[]> {
  const rows = read.all<{ userId: string; groupId: string; displayName: string; direct: number }>(
    sql`WITH RECURSIVE up(user_id, id, direct) AS (SELECT g.member_id, g.group_id, 1 FROM ${list(ids)} i CROSS JOIN group_members g WHERE g.tenant = ${tenant} AND g.member_id = i.value UNION SELECT up.user_id, g.group_id, 0 FROM up CROSS JOIN group_members g WHERE g.tenant = ${tenant} AND g.member_id = up.id) SELECT up.user_id AS userId, g.id AS groupId, g.attributes ->> '$.displayName' AS displayName, max(up.direct) AS direct FROM up CROSS JOIN groups g WHERE g.tenant = ${tenant} AND g.id = up.id GROUP BY up.user_id, g.id ORDER BY up.user_id, g.id`,
  );
  return collect(rows, ({ userId, groupId, displayName, direct }) => [
    userId,
    { groupId, displayName, type: direct === 1 ? 'direct' : 'indirect' },
  ]);
}

export function membersOfGroups(
  read: Connection,
  tenant: string,
  ids: readonly string[],
): ReadonlyMap<string, readonly Member[]> {
  const rows = read.all<{ groupId: string; value: string; type: Member['type'] }>(
    sql`SELECT g.group_id AS groupId, g.member_id AS value, g.member_type AS type FROM ${list(ids)} i CROSS JOIN group_members g WHERE g.tenant = ${tenant} AND g.group_id = i.value ORDER BY g.group_id, g.member_id`,
  );
  return collect(rows, ({ groupId, value, type }) => [groupId, { value, type }]);
}

function collect<Row, T>(
  rows: readonly Row[],
  entryOf: (row: Row) => [key: string, value: T],
): ReadonlyMap<string, readonly T[]> {
  const result = new Map<string, T[]>();
  for (const row of rows) {
    const [key, value] = entryOf(row);
    const known = result.get(key);
    if (known === undefined) result.set(key, [value]);
    else known.push(value);
  }
  return result;
}
