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
 * filling for an empty one, and its plans are hundreds of times slower. Therefore the tables are
 * analysed each time the number of written rows has doubled.
 */
export class Statistics {
  readonly #queries: Queries;
  #written = 0;
  #next = 250;

  constructor(queries: Queries) {
    this.#queries = queries;
  }

  /** A database that was restored from a dump has no statistics. */
  async begin(): Promise<void> {
    const missing = await this.#queries.all(
      sql`
        SELECT 1
        FROM pg_class
        WHERE oid = (SELECT tableoid FROM ${named(access).table} LIMIT 1) AND reltuples < 0
      `,
    );
    if (missing.length > 0) await this.#analyze();
  }

  /** Counts rows of users, groups and memberships that were written. */
  note(rows: number): void {
    this.#written += rows;
    if (this.#written < this.#next || this.#next > ENOUGH) return;
    this.#next *= 2;
    // If the role lacks the privilege to analyse, or the database is unavailable, autovacuum does
    // it.
    this.#analyze().catch(() => undefined);
  }

  async #analyze(): Promise<void> {
    for (const table of GROWING) await this.#queries.run(sql`ANALYZE ${named(table).table}`);
  }
}

/** Above this number, doubling takes longer than autovacuum's interval. */
const ENOUGH = 1_000_000;

const GROWING = [users, access, groups, groupMembers, accessValues, externalIds, counters];
