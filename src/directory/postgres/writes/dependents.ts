/** Rows of other tables that a write of a user or group changes, as parts of its statement. */
import { type SQL, sql } from 'drizzle-orm';
import { USER_CHANGES } from '../../sql/followed-groups.ts';
import { columns, named } from '../../sql/names.ts';
import type { Text } from '../../sql/template.ts';
import { accessValues, counters, externalIds, groupMembers, groups } from '../schema.ts';

const LINKS = named(externalIds);
export const LINK_KEY = columns(LINKS, 'tenant', 'resourceId', 'integrationId');
export const LINK = columns(
  LINKS,
  'tenant',
  'integrationId',
  'resourceId',
  'resourceType',
  'externalId',
);
const VALUES = named(accessValues);
export const VALUE = columns(VALUES, 'tenant', 'value', 'accessId', 'types');
const v = named(accessValues, 'v');
const MEMBERS = named(groupMembers);
const g = named(groups);
const COUNTERS = named(counters);
const COUNTER = columns(COUNTERS, 'tenant', 'name', 'slot', 'value');
const COUNTER_KEY = columns(COUNTERS, 'tenant', 'name', 'slot');
const c = named(counters, 'c');

const COUNTER_SLOTS = 16;
/** With so many slots, parallel writers of a tenant rarely meet in one. */
export const counterSlot = (): number => Math.floor(Math.random() * COUNTER_SLOTS);

/** Whether the first part of the statement, `resource`, wrote anything. */
const IF_WRITTEN = sql`EXISTS (SELECT 1 FROM resource)`;

/** Adds what is selected, in the order of COUNTER, to the counters. */
export const addedToCounters = (selected: SQL): SQL => sql`
  INSERT INTO ${COUNTERS.table} AS c (${COUNTER})
  ${selected}
  ON CONFLICT (${COUNTER_KEY})
  DO UPDATE SET ${COUNTERS.value} = ${c.value} + ${named(counters, 'excluded').value}
`;

/** Counts a change of what users of the tenant are named after. */
export const userChanged = (tenant: string): SQL =>
  addedToCounters(sql`SELECT ${tenant}, ${USER_CHANGES}, ${counterSlot()}::integer, 1::bigint`);

/** Makes what is selected, in the order of LINK, the links of integrations and their externalIds. */
export const putLinks = (selected: SQL): SQL => sql`
  INSERT INTO ${LINKS.table} (${LINK})
  ${selected}
  ON CONFLICT (${LINK_KEY})
  DO UPDATE SET ${LINKS.externalId} = ${named(externalIds, 'excluded').externalId}
`;

/**
 * Removes values of a user. The id is given, and not that of the resource, so that the whole key
 * leads to each row: many users may share a value.
 */
export const removedValues = (tenant: Text, id: Text, values: SQL): SQL => sql`
  DELETE FROM ${v.table}
  USING unnest(${values}) AS n(value)
  WHERE ${v.tenant} = ${tenant}
    AND ${v.value} = n.value
    AND ${v.accessId} = ${id}
    AND ${IF_WRITTEN}
`;

/** Selects the ids of the groups that leftGroups changes. */
export const LEFT = sql`(SELECT holder_id AS id FROM membership) AS g`;

/** Parts of a statement that remove a deleted resource from all groups and change the groups. */
export function leftGroups(tenant: string, memberId: string, at: number): SQL {
  return sql`
    membership AS (
      DELETE FROM ${MEMBERS.table}
      WHERE ${MEMBERS.tenant} = ${tenant} AND ${MEMBERS.memberId} = ${memberId}
      RETURNING ${MEMBERS.groupId} AS holder_id
    ),
    holder AS (
      UPDATE ${g.table}
      SET ${g.version} = ${g.version} + 1, ${g.lastModified} = greatest(${g.lastModified}, ${at})
      FROM membership
      WHERE ${g.tenant} = ${tenant} AND ${g.id} = membership.holder_id
    )
  `;
}
