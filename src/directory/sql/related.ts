/**
 * Rows that are read together with a page of resources, in one statement: the groups of its users,
 * or the members of its groups.
 */
import { type SQL, sql } from 'drizzle-orm';
import type {
  GroupMembership,
  GroupRecord,
  Member,
  StoredResource,
  UserRecord,
} from '../store/resources.ts';
import type { Expression, SearchDialect } from './conditions.ts';
import { named, type Row } from './names.ts';
import type { SearchContext } from './resource-key.ts';
import type { Given } from './template.ts';

/** What a statement takes the resources from. */
export interface RelatedInput {
  readonly tenant: string;
  readonly ids: readonly string[];
}

/** A statement, and how its rows are attached to the resources. */
export interface Related<Found, R> {
  select(dialect: SearchDialect, input: Given<RelatedInput>): SQL<Found>;
  attach(records: readonly StoredResource[], rows: readonly Found[]): R[];
}

/**
 * In how many groups a user is. Most are in none, and need no other statement. Counting keeps
 * PostgreSQL from reading all memberships to find one. A group's members are always read.
 */
export function memberships({ dialect, scope, name, r }: SearchContext): SQL {
  if (name === 'Group') return sql`1`;
  const m = named(dialect.tables.groupMembers, 'm');
  return sql`
    (SELECT count(*) FROM ${m.table} WHERE ${m.tenant} = ${scope.tenant} AND ${m.memberId} = ${r.id})
  `;
}

/** Selects the ids that users of the tenant have. */
export function knownUsers(
  dialect: SearchDialect,
  { tenant, ids }: Given<RelatedInput>,
): SQL<Pick<Row<'access'>, 'id'>> {
  const a = named(dialect.tables.access, 'a');
  const user = dialect.lookUp(a, sql`${a.tenant} = ${tenant} AND ${a.id} = i.value`);
  return sql`SELECT ${a.id} FROM ${dialect.values(ids, 'i')} ${user}`;
}

/** A user in a group, or the name of a group. */
type MembershipRow = Pick<Row<'groupMembers'>, 'groupId'> &
  (
    | { readonly userId: string; readonly direct: number }
    | { readonly userId: null; readonly displayName: string }
  );

/**
 * Direct and indirect groups. The name of a group is read once and not for each of its users, and
 * is not joined: the planner would choose the join by how many groups it believes there are.
 */
export const GROUPS_OF_USERS: Related<MembershipRow, UserRecord> = {
  select: (dialect, { tenant, ids }) => {
    const held = named(dialect.tables.groupMembers, 'g');
    const g = named(dialect.tables.groups, 'g');
    const ofMember = (id: Expression) =>
      dialect.lookUp(held, sql`${held.tenant} = ${tenant} AND ${held.memberId} = ${id}`);
    return sql`
      WITH RECURSIVE up(user_id, id, direct) AS (
        SELECT ${held.memberId}, ${held.groupId}, 1
        FROM ${dialect.values(ids, 'i')} ${ofMember(sql`i.value`)}
        UNION
        SELECT up.user_id, ${held.groupId}, 0
        FROM up ${ofMember(sql`up.id`)}
      )
      SELECT up.user_id AS "userId", up.id AS "groupId", NULL AS "displayName",
        max(up.direct) AS direct
      FROM up
      GROUP BY up.user_id, up.id
      UNION ALL
      SELECT NULL, ${g.id}, ${g.attributes} ->> 'displayName', 0
      FROM ${g.table}
      WHERE ${g.tenant} = ${tenant} AND ${dialect.among(g.id, sql`SELECT up.id FROM up`)}
      ORDER BY 1, 2
    `;
  },
  attach: (records, rows) => {
    const names = new Map(
      rows.flatMap((row) => (row.userId === null ? [[row.groupId, row.displayName]] : [])),
    );
    const groups = new Map<string, GroupMembership[]>(records.map(({ id }) => [id, []]));
    for (const row of rows) {
      const displayName = names.get(row.groupId);
      if (row.userId === null || displayName === undefined) continue;
      const type = row.direct === 1 ? 'direct' : 'indirect';
      groups.get(row.userId)?.push({ groupId: row.groupId, displayName, type });
    }
    return records.map((record) => ({ ...record, groups: groups.get(record.id) ?? [] }));
  },
};

interface MemberRow extends Member, Pick<Row<'groupMembers'>, 'groupId'> {}

export const MEMBERS_OF_GROUPS: Related<MemberRow, GroupRecord> = {
  select: (dialect, { tenant, ids }) => {
    const g = named(dialect.tables.groupMembers, 'g');
    const ofGroup = sql`${g.tenant} = ${tenant} AND ${g.groupId} = i.value`;
    return sql`
      SELECT ${g.groupId} AS "groupId", ${g.memberId} AS value, ${g.memberType} AS type
      FROM ${dialect.values(ids, 'i')} ${dialect.lookUp(g, ofGroup)}
      ORDER BY ${g.groupId}, ${g.memberId}
    `;
  },
  attach: (records, rows) => {
    const members = collect(rows, ({ groupId, value, type }) => [groupId, { value, type }]);
    return records.map((record) => ({ ...record, members: members.get(record.id) ?? [] }));
  },
};

function collect<Found, T>(
  rows: readonly Found[],
  entryOf: (row: Found) => [key: string, value: T],
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
