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

/** A part of the index that is in the order of places. */
interface Section {
  readonly active: boolean;
  readonly isUserName: boolean;
}

export interface Range {
  readonly tenant: string;
  readonly sections: readonly Section[];
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
  const v = named(dialect.tables.accessValues, 'v');
  const { tenant, sections, prefix, after, until, fits } = range;
  // One lower and one upper bound: SQLite uses one of each for an index, and may take the wrong one.
  const place = sql`(${v.value}, ${v.accessId})`;
  const conditions = [
    after === undefined
      ? sql`${v.value} >= ${prefix}`
      : sql`${place} > (${after.value}, ${after.id})`,
    until === undefined
      ? sql`${v.value} < ${behindPrefix(prefix)}`
      : sql`${place} <= (${until.value}, ${until.id})`,
    ...(fits === undefined ? [] : [fits(v.accessId)]),
  ];
  const parts = sections.map(
    ({ active, isUserName }) => sql`
      SELECT *
      FROM (
        SELECT ${v.value}, ${v.accessId} AS id
        FROM ${v.table}
        WHERE ${v.tenant} = ${tenant}
          AND ${v.active} = ${dialect.bind(active)}
          AND ${v.isUserName} = ${dialect.bind(isUserName)}
          AND ${sql.join(conditions, sql` AND `)}
        ORDER BY ${v.value}, ${v.accessId}
        LIMIT ${limit + offset}
      ) AS s
    `,
  );
  return sql`
    SELECT c.value, c.id
    FROM (${sql.join(parts, sql` UNION ALL `)}) AS c
    ORDER BY c.value, c.id
    LIMIT ${limit} OFFSET ${offset}
  `;
}
