/**
 * Keeps the reads of a connection on one state: all of them while a later state is not on the disk,
 * and otherwise those of a turn of the event loop, because to begin and end a transaction for each
 * costs nearly as much as a look-up.
 */
import type Database from 'better-sqlite3';

export class HeldState {
  readonly #db: Database.Database;
  readonly #statements;
  #isHeld = false;
  #isOpen = false;

  constructor(db: Database.Database) {
    this.#db = db;
    this.#statements = {
      begin: db.prepare('BEGIN'),
      // The state is that of the first read. One that needs a row would map the file anew after each
      // commit of the other connection.
      first: db.prepare('SELECT 1 FROM sqlite_schema WHERE FALSE'),
      commit: db.prepare('COMMIT'),
    };
  }

  /** Call this before each read. A write that is answered meanwhile is seen: `release` ends the state. */
  share(): void {
    if (this.#isOpen) return;
    this.#begin();
    setImmediate(this.#endTurn);
  }

  /** Until `release`, all reads see what is committed now. */
  hold(): void {
    this.release();
    this.#begin();
    this.#isHeld = true;
    this.#statements.first.get();
  }

  /** Whether an error has ended the transaction. Reads would see what is not on the disk. */
  get isLost(): boolean {
    return this.#isHeld && !this.#db.inTransaction;
  }

  release(): void {
    this.#isHeld = false;
    this.#isOpen = false;
    if (this.#db.inTransaction) this.#statements.commit.run();
  }

  readonly #endTurn = (): void => {
    if (!this.#isHeld) this.release();
  };

  #begin(): void {
    this.#statements.begin.run();
    this.#isOpen = true;
  }
}
