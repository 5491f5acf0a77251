/**
 * The entries of one resource. With an index by resource alone, each entry of a transaction would
 * change another page of it. So the index has parts of 512 entries, which are looked through one
 * after the other.
 */
import { type SQL, sql } from 'drizzle-orm';
import type { Newest } from '../../sql/log/list.ts';
import { named } from '../../sql/names.ts';
import type { ActivityQuery } from '../../store/activity.ts';
import { CursorError } from '../../store/cursor-error.ts';
import { activity } from '../schema.ts';

/**
 * How many parts and entries a page looks at. A part without an entry of the resource takes two
 * steps, so this is enough for 2,500,000 entries of others.
 */
const MOST_STEPS = 10_000;

/** Behind every entry. A double holds it. */
const END = sql.raw(String(Number.MAX_SAFE_INTEGER));

const l = named(activity, 'l');
/** As in the index. */
const partOf = (seq: SQL): SQL => sql`${seq} >> 9`;
const PART = partOf(sql`${l.seq}`);
const keyOf = (resourceId: SQL): SQL => sql`substr(${resourceId}, -8)`;

/** In the order in which they were written, even if the clock has been set back meanwhile. */
export function entriesOfResource(query: ActivityQuery, resourceId: string): Newest {
  const { tenant, after } = query;
  const before = after === undefined ? END : sql`${seqOf(after)}`;
  const steps = stepsOf(tenant, resourceId, before);
  const isMeant = sql`${l.seq} < ${before} AND ${l.resourceId} = ${resourceId}`;
  // Only the next page looks at the entry that the last step leads to.
  const isLast = sql`(s.number = ${MOST_STEPS})`;
  return {
    // SQLite takes the steps in their order, and only as many as the page needs.
    found: (conditions) =>
      sql`
        FROM (${steps}) s
        LEFT JOIN ${l.table}
          ON NOT ${isLast} AND ${l.seq} = s.seq
            AND ${sql.join([isMeant, ...conditions], sql` AND `)}
        WHERE ${l.seq} IS NOT NULL OR (${isLast} AND s.part IS NOT NULL)
      `,
    place: sql`
      CASE
        WHEN NOT ${isLast} THEN s.seq
        WHEN s.seq IS NULL THEN s.part << 9
        ELSE min(s.seq + 1, (s.part + 1) << 9)
      END
    `,
  };
}

function seqOf(cursor: string): number {
  const seq = Number(cursor);
  if (!/^\d+$/.test(cursor) || !Number.isSafeInteger(seq)) throw new CursorError();
  return seq;
}

/**
 * Each step leads to the previous entry with this key in the part, to its beginning if there is
 * none (NULL), or to the end of the previous part of the tenant.
 */
function stepsOf(tenant: string, resourceId: string, before: SQL): SQL {
  const previousPart = sql`
    SELECT ${PART}
    FROM ${l.table}
    WHERE ${l.tenant} = ${tenant} AND ${PART} < step.part
    ORDER BY ${PART} DESC
    LIMIT 1
  `;
  const previousEntry = sql`
    SELECT max(${l.seq})
    FROM ${l.table}
    WHERE ${l.tenant} = ${tenant}
      AND ${PART} = step.part
      AND ${keyOf(sql`${l.resourceId}`)} = ${keyOf(sql`${resourceId}`)}
      AND ${l.seq} < step.seq
  `;
  return sql`
    WITH RECURSIVE step(number, part, seq) AS (
      SELECT 1, ${partOf(before)}, ${before}
      UNION ALL
      SELECT
        number + 1,
        CASE WHEN seq IS NULL THEN (${previousPart}) ELSE part END,
        CASE WHEN seq IS NULL THEN ${END} ELSE (${previousEntry}) END
      FROM step
      WHERE part IS NOT NULL
      LIMIT ${MOST_STEPS}
    )
    SELECT number, part, seq FROM step
  `;
}
