/** Times that only later ones replace. */
import { type SQL, sql } from 'drizzle-orm';
import type { Names } from '../../sql/names.ts';

interface Times<Column extends string> {
  /** The table without an alias, and with one. */
  readonly bare: Names<Column | 'tenant'>;
  readonly row: Names<Column | 'tenant'>;
  /** With the tenant, the key of the table. */
  readonly key: Column;
  readonly time: Column;
}

/**
 * Writes the times of rows of a tenant. `noted` is a FROM item `n` with a text `at`, and `which` is
 * the condition under which it is about a row. The rows are locked in the order of their keys, so
 * that processes that write at the same time don't block each other.
 */
export function latest<Column extends string>(
  { bare, row, key, time }: Times<Column>,
  tenant: string,
  noted: SQL,
  which: SQL,
): SQL {
  return sql`
    WITH locked AS MATERIALIZED (
      SELECT ${row[key]}, n.at
      FROM ${row.table}
      JOIN ${noted} ON ${which}
      WHERE ${row.tenant} = ${tenant}
      ORDER BY ${row[key]}
      FOR NO KEY UPDATE OF ${row.alias}
    )
    UPDATE ${row.table}
    SET ${bare[time]} = greatest(${row[time]}, locked.at::bigint)
    FROM locked
    WHERE ${row.tenant} = ${tenant} AND ${row[key]} = locked.${bare[key]}
  `;
}
