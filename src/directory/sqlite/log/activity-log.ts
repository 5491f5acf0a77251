/**
 * The activity log on SQLite. A job's entries are written at the end of its transaction, together
 * with what it adds to counters.
 */
import { ACTIVITY_COLUMNS, listActivity, nextTenant, pruneStatement } from '../../sql/log/list.ts';
import { type ActivityRow, ActivityRows, type Written } from '../../sql/log/rows.ts';
import { columns, named, nameText } from '../../sql/names.ts';
import type { ActivityOptions, ActivityStore } from '../../store/activity.ts';
import type { Author } from '../../store/resources.ts';
import type { Connections, SqliteConnection } from '../connections.ts';
import { sqliteDialect } from '../dialect.ts';
import { activity } from '../schema.ts';
import { type Count, counting } from '../writes/counters.ts';
import { entriesOfResource } from './resource-entries.ts';

const ACTIVITY = named(activity);

/** What a job leaves to the end of its transaction. */
export interface Notes {
  /** Appends the entry of a write. `written` is called only if it is needed. */
  log(author: Author, written: () => Written): void;
  /** Adds to a counter of the tenant. */
  count(tenant: string, name: string, by: number): void;
}

/** The notes of a job. */
interface Noted {
  readonly rows: ActivityRow[];
  readonly counts: Count[];
}

export class ActivityLog {
  readonly store: ActivityStore;
  readonly #writer: Connections['writer'];
  readonly #rows: ActivityRows;
  /** Those of the jobs of the transaction that is running or is not on the disk. */
  #noted: Noted[] = [];

  constructor(connections: Connections, options: ActivityOptions) {
    const { writer, write } = connections;
    this.#writer = writer;
    this.#rows = new ActivityRows(options);
    const insert = this.#rows.recorded ? inserting(write) : () => undefined;
    const count = counting(write);
    writer.finishWith({
      begin: () => {
        this.#noted = [];
      },
      finish: () => {
        count(this.#noted.flatMap(({ counts }) => counts));
        for (const { rows } of this.#noted) rows.forEach(insert);
      },
      kept: () => {
        for (const row of this.#noted.flatMap(({ rows }) => rows)) this.#rows.committed(row);
        this.#noted = [];
      },
    });
    this.store = {
      ...activityReads(connections),
      append: (entry) => {
        const row = this.#rows.ofEntry(entry);
        return this.#committing(({ rows }) => void rows.push(row));
      },
      prune: (before) => writer.write(() => pruneSlice(write, before)),
    };
  }

  /** Runs the job as one write. What it notes is written with it. */
  writing<T>(job: (notes: Notes) => T): Promise<T> {
    return this.#committing((noted) => job(this.#notesIn(noted)));
  }

  /** The same for a job that yields after each part. If it is long, others are served between. */
  writingInParts<T>(job: (notes: Notes) => Generator<void, T>, isLong: boolean): Promise<T> {
    if (!isLong) return this.writing((notes) => resultOf(job(notes)));
    const noted: Noted = { rows: [], counts: [] };
    const steps = job(this.#notesIn(noted));
    return this.#writer.writeInParts(steps, () => this.#noted.push(noted));
  }

  #notesIn({ rows, counts }: Noted): Notes {
    return {
      log: (author, written) => {
        const row = this.#rows.ofWrite(author, written);
        if (row !== undefined) rows.push(row);
      },
      count: (tenant, name, by) => void counts.push({ tenant, name, by }),
    };
  }

  #committing<T>(job: (noted: Noted) => T): Promise<T> {
    return this.#writer.write(() => {
      const noted: Noted = { rows: [], counts: [] };
      const value = job(noted);
      this.#noted.push(noted);
      return value;
    });
  }
}

function resultOf<T>(steps: Generator<void, T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

export const activityReads = ({
  read,
  reading,
}: Pick<Connections, 'read' | 'reading'>): Pick<ActivityStore, 'list'> => ({
  list: (query) => listActivity(DIALECT, query, (statement) => reading(() => read.all(statement))),
});

const DIALECT = { tables: sqliteDialect.tables, ofResource: entriesOfResource };

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
