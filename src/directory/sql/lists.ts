/** Lists as SQL, for both databases: the number of resources, and one page of them. */
import { SQL, type StringChunk, sql } from 'drizzle-orm';
import type { SortKey } from '../../scim/condition.ts';
import { StoredProfile } from '../../scim/profile.ts';
import type { PageKey, Query, StoredResource } from '../store/resources.ts';
import { conditionCompiler, type Expression } from './conditions.ts';
import { named, type Row, selected } from './names.ts';
import {
  externalIdOf,
  isAlwaysThere,
  resourceHolder,
  sortExpression,
} from './resource-conditions.ts';
import { type ResourceNames, type SearchContext, TOTALS } from './resource-key.ts';

const COLUMNS = ['id', 'attributes', 'version', 'created', 'lastModified'] as const;

/** A row that the statements of a page select; `attributes` is JSON. */
export interface ResourceRow
  extends Omit<Pick<Row<'groups'>, (typeof COLUMNS)[number]>, 'attributes'>,
    Pick<Row<'externalIds'>, 'externalId'> {
  readonly attributes: string;
  /** Only in a sorted list. */
  readonly sorted?: string | number | boolean | null;
}

/** The columns that a ResourceRow takes from the resource's own row. */
export const resourceColumns = (names: ResourceNames): StringChunk => selected(names, ...COLUMNS);

interface ListStatements {
  /** Selects `total`, from the tenant's counter unless the list is filtered. */
  readonly total: SQL<{ total: number }>;
  /**
   * Selects one row more than the page has if a key for the next page is wanted. Returns undefined
   * for a page that is certainly empty.
   */
  page(total: number): SQL<ResourceRow> | undefined;
}

/** Throws invalidFilter or invalidPath if an attribute can't be filtered or sorted by. */
export function listStatements(context: SearchContext, query: Query): ListStatements {
  const { dialect, scope, r } = context;
  const tenant = sql`${r.tenant} = ${scope.tenant}`;
  const condition =
    query.filter && conditionCompiler(dialect)(query.filter, resourceHolder(context));
  const value = query.sort && sortExpression(query.sort, context);
  const behind =
    'after' in query.start && query.start.after !== undefined
      ? behindKey(query.start.after, query.sort, value, context)
      : undefined;
  const by = order(query.sort, value, r.id);
  const given = [tenant, condition, behind].filter((each) => each !== undefined);
  const sorted = value === undefined ? [] : [value];
  const places = from(context, given, [...given, ...sorted]);
  const columns = value === undefined ? sql`` : sql`, ${value} AS sorted`;
  const c = named(dialect.tables.counters, 'c');
  const counted = sql<{ total: number }>`
    SELECT CAST(COALESCE(sum(${c.value}), 0) AS BIGINT) AS total
    FROM ${c.table}
    WHERE ${c.tenant} = ${scope.tenant} AND ${c.name} = ${TOTALS[context.name]}
  `;
  const isPlain = condition === undefined && value === undefined;
  return {
    total:
      condition === undefined
        ? counted
        : sql`SELECT count(*) AS total FROM ${from(context, [tenant, condition], [condition])}`,
    page: (total) => {
      if (isEmpty(query, total)) return undefined;
      const rows = isPlain ? windowOf(query, total, counted, r.id) : forwards(query, by);
      // Ids first: only an index, or little more, is skipped over and sorted, and not the wide
      // rows.
      const ids = sql`SELECT ${r.id} FROM ${places} ${rows}`;
      const shown = [tenant, dialect.among(r.id, ids)];
      return sql`
        SELECT ${resourceColumns(r)},
          ${externalIdOf(context)} AS "externalId"${columns}
        FROM ${from(context, shown, sorted)}
        ORDER BY ${by}
      `;
    },
  };
}

function isEmpty({ start, limit }: Query, total: number): boolean {
  return limit === 0 || ('offset' in start && start.offset >= total);
}

function forwards({ start, limit }: Query, by: Expression): SQL {
  return 'offset' in start
    ? sql`ORDER BY ${by} LIMIT ${limit} OFFSET ${start.offset}`
    : sql`ORDER BY ${by} LIMIT ${limit + 1}`;
}

/**
 * The page at its offset, read from the nearer end, so that the last page costs what the first
 * does. From the end, it is counted with the total of the same statement, so that a resource that
 * is created meanwhile doesn't move the page.
 */
function windowOf(query: Query, total: number, counted: SQL, id: StringChunk): SQL {
  const { start, limit } = query;
  if (!('offset' in start) || start.offset * 2 < total) return forwards(query, id);
  const behind = sql`((${counted}) - CAST(${start.offset} AS BIGINT))`;
  const size = sql`CAST(${limit} AS BIGINT)`;
  return sql`
    ORDER BY ${id} DESC
    LIMIT CASE WHEN ${behind} > ${size} THEN ${size} WHEN ${behind} > 0 THEN ${behind} ELSE 0 END
    OFFSET CASE WHEN ${behind} > ${size} THEN ${behind} - ${size} ELSE 0 END
  `;
}

/** Makes the page of a query from its rows. */
export function pageOf(rows: readonly ResourceRow[], query: Query, total: number) {
  const more = 'after' in query.start && rows.length > query.limit;
  const shown = more ? rows.slice(0, query.limit) : rows;
  const last = more ? shown.at(-1) : undefined;
  return {
    total,
    records: shown.map(resourceOf),
    ...(last === undefined ? {} : { next: keyOf(last, query.sort) }),
  };
}

export function resourceOf({
  externalId,
  attributes,
  sorted: _,
  ...row
}: ResourceRow): StoredResource {
  return { ...row, profile: new StoredProfile(attributes, externalId) };
}

function keyOf({ id, sorted = null }: ResourceRow, sort: SortKey | undefined): PageKey {
  return sort === undefined ? { id } : { id, sorted };
}

/**
 * Joins the search documents only if one of the expressions in `asked` reads them. CROSS JOIN keeps
 * SQLite from beginning with them.
 */
function from(
  { r, d }: SearchContext,
  conditions: readonly SQL[],
  asked: readonly Expression[],
): SQL {
  if (!asked.some((each) => mentions(each, d.document))) {
    return sql`${r.table} WHERE ${sql.join([...conditions], sql` AND `)}`;
  }
  const document = sql`${d.tenant} = ${r.tenant} AND ${d.id} = ${r.id}`;
  const where = sql.join([document, ...conditions], sql` AND `);
  return sql`${r.table} CROSS JOIN ${d.table} WHERE ${where}`;
}

function mentions(expression: unknown, name: StringChunk): boolean {
  if (expression === name) return true;
  return expression instanceof SQL && expression.queryChunks.some((each) => mentions(each, name));
}

/**
 * Ties are broken by id, in the direction of the sort. Missing values come last, or first if the
 * order is descending (RFC 7644 §3.4.2.3).
 */
function order(
  sort: SortKey | undefined,
  value: Expression | undefined,
  id: StringChunk,
): Expression {
  if (value === undefined) return id;
  const direction = sort?.descending ? sql`DESC` : sql`ASC`;
  const nulls = sort?.descending ? sql`NULLS FIRST` : sql`NULLS LAST`;
  return sql`${value} ${direction} ${nulls}, ${id} ${direction}`;
}

/** True for everything that follows the key in that order. */
function behindKey(
  { id, sorted }: PageKey,
  sort: SortKey | undefined,
  value: Expression | undefined,
  context: SearchContext,
): SQL {
  const { dialect, r } = context;
  const [beyond, orSame] = sort?.descending ? [sql`<`, sql`<=`] : [sql`>`, sql`>=`];
  const later = sql`${r.id} ${beyond} ${id}`;
  if (value === undefined) return later;
  const missing = sql`${value} IS NULL`;
  if (sorted === null || sorted === undefined) {
    return sort?.descending ? sql`(NOT (${missing}) OR ${later})` : sql`(${missing} AND ${later})`;
  }
  const bound = dialect.bind(sorted);
  // The first comparison can use an index.
  const among = sql`(${value} ${orSame} ${bound} AND (${value} ${beyond} ${bound} OR ${later}))`;
  const isLast = sort === undefined || sort.descending || isAlwaysThere(sort, context);
  return isLast ? among : sql`(${among} OR ${missing})`;
}
