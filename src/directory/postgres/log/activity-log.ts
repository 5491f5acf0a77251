/**
 * The activity log on PostgreSQL. An entry is written by the statement that it describes, so that
 * it costs no round trip.
 */
import { SQL, StringChunk, sql } from 'drizzle-orm';
import { ACTIVITY_COLUMNS, listActivity, nextTenant, pruneStatement } from '../../sql/log/list.ts';
import { type ActivityRow, ActivityRows, type Written } from '../../sql/log/rows.ts';
import { columns, named, nameText } from '../../sql/names.ts';
import { Slot } from '../../sql/template.ts';
import { type ActivityOptions, type ActivityStore, MAX_LOGGED_IDS } from '../../store/activity.ts';
import type { Author } from '../../store/resources.ts';
import type { Queries } from '../connection/connections.ts';
import { postgresDialect } from '../dialect.ts';
import { activity } from '../schema.ts';

const ACTIVITY = named(activity);
const INSERTED = columns(ACTIVITY, ...ACTIVITY_COLUMNS);
const e = named(activity, 'e');
/** Of the columns that aren't text. */
const TYPES: Partial<Record<keyof ActivityRow, string>> = { at: 'bigint', version: 'integer' };

/** Columns whose values only the statement knows. */
type Computed = Partial<Record<keyof ActivityRow, SQL>>;

export class ActivityLog {
  readonly store: ActivityStore;
  readonly #rows: ActivityRows;

  constructor(queries: Queries, options: ActivityOptions) {
    this.#rows = new ActivityRows(options);
    this.store = {
      append: async (entry) => {
        const row = this.#rows.ofEntry(entry);
        if (this.#rows.recorded) await queries.run(insert(row, sql``));
        this.#rows.committed(row);
      },
      list: (query) => listActivity(postgresDialect, query, queries.all),
      prune: (before) => pruneSlice(queries, before),
    };
  }

  /** Returns undefined, without calling `written`, if nobody wants the row. */
  rowOf(author: Author, written: () => Written): ActivityRow | undefined {
    return this.#rows.ofWrite(author, written);
  }

  /**
   * A part, with its comma, of a statement `WITH resource AS (…)`. It appends the row if there is a
   * resource.
   */
  part(row: ActivityRow | undefined, computed: Computed = {}, resource = sql`resource`): SQL {
    if (row === undefined || !this.#rows.recorded) return sql``;
    return sql`, logged AS (${insert({ ...row, ...computed }, sql`FROM ${resource}`)})`;
  }

  /**
   * A part, with its comma, of a template whose input has an `entry`. `rest` follows what is
   * selected, and tells on which condition the entry is appended.
   */
  slots(rest: SQL, computed: Computed = {}): SQL {
    if (!this.#rows.recorded) return sql``;
    return sql`, logged AS (${insert({ ...ENTRY_SLOTS, ...computed }, rest)})`;
  }

  /**
   * A part, with its comma, of a template whose input has a list by that name. It appends the
   * entries of the list's items, `e`, which are numbered by `e.n` from 1 on. `rest` follows FROM,
   * and tells on which condition an entry is appended.
   */
  each<T>(
    list: string,
    entryOf: (item: T) => ActivityRow | undefined,
    rest: SQL,
    computed: Computed = {},
  ): SQL {
    if (!this.#rows.recorded) return sql``;
    const arrays = ACTIVITY_COLUMNS.map((column) => {
      const values = new Slot(list, (items) =>
        (items as readonly T[]).map((item) => entryOf(item)?.[column] ?? null),
      );
      return sql`${values}::${sql.raw(TYPES[column] ?? 'text')}[]`;
    });
    const selected = ACTIVITY_COLUMNS.map((column) => sql`${computed[column] ?? e[column]}`);
    return sql`
      , logged AS (
        INSERT INTO ${ACTIVITY.table} (${INSERTED})
        SELECT ${sql.join(selected, sql`, `)}
        FROM unnest(${sql.join(arrays, sql`, `)}) WITH ORDINALITY AS e(${INSERTED}, n)
        ${rest}
      )
    `;
  }

  /** Whether somebody wants to know which entries were committed. */
  get isFollowed(): boolean {
    return this.#rows.isFollowed;
  }

  committed(row: ActivityRow | undefined): void {
    this.#rows.committed(row);
  }
}

/** What a template with `slots` takes the entry from; undefined if entries aren't recorded. */
export interface EntryInput {
  readonly entry: ActivityRow | undefined;
}

const ENTRY_SLOTS = Object.fromEntries(
  ACTIVITY_COLUMNS.map((column) => [
    column,
    new Slot('entry', (entry) => (entry as ActivityRow)[column]),
  ]),
) as Readonly<Record<keyof ActivityRow, Slot>>;

const INTO = new StringChunk(
  `INSERT INTO ${nameText(ACTIVITY.table)} (${nameText(INSERTED)}) SELECT `,
);
const [COMMA, SPACE] = [new StringChunk(', '), new StringChunk(' ')];

/** Without nested templates, because statements are composed for every write. */
function insert(row: { [K in keyof ActivityRow]: ActivityRow[K] | SQL | Slot }, from: SQL): SQL {
  const values = ACTIVITY_COLUMNS.flatMap((column, n) => {
    const value = row[column];
    const isPart = value instanceof SQL || value instanceof Slot;
    const chunk = isPart ? value : sql.param(value);
    return n === 0 ? [chunk] : [COMMA, chunk];
  });
  return new SQL([INTO, ...values, SPACE, from]);
}

/** Parts of a statement that return ids as `id`, by what happened to these. */
type MovedParts = Partial<Record<'members' | 'groups', Partial<Record<'added' | 'removed', SQL>>>>;

/** The column from movedPart. */
export const MOVED: Computed = { moved: sql`moved` };

/** A part, with its comma, that returns the text of ActivityRow's `moved`. */
export function movedPart(lists: MovedParts): SQL {
  const lines = Object.entries(lists).map(([name, parts]) => {
    const fields = Object.entries(parts).map(([verb, part]) => idsOf(verb, part));
    return sql`${text(`"${name}":{`)} || concat_ws(',', ${sql.join(fields, sql`, `)}) || '}'`;
  });
  return sql`
    , moved AS MATERIALIZED (
      SELECT '{' || concat_ws(',', ${sql.join(lines, sql`, `)}) || '}' AS moved
    )
  `;
}

/** Written as text, because the functions for JSON parse again what they are given. */
function idsOf(verb: string, part: SQL): SQL {
  const most = sql.raw(String(MAX_LOGGED_IDS));
  const ids = sql`array_to_json((array_agg(id))[1:${most}])::text`;
  return sql`
    (
      SELECT ${text(`"${verb}":`)} || ${ids} || ${text(`,"${verb}Count":`)} || count(*)
      FROM ${part}
      HAVING count(*) > 0
    )
  `;
}

const text = (value: string) => sql.raw(`'${value}'`);

async function pruneSlice(queries: Queries, before: number): Promise<number> {
  let after = '';
  for (;;) {
    const [found] = await queries.all(nextTenant(postgresDialect.tables, after));
    const tenant = found?.tenant ?? null;
    if (tenant === null) return 0;
    const deleted = await queries.run(pruneStatement(postgresDialect, tenant, before));
    if (deleted > 0) return deleted;
    after = tenant;
  }
}
