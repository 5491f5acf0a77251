/**
 * What is read along with a page of resources, in one statement: the groups of its users, or the
 * members of its groups.
 */
import { type SQL, sql } from 'drizzle-orm';
import type {
  GroupMembership,
  GroupRecord,
  Member,
  StoredResource,
  UserRecord,
} from '../store/resources.ts';
import type { SearchDialect } from './conditions.ts';

/** A statement, and what its rows say of each resource. */
export interface Related<Row, R> {
  select(dialect: SearchDialect, tenant: string, ids: readonly string[]): SQL;
  attach(records: readonly StoredResource[], rows: readonly Row[]): R[];
}

/** Selects the ids that users of the tenant have. */
export function knownUsers(dialect: SearchDialect, tenant: string, ids: readonly string[]): SQL {
  const user = dialect.lookUp('access', 'a', sql`a.tenant = ${tenant} AND a.id = i.value`);
  return sql`SELECT a.id FROM ${dialect.values(ids, 'i')} ${user}`;
}

interface MembershipRow {
  readonly userId: string;
  readonly groupId: string;
  readonly displayName: string;
  readonly direct: number;
}

/** Direct and indirect groups. */
export const GROUPS_OF_USERS: Related<MembershipRow, UserRecord> = {
  select: (dialect, tenant, ids) => {
    const ofMember = (id: SQL) =>
      dialect.lookUp('group_members', 'g', sql`g.tenant = ${tenant} AND g.member_id = ${id}`);
    const group = dialect.lookUp('groups', 'g', sql`g.tenant = ${tenant} AND g.id = up.id`);
    return sql`
      WITH RECURSIVE up(user_id, id, direct) AS (
        SELECT g.member_id, g.group_id, 1
        FROM ${dialect.values(ids, 'i')} ${ofMember(sql`i.value`)}
        UNION
        SELECT up.user_id, g.group_id, 0
        FROM up ${ofMember(sql`up.id`)}
      )
      SELECT up.user_id AS "userId", g.id AS "groupId",
        g.attributes ->> 'displayName' AS "displayName", max(up.direct) AS direct
      FROM up ${group}
      GROUP BY up.user_id, g.id, g.attributes ->> 'displayName'
      ORDER BY up.user_id, g.id
    `;
  },
  attach: (records, rows) => {
    const groups = collect(rows, ({ userId, groupId, displayName, direct }) => [
      userId,
      { groupId, displayName, type: direct === 1 ? 'direct' : 'indirect' } as GroupMembership,
    ]);
    return records.map((record) => ({ ...record, groups: groups.get(record.id) ?? [] }));
  },
};

interface MemberRow {
  readonly groupId: string;
  readonly value: string;
  readonly type: Member['type'];
}

export const MEMBERS_OF_GROUPS: Related<MemberRow, GroupRecord> = {
  select: (dialect, tenant, ids) => {
    const ofGroup = sql`g.tenant = ${tenant} AND g.group_id = i.value`;
    return sql`
      SELECT g.group_id AS "groupId", g.member_id AS value, g.member_type AS type
      FROM ${dialect.values(ids, 'i')} ${dialect.lookUp('group_members', 'g', ofGroup)}
      ORDER BY g.group_id, g.member_id
    `;
  },
  attach: (records, rows) => {
    const members = collect(rows, ({ groupId, value, type }) => [groupId, { value, type }]);
    return records.map((record) => ({ ...record, members: members.get(record.id) ?? [] }));
  },
};

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
