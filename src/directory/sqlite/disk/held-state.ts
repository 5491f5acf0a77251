/**
 * Keeps the reads of a connection on one state: all of them while a later state is not on the disk,
 * and otherwise those of a turn of the event loop, because to begin and end a transaction for each
 * costs nearly as much as a look-up.
 *
 * The connection maps the file into memory only while nothing is written. SQLite drops the map when
 * it sees a commit of another connection, and to map the pages of a look-up anew takes longer than
 * to read them.
 */
import type Database from 'better-sqlite3';

const MAPPED_BYTES = 268_435_456;
/** The file is mapped when nothing was committed for so long. */
const QUIET_MS = 100;

export class HeldState {
  readonly #db: Database.Database;
  readonly #statements;
  readonly #clock: () => number;
  #isHeld = false;
  #isOpen = false;
  #isMapped = false;
  #heldAt = Number.NEGATIVE_INFINITY;

  /** `clock`: monotonic, in milliseconds. */
  constructor(db: Database.Database, clock = () => performance.now()) {
    this.#db = db;
    this.#clock = clock;
    this.#statements = {
      begin: db.prepare('BEGIN'),
      // The state is that of the first read, which needs no page.
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
    this.#map(false);
    this.#heldAt = this.#clock();
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
    if (this.#isHeld) return;
    this.release();
    if (this.#db.open && this.#clock() - this.#heldAt > QUIET_MS) this.#map(true);
  };

  /** Between transactions. */
  #map(isMapped: boolean): void {
    if (isMapped === this.#isMapped) return;
    this.#db.pragma(`mmap_size = ${isMapped ? MAPPED_BYTES : 0}`);
    this.#isMapped = isMapped;
  }

  #begin(): void {
    this.#statements.begin.run();
    this.#isOpen = true;
  }
}
