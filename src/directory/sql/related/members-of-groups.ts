/** The members of groups, and parts of them. */
import { type SQL, sql } from 'drizzle-orm';
import type { GroupRecord, PackedMembers } from '../../store/resources.ts';
import type { SearchDialect } from '../conditions.ts';
import { named, type Row } from '../names.ts';
import type { Given } from '../template.ts';
import type { Related, RelatedInput } from './related.ts';

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
