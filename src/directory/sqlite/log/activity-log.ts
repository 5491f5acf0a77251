/** The activity log on SQLite. Entries are written by the job that they describe. */

import { ACTIVITY_COLUMNS, listActivity, nextTenant, pruneStatement } from '../../sql/log/list.ts';
import { type ActivityRow, ActivityRows, type Written } from '../../sql/log/rows.ts';
import { columns, named, nameText } from '../../sql/names.ts';
import type { ActivityOptions, ActivityStore } from '../../store/activity.ts';
import type { Author } from '../../store/resources.ts';
import type { Connections, SqliteConnection } from '../connections.ts';
import { sqliteDialect } from '../dialect.ts';
import { activity } from '../schema.ts';

const ACTIVITY = named(activity);

/** Appends the entry of a write. `written` is called only if it is needed. */
export type Log = (author: Author, written: () => Written) => void;

export class ActivityLog {
  readonly store: ActivityStore;
  readonly #writer: Connections['writer'];
  readonly #rows: ActivityRows;
  /** The entries of the transaction that is running. */
  #pending: ActivityRow[] = [];

  constructor(connections: Connections, options: ActivityOptions) {
    const { writer, write } = connections;
    this.#writer = writer;
    this.#rows = new ActivityRows(options);
    const insert = this.#rows.recorded ? inserting(write) : () => undefined;
    writer.finishWith({
      begin: () => {
        this.#pending = [];
      },
      finish: () => this.#pending.forEach(insert),
    });
    this.store = {
      ...activityReads(connections),
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
      const value = job((row) => appended.push(row));
      this.#pending.push(...appended);
      return value;
    });
    for (const row of appended) this.#rows.committed(row);
    return result;
  }
}

export const activityReads = ({
  read,
  reading,
}: Pick<Connections, 'read' | 'reading'>): Pick<ActivityStore, 'list'> => ({
  list: (query) =>
    listActivity(sqliteDialect.tables, query, (statement) => reading(() => read.all(statement))),
});

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

/** Without Drizzle, which would take as long as SQLite itself. */
function inserting({ raw }: SqliteConnection): (row: ActivityRow) => void {
  const places = ACTIVITY_COLUMNS.map(() => '?').join(', ');
  const into = `${nameText(ACTIVITY.table)} (${nameText(columns(ACTIVITY, ...ACTIVITY_COLUMNS))})`;
  const statement = raw.prepare(`INSERT INTO ${into} VALUES (${places})`);
  return (row) => void statement.run(ACTIVITY_COLUMNS.map((column) => row[column]));
}
