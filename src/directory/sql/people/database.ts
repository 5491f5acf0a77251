/** What the statements about people need of a database, so that they are written once for both. */
import type { SQL } from 'drizzle-orm';
import type { MembershipDialect } from '../followed-groups.ts';

/** Runs statements, each in a transaction of its own. Rejects with 503 if the database fails. */
export interface PeopleDatabase {
  readonly dialect: MembershipDialect;
  /**
   * Ends a SELECT from `access a` inside a write: the row stays as it was read until the write is
   * committed.
   */
  readonly held: SQL;
  all<Row>(statement: SQL<Row>): Promise<Row[]>;
  /** Returns how many rows were written. */
  run(statement: SQL): Promise<number>;
}
