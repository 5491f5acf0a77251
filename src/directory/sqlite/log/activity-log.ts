/** The activity log on SQLite. Entries are written by the job that they describe. */
import { getTableColumns, sql } from 'drizzle-orm';
import { listActivity, nextTenant, pruneStatement } from '../../sql/log/list.ts';
import { type ActivityRow, ActivityRows, type Written } from '../../sql/log/rows.ts';
import type {
  ActivityOptions,
  ActivityPage,
  ActivityQuery,
  ActivityStore,
} from '../../store/activity.ts';
import type { Author } from '../../store/resources.ts';
import type { Connections, SqliteConnection } from '../connections.ts';
import { sqliteDialect } from '../dialect.ts';
import { activity } from '../schema.ts';

/** Appends the entry of a write. `written` is called only if it is needed. */
export type Log = (author: Author, written: () => Written) => void;

export class ActivityLog {
  readonly store: ActivityStore;
  readonly #writer: Connections['writer'];
  readonly #rows: ActivityRows;
  readonly #insert: (row: ActivityRow) => void;

  constructor(connections: Connections, options: ActivityOptions) {
    const { writer, write } = connections;
    this.#writer = writer;
    this.#rows = new ActivityRows(options);
    this.#insert = this.#rows.recorded ? inserting(write) : () => undefined;
    this.store = {
      list: (query) => listing(connections, query),
      append: (entry) => {
        const row = this.#rows.ofEntry(entry);
        return this.#committing((append) => append(row));
      },
      prune: (before) => writer.write(() => pruneSlice(write, before)),
    };
  }

  /** Runs the job as one write. Its entries are written with it. */
  writing<T>(job: (log: Log) => T): Promise<T> {
    return this.#committing((append) =>
      job((author, written) => {
        const row = this.#rows.ofWrite(author, written);
        if (row !== undefined) append(row);
      }),
    );
  }

  async #committing<T>(job: (append: (row: ActivityRow) => void) => T): Promise<T> {
    let appended: ActivityRow[] = [];
    const result = await this.#writer.write(() => {
      // The writer may run the job again.
      appended = [];
      return job((row) => {
        this.#insert(row);
        appended.push(row);
      });
    });
    for (const row of appended) this.#rows.committed(row);
    return result;
  }
}

const listing = (
  { read, reading }: Pick<Connections, 'read' | 'reading'>,
  query: ActivityQuery,
): Promise<ActivityPage> =>
  listActivity(sqliteDialect.tables, query, (statement) => reading(() => read.all(statement)));

function pruneSlice(write: SqliteConnection, before: number): number {
  let after = '';
  for (;;) {
    const [found] = write.all(nextTenant(sqliteDialect.tables, after));
    const tenant = found?.tenant ?? null;
    if (tenant === null) return 0;
    const deleted = write.run(pruneStatement(sqliteDialect, tenant, before));
    if (deleted > 0) return deleted;
    after = tenant;
  }
}

function inserting({ orm }: SqliteConnection): (row: ActivityRow) => void {
  const columns = Object.keys(getTableColumns(activity));
  const places = columns.map((column) => [column, sql.placeholder(column)]);
  const statement = orm.insert(activity).values(Object.fromEntries(places)).prepare();
  return (row) => void statement.run(row);
}
