/**
 * Followed groups as SQL, for both databases: which group is meant, what is in it, and whether
 * anything has changed.
 */
import { type SQL, sql } from 'drizzle-orm';
import type { SearchDialect } from './conditions.ts';

/** The counter of changes of userNames and of `active` in a tenant. */
export const USER_CHANGES = 'user_changes';

/** A value of a tenant: an id, a folded displayName, an externalId. */
export interface Asked {
  readonly tenant: string;
  readonly value: string;
}

/** SearchDialect, and rows of two texts as a FROM item `w(tenant, value)`. */
export interface MembershipDialect extends SearchDialect {
  asked(rows: readonly Asked[]): SQL;
}

export interface FoundRow extends Asked {
  readonly id: string;
  /** 1, or 0 for what only an ended integration says. */
  readonly live: number;
}

export function groupsByName(dialect: MembershipDialect, asked: readonly Asked[]): SQL {
  const group = sql`g.tenant = w.tenant AND g.display_name_key = w.value`;
  return sql`
    SELECT w.tenant, w.value, g.id, 1 AS live
    FROM ${dialect.asked(asked)} ${dialect.lookUp('groups', 'g', group)}
    ORDER BY g.id
  `;
}

export function groupsByExternalId(dialect: MembershipDialect, asked: readonly Asked[]): SQL {
  const link = sql`x.tenant = w.tenant AND x.external_id = w.value AND x.resource_type = 'Group'`;
  const living = sql`i.id = x.integration_id AND i.tenant = x.tenant AND i.ended_at IS NULL`;
  return sql`
    SELECT w.tenant, w.value, x.resource_id AS id,
      max(CASE WHEN i.id IS NULL THEN 0 ELSE 1 END) AS live
    FROM ${dialect.asked(asked)} ${dialect.lookUp('external_ids', 'x', link)}
    LEFT JOIN integrations i ON ${living}
    GROUP BY w.tenant, w.value, x.resource_id
    ORDER BY x.resource_id
  `;
}

export interface VersionRow {
  readonly tenant: string;
  readonly id: string;
  readonly version: number;
}

export function groupVersions(dialect: MembershipDialect, asked: readonly Asked[]): SQL {
  const group = sql`g.tenant = w.tenant AND g.id = w.value`;
  return sql`
    SELECT w.tenant, g.id, g.version
    FROM ${dialect.asked(asked)} ${dialect.lookUp('groups', 'g', group)}
  `;
}

export interface UserChangesRow {
  readonly tenant: string;
  readonly changes: number;
}

export function userChanges(dialect: MembershipDialect, tenants: readonly string[]): SQL {
  const counter = sql`c.tenant = i.value AND c.name = ${USER_CHANGES}`;
  return sql`
    SELECT i.value AS tenant, CAST(sum(c.value) AS BIGINT) AS changes
    FROM ${dialect.values(tenants, 'i')} ${dialect.lookUp('counters', 'c', counter)}
    GROUP BY i.value
  `;
}

export interface GroupBelowRow {
  readonly id: string;
  readonly version: number;
  readonly displayName: string;
}

/** The group and those in it, at any depth. */
export function groupsBelow(dialect: MembershipDialect, { tenant, value }: Asked, limit: number) {
  const group = sql`g.tenant = ${tenant} AND g.id = down.id`;
  return sql`
    ${down(dialect, tenant, value)}
    SELECT g.id, g.version, g.attributes ->> 'displayName' AS "displayName"
    FROM down ${dialect.lookUp('groups', 'g', group)}
    LIMIT ${limit}
  `;
}

/**
 * Selects the `total` of memberships of users in the group and in those below, counted up to the
 * limit.
 */
export function countUsersBelow(
  dialect: MembershipDialect,
  { tenant, value }: Asked,
  limit: number,
): SQL {
  return sql`
    ${down(dialect, tenant, value)}
    SELECT count(*) AS total
    FROM (SELECT g.member_id FROM down ${usersOf(dialect, tenant)} LIMIT ${limit}) AS m
  `;
}

export interface UserBelowRow {
  readonly id: string;
  readonly userName: string;
  /** 1 as SQLite says it, true as PostgreSQL does; absent is inactive. */
  readonly active: string | null;
}

/** The next users behind the id, in order. */
export function usersBelow(
  dialect: MembershipDialect,
  { tenant, value }: Asked,
  after: string,
  limit: number,
): SQL {
  const user = sql`a.tenant = ${tenant} AND a.id = m.id`;
  const ids = sql`
    SELECT DISTINCT g.member_id AS id
    FROM down ${usersOf(dialect, tenant)}
    WHERE g.member_id > ${after}
    ORDER BY 1
    LIMIT ${limit}
  `;
  return sql`
    ${down(dialect, tenant, value)}
    SELECT a.id, a.attributes ->> 'userName' AS "userName",
      CAST(a.attributes ->> 'active' AS TEXT) AS active
    FROM (${ids}) AS m ${dialect.lookUp('access', 'a', user)}
    ORDER BY a.id
  `;
}

/** A group that isn't there has nobody in it. */
function down(dialect: MembershipDialect, tenant: string, groupId: string): SQL {
  const nested = sql`g.tenant = ${tenant} AND g.group_id = down.id AND g.member_type = 'Group'`;
  return sql`
    WITH RECURSIVE down(id) AS (
      SELECT r.id
      FROM groups r
      WHERE r.tenant = ${tenant} AND r.id = ${groupId}
      UNION
      SELECT g.member_id
      FROM down ${dialect.lookUp('group_members', 'g', nested)}
    )
  `;
}

function usersOf(dialect: MembershipDialect, tenant: string): SQL {
  const user = sql`g.tenant = ${tenant} AND g.group_id = down.id AND g.member_type = 'User'`;
  return dialect.lookUp('group_members', 'g', user);
}
