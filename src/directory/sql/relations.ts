/** Memberships as SQL: the members of a group, and the groups of a user at any depth. */
import { type SQL, sql } from 'drizzle-orm';
import type { Expression, SearchDialect } from './conditions.ts';
import { named, type Tables } from './names.ts';
import type { Text } from './template.ts';

/** Rows that are the elements of a multi-valued attribute. */
export interface Relation {
  /** A FROM item, without an alias. */
  readonly rows: SQL;
  /** The column for a sub-attribute, in comparable form. */
  column(subAttribute: string): string;
}

const NAMES: Readonly<Record<string, string>> = {
  value: 'value',
  type: 'type',
  display: 'display',
  $ref: 'ref',
};
const column = (subAttribute: string) => NAMES[subAttribute] ?? 'value';

/** The members of the group with this id. */
export function membersOf({ groupMembers }: Tables, tenant: Text, groupId: Expression): Relation {
  const g = named(groupMembers, 'g');
  return {
    rows: sql`
      (
        SELECT ${g.memberId} AS value,
          CASE ${g.memberType} WHEN 'User' THEN 'user' ELSE 'group' END AS type,
          '../' || ${g.memberType} || 's/' || ${g.memberId} AS ref
        FROM ${g.table}
        WHERE ${g.tenant} = ${tenant} AND ${g.groupId} = ${groupId}
      )
    `,
    column,
  };
}

/** Selects the ids of the groups that have the member. */
export function holdersOfMember({ groupMembers }: Tables, tenant: Text, memberId: SQL): SQL {
  const g = named(groupMembers, 'g');
  return sql`
    SELECT ${g.groupId} AS id
    FROM ${g.table}
    WHERE ${g.tenant} = ${tenant} AND ${g.memberId} = ${memberId}
  `;
}

/** The groups that hold the user with this id, itself or through groups. */
export function groupsOfUser(dialect: SearchDialect, tenant: Text, userId: Expression): Relation {
  const g = named(dialect.tables.groups, 'g');
  const group = dialect.lookUp(g, sql`${g.tenant} = ${tenant} AND ${g.id} = up.id`);
  return {
    rows: sql`
      (
        ${groupsAbove(dialect, tenant, userId)}
        SELECT ${g.id} AS value, ${g.displayNameKey} AS display,
          CASE max(up.direct) WHEN 1 THEN 'direct' ELSE 'indirect' END AS type,
          '../Groups/' || ${g.id} AS ref
        FROM up ${group}
        GROUP BY ${g.id}, ${g.displayNameKey}
      )
    `,
    column,
  };
}

/** `WITH up(id, direct)`: the groups that hold the member, itself or through groups. */
function groupsAbove(dialect: SearchDialect, tenant: Text, memberId: Expression): SQL {
  const g = named(dialect.tables.groupMembers, 'g');
  const holders = dialect.lookUp(g, sql`${g.tenant} = ${tenant} AND ${g.memberId} = up.id`);
  return sql`
    WITH RECURSIVE up(id, direct) AS (
      SELECT ${g.groupId}, 1
      FROM ${g.table}
      WHERE ${g.tenant} = ${tenant} AND ${g.memberId} = ${memberId}
      UNION
      SELECT ${g.groupId}, 0
      FROM up ${holders}
    )
  `;
}

/** Selects the ids of the users in a group, itself or through groups. */
export function userIdsBelow(dialect: SearchDialect, tenant: Text, groupId: SQL): SQL {
  const g = named(dialect.tables.groupMembers, 'g');
  const members = (type: SQL) =>
    dialect.lookUp(
      g,
      sql`${g.tenant} = ${tenant} AND ${g.groupId} = down.id AND ${g.memberType} = ${type}`,
    );
  return sql`
    SELECT *
    FROM (
      WITH RECURSIVE down(id) AS (
        SELECT ${groupId}
        UNION
        SELECT ${g.memberId}
        FROM down ${members(sql`'Group'`)}
      )
      SELECT ${g.memberId}
      FROM down ${members(sql`'User'`)}
    ) AS below
  `;
}
