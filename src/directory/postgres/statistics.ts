/** Refreshes the statistics of tables while they fill. */
import { sql } from 'drizzle-orm';
import { named } from '../sql/names.ts';
import type { Queries } from './connection/connections.ts';
import {
  access,
  accessValues,
  counters,
  externalIds,
  groupMembers,
  groups,
  users,
} from './schema.ts';

/**
 * Autovacuum runs once a minute. Until then, the planner takes a table that an initial sync is
 * filling for an empty one, for which all indexes seem alike, and prepared statements keep such
 * plans. Therefore tables that have more rows than the planner knows of are analysed early, and
 * again each time the number of written rows has doubled. Plans for a few rows are right for many.
 */
export class Statistics {
  readonly #queries: Queries;
  #written = 0;
  #next = 20;

  constructor(queries: Queries) {
    this.#queries = queries;
  }

  /** A database that was restored from a dump has no statistics. */
  async begin(): Promise<void> {
    await this.#analyze(0);
  }

  /** Counts rows of users, groups and memberships that were written. */
  note(rows: number): void {
    this.#written += rows;
    if (this.#written < this.#next || this.#next > ENOUGH) return;
    this.#next *= 2;
    // If the role lacks the privilege to analyse, or the database is unavailable, autovacuum does
    // it.
    this.#analyze(this.#written).catch(() => undefined);
  }

  /** Analyses the tables that the planner takes for having fewer rows. */
  async #analyze(rows: number): Promise<void> {
    for (const each of GROWING) {
      const { table } = named(each);
      const known = await this.#queries.all(
        sql`
          SELECT 1
          FROM pg_class
          WHERE oid = (SELECT tableoid FROM ${table} LIMIT 1) AND reltuples < ${rows}
        `,
      );
      if (known.length > 0) await this.#queries.run(sql`ANALYZE ${table}`);
    }
  }
}

/** Above this number, doubling takes longer than autovacuum's interval. */
const ENOUGH = 1_000_000;

const GROWING = [users, access, groups, groupMembers, accessValues, externalIds, counters];
