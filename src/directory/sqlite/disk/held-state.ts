/** Keeps the reads of a connection on one state while a later one is not on the disk. */
import type Database from 'better-sqlite3';

export class HeldState {
  readonly #db: Database.Database;
  readonly #statements;
  #isHeld = false;

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
    this.release();
    this.#statements.begin.run();
    this.#isHeld = true;
    this.#statements.first.get();
  }

  /** Whether an error has ended the transaction. Reads would see what is not on the disk. */
  get isLost(): boolean {
    return this.#isHeld && !this.#db.inTransaction;
  }

  release(): void {
    this.#isHeld = false;
    if (this.#db.inTransaction) this.#statements.commit.run();
  }
}
