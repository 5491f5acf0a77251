/** Keeps the reads of a connection on one state while a later one is not on the disk. */
import type Database from 'better-sqlite3';

export class HeldState {
  readonly #db: Database.Database;
  readonly #statements;

  constructor(db: Database.Database) {
    this.#db = db;
    this.#statements = {
      begin: db.prepare('BEGIN'),
      // The state is that of the first read.
      first: db.prepare('SELECT 1 FROM sqlite_schema LIMIT 1'),
      commit: db.prepare('COMMIT'),
    };
  }

  /** Until `release`, all reads see what is committed now. */
  hold(): void {
    this.#statements.begin.run();
    this.#statements.first.get();
  }

  release(): void {
    if (this.#db.inTransaction) this.#statements.commit.run();
  }
}
