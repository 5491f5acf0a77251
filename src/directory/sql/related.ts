/**
 * Rows that are read together with a page of resources, in one statement: the groups of its users,
 * or the members of its groups.
 */
import { type SQL, sql } from 'drizzle-orm';
import type {
  GroupMembership,
  GroupRecord,
  PackedMembers,
  StoredResource,
  UserRecord,
} from '../store/resources.ts';
import type { Expression, SearchDialect } from './conditions.ts';
import { named, type Row } from './names.ts';
import type { SearchContext } from './resource-key.ts';
import type { Given, Slots, Text } from './template.ts';

/** What a statement takes the resources from. */
export interface RelatedInput {
  readonly tenant: string;
  readonly ids: readonly string[];
}

/** A statement, and how its rows are attached to the resources. */
export interface Related<Found, R> {
  /**
   * For related resources of which there may be very many: makes a row of a slice of them. See
   * memberSlice.
   */
  readonly ofSlice?: (id: string, members: PackedMembers) => Found;
  /** `resources` is a FROM item `i` with their ids as values; see dialect.values and oneResource. */
  select(dialect: SearchDialect, tenant: Text, resources: SQL): SQL<Found>;
  /**
   * The same for one resource, if it costs much less when nothing is nested. Otherwise a row says
   * so, and the rows are not all. Selects at most `limit` rows.
   */
  readonly selectFlat?: (
    dialect: SearchDialect,
    tenant: Text,
    id: Text,
    limit?: number,
  ) => SQL<Found & { readonly isNested: number }>;
  /** The same for resources that follow each other in the order of their ids. */
  readonly ofRange?: RelatedOfRange<Found>;
  attach(records: readonly StoredResource[], rows: readonly Found[]): R[];
}

export interface RangeInput {
  readonly tenant: string;
  readonly first: string;
  readonly last: string;
  readonly limit: number;
}

/** Selects what is related in two steps, because a range is read much faster than many ids. */
interface RelatedOfRange<Found> {
  /** Also selects what is related to other resources whose ids are between. */
  select(dialect: SearchDialect, input: Slots<RangeInput>): SQL<Found>;
  /** What `complete` selects more about. */
  idsOf(rows: readonly Found[]): readonly string[];
  complete(
    dialect: SearchDialect,
    input: Slots<RelatedInput>,
  ): SQL<Found & { readonly isNested: number }>;
}

/**
 * One id as a FROM item. PostgreSQL would plan a list of unknown length for several ids, and this is
 * planned for one.
 */
export const oneResource = (id: Text | Expression): SQL =>
  sql`(SELECT CAST(${id} AS TEXT) AS value) AS i`;

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

interface MembersRow extends Pick<Row<'groupMembers'>, 'groupId'> {
  readonly members: PackedMembers;
}

export interface SliceInput {
  readonly tenant: string;
  readonly id: string;
  /** The last id of the slice before. */
  readonly after: string;
  readonly limit: number;
}

export interface SliceRow {
  readonly members: PackedMembers | null;
  /** The last id. */
  readonly last: string | null;
  readonly count: number;
}

/** Some members of one group, in the order of their ids. */
export function memberSlice(
  { tables }: SearchDialect,
  { tenant, id, after, limit }: Given<SliceInput>,
): SQL<SliceRow> {
  const g = named(tables.groupMembers, 'g');
  return sql`
    SELECT ${packed(sql`s.id`, sql`s.type`)} AS members, max(s.id) AS last, count(*) AS count
    FROM (
      SELECT ${g.memberId} AS id, ${g.memberType} AS type
      FROM ${g.table}
      WHERE ${g.tenant} = ${tenant} AND ${g.groupId} = ${id} AND ${g.memberId} > ${after}
      ORDER BY ${g.memberId}
      LIMIT ${limit}
    ) AS s
  `;
}

export interface CountInput extends RelatedInput {
  readonly limit: number;
}

/** Counts the members of groups, up to a limit. */
export function memberCount(
  dialect: SearchDialect,
  { tenant, ids, limit }: Given<CountInput>,
): SQL<{ readonly total: number }> {
  const g = named(dialect.tables.groupMembers, 'g');
  const ofGroup = sql`${g.tenant} = ${tenant} AND ${g.groupId} = i.value`;
  return sql`
    SELECT count(*) AS total
    FROM (
      SELECT ${g.memberId}
      FROM ${dialect.values(ids, 'i')} ${dialect.lookUp(g, ofGroup)}
      LIMIT ${limit}
    ) AS members
  `;
}

export const MEMBERS_OF_GROUPS: Related<MembersRow, GroupRecord> = {
  select: (dialect, tenant, resources) => {
    const g = named(dialect.tables.groupMembers, 'g');
    const ofGroup = sql`${g.tenant} = ${tenant} AND ${g.groupId} = i.value`;
    return sql`
      SELECT ${g.groupId} AS "groupId", ${packed(sql`${g.memberId}`, sql`${g.memberType}`)} AS members
      FROM ${resources} ${dialect.lookUp(g, ofGroup)}
      GROUP BY ${g.groupId}
    `;
  },
  ofSlice: (groupId, members) => ({ groupId, members }),
  attach: (records, rows) => {
    const ofGroup = Map.groupBy(rows, ({ groupId }) => groupId);
    return records.map((record) => {
      const members = (ofGroup.get(record.id) ?? []).map((row) => row.members);
      return { ...record, members };
    });
  },
};

const packed = (id: SQL, type: SQL): SQL =>
  sql`string_agg(CASE ${type} WHEN 'User' THEN '+' ELSE '!' END || ${id}, '' ORDER BY ${id})`;
