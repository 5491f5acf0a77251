/** Pages of the activity log as SQL, for both databases. */
import { type SQL, sql } from 'drizzle-orm';
import { firstIdAt } from '../../ids.ts';
import { type ActivityPage, type ActivityQuery, PEOPLES_OPERATIONS } from '../../store/activity.ts';
import type { SearchDialect } from '../conditions.ts';
import { type Names, named, selected, type Tables } from '../names.ts';
import { type ActivityRow, entryOf } from './rows.ts';

/** A page reads at most this many entries, whatever it looks for. */
const MOST_READ = 10_000;

/** How many entries one write deletes, so that others get their turn. */
const SLICE = 50;

export const ACTIVITY_COLUMNS = [
  'tenant',
  'id',
  'at',
  'actorKind',
  'actorName',
  'operation',
  'resourceType',
  'resourceId',
  'resourceName',
  'requestId',
  'version',
  'before',
  'after',
  'moved',
] as const;

type Log = Names<(typeof ACTIVITY_COLUMNS)[number]>;

/** Reads a page; `all` runs a statement. */
export async function listActivity(
  { activity }: Tables,
  query: ActivityQuery,
  all: <R>(statement: SQL<R>) => Promise<R[]>,
): Promise<ActivityPage> {
  const { limit } = query;
  const l = named(activity, 'l');
  const indexed = sql.join(indexedConditions(l, query), sql` AND `);
  const others = otherConditions(l, query);
  const newest = sql`FROM ${l.table} WHERE ${indexed} ORDER BY ${l.id} DESC`;
  const examined = sql`(SELECT l.* ${newest} LIMIT ${MOST_READ}) l`;
  const found =
    others.length === 0
      ? newest
      : sql`FROM ${examined} WHERE ${sql.join(others, sql` AND `)} ORDER BY ${l.id} DESC`;
  const rows = await all<ActivityRow>(
    sql`SELECT ${selected(l, ...ACTIVITY_COLUMNS)} ${found} LIMIT ${limit + 1}`,
  );
  const entries = rows.slice(0, limit).map(entryOf);
  const isCutShort = rows.length <= limit && others.length > 0;
  const [last] = isCutShort
    ? await all<{ id: string }>(sql`SELECT ${l.id} ${newest} LIMIT 1 OFFSET ${MOST_READ - 1}`)
    : rows.slice(limit - 1, rows.length > limit ? limit : 0);
  return { entries, ...(last && { next: last.id }) };
}

/** Those that an index finds in the order of ids. */
function indexedConditions(l: Log, query: ActivityQuery): SQL[] {
  const { tenant, resourceId, actor, operation, since, until, after } = query;
  const isPeoples = actor !== undefined || PEOPLES_OPERATIONS.some((each) => each === operation);
  return [
    sql`${l.tenant} = ${tenant}`,
    ...(resourceId === undefined ? [] : [sql`${l.resourceId} = ${resourceId}`]),
    ...(isPeoples ? [sql`${l.actorKind} <> 'integration'`] : []),
    ...(since === undefined ? [] : [sql`${l.id} >= ${firstIdAt(since)}`]),
    ...(until === undefined ? [] : [sql`${l.id} < ${firstIdAt(until)}`]),
    ...(after === undefined ? [] : [sql`${l.id} < ${after}`]),
  ];
}

function otherConditions(l: Log, query: ActivityQuery): SQL[] {
  const { integrationId, actor, operation, resourceType } = query;
  return [
    ...(actor === undefined ? [] : [sql`${l.actorName} = ${actor}`]),
    ...(integrationId === undefined
      ? []
      : [sql`${l.actorName} = ${integrationId} AND ${l.actorKind} = 'integration'`]),
    ...(operation === undefined ? [] : [sql`${l.operation} = ${operation}`]),
    ...(resourceType === undefined ? [] : [sql`${l.resourceType} = ${resourceType}`]),
  ];
}

/** Deletes the oldest entries of a tenant. */
export function pruneStatement(
  { tables, among }: SearchDialect,
  tenant: string,
  before: number,
): SQL {
  const l = named(tables.activity);
  const old = sql`
    SELECT ${l.id}
    FROM ${l.table}
    WHERE ${l.tenant} = ${tenant} AND ${l.id} < ${firstIdAt(before)}
    ORDER BY ${l.id}
    LIMIT ${SLICE}
  `;
  return sql`DELETE FROM ${l.table} WHERE ${l.tenant} = ${tenant} AND ${among(l.id, old)}`;
}

/** The next tenant that has entries, in order. */
export function nextTenant({ activity }: Tables, after: string): SQL<{ tenant: string | null }> {
  const l = named(activity);
  return sql`SELECT min(${l.tenant}) AS tenant FROM ${l.table} WHERE ${l.tenant} > ${after}`;
}
