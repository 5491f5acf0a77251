/** Statistics of the tables, refreshed while they fill. */
import { sql } from 'drizzle-orm';
import type { Queries } from './connection.ts';

/**
 * Autovacuum looks once a minute. Until then the planner takes a table that an initial sync is filling for an empty one, and its plans
 * are slower by hundreds: so whoever writes has the tables analysed at each doubling of what was written.
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
      sql`SELECT 1 FROM pg_class WHERE oid = to_regclass('access') AND reltuples < 0 AND pg_relation_size(oid) > 0`,
    );
    if (missing.length > 0) await this.#queries.run(ANALYZE);
  }

  /** So many rows of users, groups and memberships were written. */
  note(rows: number): void {
    this.#written += rows;
    if (this.#written < this.#next || this.#next > ENOUGH) return;
    this.#next *= 2;
    // A user without the privilege to analyse leaves it to autovacuum, and so does a database that is away.
    this.#queries.run(ANALYZE).catch(() => undefined);
  }
}

/** From here on a doubling takes longer than autovacuum. */
const ENOUGH = 1_000_000;

const ANALYZE = sql`ANALYZE users, access, groups, group_members, search_documents, access_values, external_ids, counters`;
