/**
 * Large rows of a page. The statement of the page selects their places only, so that it returns a
 * bounded number of bytes whatever the rows contain.
 */
import { sql } from 'drizzle-orm';
import type { Scope } from '../../store/resources.ts';
import { isComplete, type PageRow, type ResourceRow } from '../lists.ts';
import type { Row } from '../names.ts';
import type { RelatedInput } from '../related/related.ts';
import type { SearchContext } from '../resource-key.ts';
import { type Compose, type Slots, type Template, template } from '../template.ts';
import { ask, type Steps } from './steps.ts';

/** To tell how long a row is, PostgreSQL has to decompress it. */
const MEASURED_AT_ONCE = 32;

type LargeRow = Pick<Row<'groups'>, 'id' | 'version'> & { readonly attributes: string };

export interface LargeRows {
  readonly sizes: Template<RelatedInput, { readonly id: string; readonly bytes: number }>;
  readonly whole: Template<RelatedInput, LargeRow>;
}

export function largeRows({ dialect, r }: SearchContext, compose: Compose): LargeRows {
  const some = ({ tenant, ids }: Slots<RelatedInput>) => {
    const given = sql`SELECT i.value FROM ${dialect.values(ids, 'i')}`;
    return sql`${r.table} WHERE ${r.tenant} = ${tenant} AND ${dialect.among(r.id, given)}`;
  };
  return {
    sizes: template(
      compose,
      (slots) => sql`SELECT ${r.id}, ${dialect.bytes(r.attributes)} AS bytes FROM ${some(slots)}`,
    ),
    whole: template(
      compose,
      (slots) => sql`SELECT ${r.id}, ${r.version}, ${r.attributes} FROM ${some(slots)}`,
    ),
  };
}

/**
 * Completes the rows in their order until those that are complete have so many bytes, or all of
 * them if none is large. The first one is always completed. Returns undefined if one was changed
 * since the page was read.
 */
export function* completeRows(
  large: LargeRows,
  { tenant }: Scope,
  rows: readonly PageRow[],
  bytes: number,
): Steps<readonly ResourceRow[] | undefined> {
  if (rows.every(isComplete)) return rows;
  const complete: ResourceRow[] = [];
  let room = bytes;
  let read = new Map<string, LargeRow>();
  for (const [index, row] of rows.entries()) {
    if (room <= 0) break;
    let { attributes } = row;
    if (attributes === null) {
      if (!read.has(row.id)) read = yield* readNext(large, tenant, rows.slice(index), room);
      const found = read.get(row.id);
      if (found?.version !== row.version) return undefined;
      ({ attributes } = found);
    }
    complete.push({ ...row, attributes });
    room -= Buffer.byteLength(attributes);
  }
  return complete;
}

/** Reads the first of the large rows that fit into the room, and one more. */
function* readNext(
  { sizes, whole }: LargeRows,
  tenant: string,
  rows: readonly PageRow[],
  room: number,
): Steps<Map<string, LargeRow>> {
  const next = rows.filter((row) => !isComplete(row)).slice(0, MEASURED_AT_ONCE);
  let ids = next.map(({ id }) => id);
  if (ids.length > 1) {
    const measured = yield* ask(sizes, { tenant, ids });
    const bytesOf = new Map(measured.map(({ id, bytes }) => [id, bytes]));
    let left = room;
    ids = ids.filter((id) => {
      const fits = left > 0;
      left -= bytesOf.get(id) ?? 0;
      return fits;
    });
  }
  const found = yield* ask(whole, { tenant, ids });
  return new Map(found.map((row) => [row.id, row]));
}
