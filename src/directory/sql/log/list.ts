/** Pages of the activity log as SQL, for both databases. */
import { type SQL, sql } from 'drizzle-orm';
import { firstIdAt } from '../../ids.ts';
import { type ActivityPage, type ActivityQuery, PEOPLES_OPERATIONS } from '../../store/activity.ts';
import { CursorError } from '../../store/cursor-error.ts';
import type { SearchDialect } from '../conditions.ts';
import { type Names, named, selected, type Tables } from '../names.ts';
import { type ActivityRow, entryOf } from './rows.ts';

/** A page reads at most this many entries, whatever it looks for. */
const MOST_READ = 10_000;

const ID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;

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

/** Entries that one page looks at, the newest first. `l` is an entry. */
export interface Newest {
  /**
   * What follows the columns of a SELECT of those that meet the conditions. Without `last`, a row
   * without an entry follows if the page leaves some.
   */
  readonly found: (conditions: readonly SQL[]) => SQL;
  /** Where a row is, from which the next page goes on. */
  readonly place: SQL;
  /** Selects the place of the last entry that the page looks at, as `place`, if it leaves some. */
  readonly last?: SQL<Place>;
}

interface ActivityDialect extends Pick<SearchDialect, 'tables'> {
  /** The entries of a resource. Without it, an index finds them in the order of their ids. */
  readonly ofResource?: (query: ActivityQuery, resourceId: string) => Newest;
}

/** Reads a page; `all` runs a statement. */
export async function listActivity(
  { tables, ofResource }: ActivityDialect,
  query: ActivityQuery,
  all: <R>(statement: SQL<R>) => Promise<R[]>,
): Promise<ActivityPage> {
  const { limit, resourceId } = query;
  const l = named(tables.activity, 'l');
  const isWalked = resourceId !== undefined && ofResource !== undefined;
  const newest = isWalked ? ofResource(query, resourceId) : indexed(l, query);
  const conditions = [...otherConditions(l, query), ...(isWalked ? idConditions(l, query) : [])];
  const { found, place, last } = newest;
  const rows = await all<(ActivityRow | NoEntry) & Place>(
    sql`
      SELECT ${selected(l, ...ACTIVITY_COLUMNS)}, ${place} AS place
      ${found(conditions)}
      LIMIT ${limit + 1}
    `,
  );
  const shown = rows.slice(0, limit);
  const entries = shown.filter((row) => row.id !== null);
  const goesOn = rows.length > limit || entries.length < shown.length;
  const isCutShort = !goesOn && last !== undefined && conditions.length > 0;
  const [next] = isCutShort ? await all(last) : goesOn ? shown.slice(-1) : [];
  return { entries: entries.map(entryOf), ...(next && { next: String(next.place) }) };
}

interface NoEntry {
  readonly id: null;
}

interface Place {
  readonly place: string | number;
}

function indexed(l: Log, query: ActivityQuery): Newest {
  const { tenant, resourceId, after } = query;
  if (after !== undefined && !ID.test(after)) throw new CursorError();
  const indexedConditions = [
    sql`${l.tenant} = ${tenant}`,
    ...(resourceId === undefined ? [] : [sql`${l.resourceId} = ${resourceId}`]),
    ...idConditions(l, query),
    ...(after === undefined ? [] : [sql`${l.id} < ${after}`]),
  ];
  const order = sql`ORDER BY ${l.id} DESC`;
  const newest = sql`FROM ${l.table} WHERE ${sql.join(indexedConditions, sql` AND `)} ${order}`;
  return {
    found: (conditions) =>
      conditions.length === 0
        ? newest
        : sql`
            FROM (SELECT l.* ${newest} LIMIT ${MOST_READ}) l
            WHERE ${sql.join([...conditions], sql` AND `)}
            ${order}
          `,
    place: sql`${l.id}`,
    last: sql<Place>`SELECT ${l.id} AS place ${newest} LIMIT 1 OFFSET ${MOST_READ - 1}`,
  };
}

/** Conditions that an index of ids helps. */
function idConditions(l: Log, { actor, operation, since, until }: ActivityQuery): SQL[] {
  const isPeoples = actor !== undefined || PEOPLES_OPERATIONS.some((each) => each === operation);
  return [
    ...(isPeoples ? [sql`${l.actorKind} <> 'integration'`] : []),
    ...(since === undefined ? [] : [sql`${l.id} >= ${firstIdAt(since)}`]),
    ...(until === undefined ? [] : [sql`${l.id} < ${firstIdAt(until)}`]),
  ];
}

function otherConditions(l: Log, query: ActivityQuery): SQL[] {
  const { integrationId, actor, operation, resourceType } = query;
  return [
    ...(actor === undefined
      ? []
      : [sql`${l.actorName} = ${actor} AND ${l.actorKind} <> 'account'`]),
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
