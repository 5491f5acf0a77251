/** The groups of users, direct and indirect. */
import { type SQL, sql } from 'drizzle-orm';
import type { GroupMembership, UserRecord } from '../../store/resources.ts';
import type { Expression, SearchDialect } from '../conditions.ts';
import { named, type Row } from '../names.ts';
import type { SearchContext } from '../resource-key.ts';
import type { Related } from './related.ts';

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

/** A group of a user, or one above a group of the users; the name of the group; or both. */
interface MembershipRow extends Pick<Row<'groupMembers'>, 'groupId'> {
  readonly memberId?: string | null;
  readonly displayName?: string | null;
  /** 1 if the member is a group. */
  readonly isAbove?: number;
}

/**
 * Direct and indirect groups. What is above a group and its name are read once and not for each of
 * its users. The name is not joined: the planner would choose the join by how many groups it
 * believes there are.
 */
export const GROUPS_OF_USERS = {
  select: (dialect, tenant, resources) => {
    const held = named(dialect.tables.groupMembers, 'g');
    const g = named(dialect.tables.groups, 'g');
    const ofMember = (id: Expression) =>
      dialect.lookUp(held, sql`${held.tenant} = ${tenant} AND ${held.memberId} = ${id}`);
    return sql`
      WITH RECURSIVE held AS MATERIALIZED (
        SELECT ${held.memberId} AS user_id, ${held.groupId} AS id
        FROM ${resources} ${ofMember(sql`i.value`)}
      ), up(below, id) AS (
        SELECT held.id, held.id
        FROM held
        UNION
        SELECT up.below, ${held.groupId}
        FROM up ${ofMember(sql`up.id`)}
      )
      SELECT held.user_id AS "memberId", held.id AS "groupId", NULL AS "displayName", 0 AS "isAbove"
      FROM held
      UNION ALL
      SELECT up.below, up.id, NULL, 1
      FROM up
      WHERE up.id <> up.below
      UNION ALL
      SELECT NULL, ${g.id}, ${g.attributes} ->> 'displayName', 0
      FROM ${g.table}
      WHERE ${g.tenant} = ${tenant} AND ${dialect.among(g.id, sql`SELECT up.id FROM up`)}
      ORDER BY 1, 2
    `;
  },
  selectFlat: (dialect, tenant, id, limit) => {
    const held = named(dialect.tables.groupMembers, 'm');
    const g = named(dialect.tables.groups, 'g');
    const group = sql`${g.tenant} = ${held.tenant} AND ${g.id} = ${held.groupId}`;
    return sql`
      SELECT
        ${held.memberId} AS "memberId",
        ${held.groupId} AS "groupId",
        ${g.attributes} ->> 'displayName' AS "displayName",
        ${isNested(dialect, held.tenant, held.groupId)}
      FROM ${held.table} ${dialect.lookUp(g, group)}
      WHERE ${held.tenant} = ${tenant} AND ${held.memberId} = ${id}
      ORDER BY ${held.groupId}
      ${limit === undefined ? undefined : sql`LIMIT ${limit}`}
    `;
  },
  ofRange: {
    select: ({ tables }, { tenant, first, last, limit }) => {
      const m = named(tables.groupMembers, 'm');
      return sql`
        SELECT ${m.memberId} AS "memberId", ${m.groupId} AS "groupId"
        FROM ${m.table}
        WHERE ${m.tenant} = ${tenant} AND ${m.memberId} >= ${first} AND ${m.memberId} <= ${last}
        ORDER BY ${m.memberId}, ${m.groupId}
        LIMIT ${limit}
      `;
    },
    idsOf: (rows) => [...new Set(rows.map(({ groupId }) => groupId))],
    complete: (dialect, { tenant, ids }) => {
      const g = named(dialect.tables.groups, 'g');
      return sql`
        SELECT
          ${g.id} AS "groupId",
          ${g.attributes} ->> 'displayName' AS "displayName",
          ${isNested(dialect, g.tenant, g.id)}
        FROM ${dialect.values(ids, 'i')}
          ${dialect.lookUp(g, sql`${g.tenant} = ${tenant} AND ${g.id} = i.value`)}
      `;
    },
  },
  attach: (records, rows) => {
    if (rows.length === 0) return records.map((record) => ({ ...record, groups: [] }));
    const names = new Map<string, string>();
    // The ids of the groups, separated by commas.
    const direct = new Map<string, string>();
    const above = new Map<string, string>();
    for (const { memberId, groupId, displayName, isAbove } of rows) {
      if (typeof displayName === 'string') names.set(groupId, displayName);
      if (typeof memberId === 'string') add(isAbove === 1 ? above : direct, memberId, groupId);
    }
    const listOf = (ids: readonly string[]): readonly GroupMembership[] => {
      const types = new Map<string, GroupMembership['type']>();
      for (const id of ids) for (const each of split(above.get(id))) types.set(each, 'indirect');
      for (const id of ids) types.set(id, 'direct');
      return [...types.keys()].sort().flatMap((groupId) => {
        const [displayName, type] = [names.get(groupId), types.get(groupId)];
        return displayName === undefined || type === undefined
          ? []
          : [{ groupId, displayName, type }];
      });
    };
    // Users in the same groups share a list, which is written once.
    const lists = new Map<string, readonly GroupMembership[]>();
    return records.map((record) => {
      const ids = direct.get(record.id);
      const known = lists.get(ids ?? '');
      if (known !== undefined) return { ...record, groups: known };
      const groups = listOf(split(ids));
      lists.set(ids ?? '', groups);
      return { ...record, groups };
    });
  },
} satisfies Related<MembershipRow, UserRecord>;

/** Whether the group is in another one. */
function isNested({ tables }: SearchDialect, tenant: Expression, id: Expression): SQL {
  const a = named(tables.groupMembers, 'a');
  return sql`
    EXISTS (SELECT 1 FROM ${a.table} WHERE ${a.tenant} = ${tenant} AND ${a.memberId} = ${id})
      AS "isNested"
  `;
}

function add(lists: Map<string, string>, key: string, value: string): void {
  const list = lists.get(key);
  lists.set(key, list === undefined ? value : `${list},${value}`);
}

const split = (list = ''): readonly string[] => (list === '' ? [] : list.split(','));
