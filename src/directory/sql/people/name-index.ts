/** The index of what a person's name may begin with, as SQL: places in it, and ranges of it. */
import { type SQL, sql } from 'drizzle-orm';
import type { Expression } from '../conditions.ts';
import { named } from '../names.ts';
import type { PeopleDatabase } from './database.ts';
import { behindPrefix } from './prefix.ts';

/** A value of a user. Lists are in the order of values, and of ids for equal ones. */
export interface Place {
  readonly value: string;
  readonly id: string;
}

export interface Range {
  readonly tenant: string;
  /** Whether the values are the userNames of everybody, and then only of those who are inactive. */
  readonly names?: 'all' | 'inactive' | undefined;
  readonly prefix: string;
  /** The last place before the range. */
  readonly after: Place | undefined;
  /** The last place of the range. */
  readonly until?: Place | undefined;
  /** Makes a condition of the expression that is a user's id. */
  readonly fits?: ((id: Expression) => SQL) | undefined;
}

/** Selects at most so many places of the range, in order, and leaves out the first ones. */
export function placesIn(
  { dialect }: PeopleDatabase,
  range: Range,
  limit: number,
  offset = 0,
): SQL<Place> {
  const { tenant, names, prefix, after, until, fits } = range;
  const a = named(dialect.tables.access, 'a');
  const v = named(dialect.tables.accessValues, 'v');
  const [table, value, id] = names ? [a, a.userNameKey, a.id] : [v, v.value, v.accessId];
  // A userName belongs to one user of the tenant. Ordered by the id as well, SQLite would take
  // another index.
  const order = names ? value : sql`${value}, ${id}`;
  const bound = (place: Place) =>
    names ? sql`(${place.value})` : sql`(${place.value}, ${place.id})`;
  // One lower and one upper bound: SQLite uses one of each for an index, and may take the wrong one.
  const conditions = [
    after === undefined ? sql`${value} >= ${prefix}` : sql`(${order}) > ${bound(after)}`,
    until === undefined
      ? sql`${value} < ${behindPrefix(prefix)}`
      : sql`(${order}) <= ${bound(until)}`,
    ...(names === 'inactive' ? [sql`NOT ${a.active}`] : []),
    ...(fits === undefined ? [] : [fits(id)]),
  ];
  return sql`
    SELECT ${value} AS value, ${id} AS id
    FROM ${table.table}
    WHERE ${table.tenant} = ${tenant} AND ${sql.join(conditions, sql` AND `)}
    ORDER BY ${order}
    LIMIT ${limit} OFFSET ${offset}
  `;
}
