/** Statistics of the tables, refreshed while they fill. */
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
  searchDocuments,
  users,
} from './schema.ts';

/**
 * Autovacuum looks once a minute. Until then the planner takes a table that an initial sync is
 * filling for an empty one, and its plans are slower by hundreds: so whoever writes has the tables
 * analysed at each doubling of what was written.
 */
export class Statistics {
  readonly #queries: Queries;
  #written = 0;
  #next = 250;

  constructor(queries: Queries) {
    this.#queries = queries;
  }

  /** A database that was restored from a dump has none at all. */
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

  /** So many rows of users, groups and memberships were written. */
  note(rows: number): void {
    this.#written += rows;
    if (this.#written < this.#next || this.#next > ENOUGH) return;
    this.#next *= 2;
    // A user without the privilege to analyse leaves it to autovacuum, and so does a database that
    // is away.
    this.#analyze().catch(() => undefined);
  }

  async #analyze(): Promise<void> {
    for (const table of GROWING) await this.#queries.run(sql`ANALYZE ${named(table).table}`);
  }
}

/** From here on a doubling takes longer than autovacuum. */
const ENOUGH = 1_000_000;

const GROWING = [
  users,
  access,
  groups,
  groupMembers,
  searchDocuments,
  accessValues,
  externalIds,
  counters,
];
