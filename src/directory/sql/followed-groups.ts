/**
 * Followed groups as SQL, for both databases: which groups are meant, who is in them, and whether
 * anything has changed.
 */
import { type SQL, type StringChunk, sql } from 'drizzle-orm';
import type { SearchDialect } from './conditions.ts';
import { type UserRow, userColumns } from './named-users.ts';
import { type Names, named, type Row } from './names.ts';

/** The counter of changes of `active`, and of what users are named after, in a tenant. */
export const USER_CHANGES = 'user_changes';

/** A value in a tenant: an id, a folded displayName, or an externalId. */
export interface Asked {
  readonly tenant: string;
  readonly value: string;
}

/** A SearchDialect for statements about several tenants too. */
export interface MembershipDialect extends SearchDialect {
  /** Rows of two texts as a FROM item `w(tenant, value)`. */
  asked(rows: readonly Asked[]): SQL;
  /**
   * Like lookUp, but the condition compares the tenant with that of another table, so that a
   * distributed database joins each shard on its own.
   */
  joined(names: Pick<Names<string>, 'table'>, condition: SQL): SQL;
}

export interface FoundRow extends Asked, Pick<Row<'groups'>, 'id'> {
  /** 1, or 0 if only an ended integration gave the externalId. */
  readonly live: number;
}

export function groupsByName(dialect: MembershipDialect, asked: readonly Asked[]): SQL<FoundRow> {
  const g = named(dialect.tables.groups, 'g');
  const group = sql`
    ${g.tenant} = w.tenant AND ${g.displayNameKey} = w.value ${ofOne(g.tenant, tenantsOf(asked))}
  `;
  return sql`
    SELECT ${g.tenant}, w.value, ${g.id}, 1 AS live
    FROM ${dialect.asked(asked)} ${dialect.joined(g, group)}
    ORDER BY ${g.id}
  `;
}

export function groupsByExternalId(
  dialect: MembershipDialect,
  asked: readonly Asked[],
): SQL<FoundRow> {
  const x = named(dialect.tables.externalIds, 'x');
  const i = named(dialect.tables.integrations, 'i');
  const link = sql`
    ${x.tenant} = w.tenant
      AND ${x.externalId} = w.value
      AND ${x.resourceType} = 'Group'
      ${ofOne(x.tenant, tenantsOf(asked))}
  `;
  const living = sql`
    ${i.id} = ${x.integrationId} AND ${i.tenant} = ${x.tenant} AND ${i.endedAt} IS NULL
  `;
  return sql`
    SELECT ${x.tenant}, w.value, ${x.resourceId} AS id,
      max(CASE WHEN ${i.id} IS NULL THEN 0 ELSE 1 END) AS live
    FROM ${dialect.asked(asked)} ${dialect.joined(x, link)}
    LEFT JOIN ${i.table} ON ${living}
    GROUP BY ${x.tenant}, w.value, ${x.resourceId}
    ORDER BY ${x.resourceId}
  `;
}

export function groupVersions(
  dialect: MembershipDialect,
  asked: readonly Asked[],
): SQL<Pick<Row<'groups'>, 'tenant' | 'id' | 'version'>> {
  const g = named(dialect.tables.groups, 'g');
  const group = sql`${g.tenant} = w.tenant AND ${g.id} = w.value ${ofOne(g.tenant, tenantsOf(asked))}`;
  return sql`
    SELECT ${g.tenant}, ${g.id}, ${g.version}
    FROM ${dialect.asked(asked)} ${dialect.joined(g, group)}
  `;
}

export function userChanges(
  dialect: MembershipDialect,
  tenants: readonly string[],
): SQL<{ readonly tenant: string; readonly changes: number }> {
  const c = named(dialect.tables.counters, 'c');
  const counter = sql`
    ${c.tenant} = i.value AND ${c.name} = ${USER_CHANGES} ${ofOne(c.tenant, tenants)}
  `;
  return sql`
    SELECT ${c.tenant}, CAST(sum(${c.value}) AS BIGINT) AS changes
    FROM ${dialect.values(tenants, 'i')} ${dialect.joined(c, counter)}
    GROUP BY ${c.tenant}
  `;
}

/** Names the tenant if it is the same in all rows, so that the statement concerns one shard. */
function ofOne(column: StringChunk, tenants: readonly string[]): SQL {
  const [first] = tenants;
  const isOne = first !== undefined && tenants.every((tenant) => tenant === first);
  return isOne ? sql`AND ${column} = ${first}` : sql``;
}

const tenantsOf = (asked: readonly Asked[]): string[] => asked.map(({ tenant }) => tenant);

/** Selects the group and the groups in it, at any depth. */
export function groupsBelow(
  dialect: MembershipDialect,
  { tenant, value }: Asked,
  limit: number,
): SQL<Pick<Row<'groups'>, 'id' | 'version'> & { readonly displayName: string }> {
  const g = named(dialect.tables.groups, 'g');
  const group = sql`${g.tenant} = ${tenant} AND ${g.id} = down.id`;
  return sql`
    ${down(dialect, tenant, value)}
    SELECT ${g.id}, ${g.version}, ${g.attributes} ->> 'displayName' AS "displayName"
    FROM down ${dialect.lookUp(g, group)}
    LIMIT ${limit}
  `;
}

/**
 * Selects the `total` of memberships of users in the group and in the groups below it, counted up
 * to the limit.
 */
export function countUsersBelow(
  dialect: MembershipDialect,
  { tenant, value }: Asked,
  limit: number,
): SQL<{ readonly total: number }> {
  const g = named(dialect.tables.groupMembers, 'g');
  return sql`
    ${down(dialect, tenant, value)}
    SELECT count(*) AS total
    FROM (SELECT ${g.memberId} FROM down ${usersOf(dialect, tenant)} LIMIT ${limit}) AS m
  `;
}

/** Selects the next users behind the id, in the order of ids. */
export function usersBelow(
  dialect: MembershipDialect,
  { tenant, value }: Asked,
  after: string,
  limit: number,
): SQL<UserRow> {
  const a = named(dialect.tables.access, 'a');
  const g = named(dialect.tables.groupMembers, 'g');
  const user = sql`${a.tenant} = ${tenant} AND ${a.id} = m.id`;
  const ids = sql`
    SELECT DISTINCT ${g.memberId} AS id
    FROM down ${usersOf(dialect, tenant)}
    WHERE ${g.memberId} > ${after}
    ORDER BY 1
    LIMIT ${limit}
  `;
  return sql`
    ${down(dialect, tenant, value)}
    SELECT ${userColumns(a)}
    FROM (${ids}) AS m ${dialect.lookUp(a, user)}
    ORDER BY ${a.id}
  `;
}

/** `WITH down(id)`: the group and the groups in it; empty if the group doesn't exist. */
function down(dialect: MembershipDialect, tenant: string, groupId: string): SQL {
  const r = named(dialect.tables.groups, 'r');
  const g = named(dialect.tables.groupMembers, 'g');
  const nested = sql`
    ${g.tenant} = ${tenant} AND ${g.groupId} = down.id AND ${g.memberType} = 'Group'
  `;
  return sql`
    WITH RECURSIVE down(id) AS (
      SELECT ${r.id}
      FROM ${r.table}
      WHERE ${r.tenant} = ${tenant} AND ${r.id} = ${groupId}
      UNION
      SELECT ${g.memberId}
      FROM down ${dialect.lookUp(g, nested)}
    )
  `;
}

function usersOf(dialect: MembershipDialect, tenant: string): SQL {
  const g = named(dialect.tables.groupMembers, 'g');
  const user = sql`
    ${g.tenant} = ${tenant} AND ${g.groupId} = down.id AND ${g.memberType} = 'User'
  `;
  return dialect.lookUp(g, user);
}
