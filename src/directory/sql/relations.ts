/** Memberships as SQL: the members of a group, the groups of a user through any depth. */
import { type SQL, sql } from 'drizzle-orm';

/** Rows that are the elements of an attribute of the resource `r`. */
export interface Relation {
  /** A FROM item that depends on `r`. */
  readonly rows: SQL;
  /** The column that a sub-attribute is, in comparable form. */
  column(subAttribute: string): string;
}

const NAMES: Readonly<Record<string, string>> = {
  value: 'value',
  type: 'type',
  display: 'display',
  $ref: 'ref',
};
const column = (subAttribute: string) => NAMES[subAttribute] ?? 'value';

/** Of the group with this id; by default that of `r`. */
export function membersOf(tenant: string, groupId: SQL = sql.raw('r.id')): Relation {
  return {
    rows: sql`
      (
        SELECT g.member_id AS value,
          CASE g.member_type WHEN 'User' THEN 'user' ELSE 'group' END AS type,
          '../' || g.member_type || 's/' || g.member_id AS ref
        FROM group_members g
        WHERE g.tenant = ${tenant} AND g.group_id = ${groupId}
      )
    `,
    column,
  };
}

/** Selects the ids of the groups that have the member. */
export function holdersOfMember(tenant: string, memberId: SQL): SQL {
  return sql`
    SELECT g.group_id FROM group_members g WHERE g.tenant = ${tenant} AND g.member_id = ${memberId}
  `;
}

export function groupsOf(tenant: string): Relation {
  return {
    rows: sql`
      (
        ${groupsAbove(tenant, sql.raw('r.id'))}
        SELECT g.id AS value, g.display_name_key AS display,
          CASE max(up.direct) WHEN 1 THEN 'direct' ELSE 'indirect' END AS type,
          '../Groups/' || g.id AS ref
        FROM up
        CROSS JOIN groups g
        WHERE g.tenant = ${tenant} AND g.id = up.id
        GROUP BY g.id, g.display_name_key
      )
    `,
    column,
  };
}

/**
 * `WITH up(id, direct)`: the groups that hold the member, itself or through groups. CROSS JOIN
 * keeps SQLite from scanning memberships.
 */
function groupsAbove(tenant: string | SQL, memberId: SQL): SQL {
  return sql`
    WITH RECURSIVE up(id, direct) AS (
      SELECT g.group_id, 1
      FROM group_members g
      WHERE g.tenant = ${tenant} AND g.member_id = ${memberId}
      UNION
      SELECT g.group_id, 0
      FROM up
      CROSS JOIN group_members g
      WHERE g.tenant = ${tenant} AND g.member_id = up.id
    )
  `;
}

/** Selects the ids of the users in a group, itself or through groups. */
export function usersBelow(tenant: string, groupId: SQL): SQL {
  return sql`
    SELECT *
    FROM (
      WITH RECURSIVE down(id) AS (
        SELECT ${groupId}
        UNION
        SELECT g.member_id
        FROM down
        CROSS JOIN group_members g
        WHERE g.tenant = ${tenant} AND g.group_id = down.id AND g.member_type = 'Group'
      )
      SELECT g.member_id
      FROM down
      CROSS JOIN group_members g
      WHERE g.tenant = ${tenant} AND g.group_id = down.id AND g.member_type = 'User'
    ) AS below
  `;
}
