/**
 * Forces the write-ahead log to the disk on a thread of Node.js, so that requests are served
 * meanwhile. SQLite would do so inside COMMIT, on the thread that serves them.
 */
// As an object, so that a test can let its functions wait and fail.
import fs from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';

const PIECE = 1_048_576;

/**
 * Makes sure that what an earlier process left in the log is on the disk. The disk may have failed
 * before that process ended. Nobody may be writing to the database.
 */
export function renewLog(path: string): void {
  const name = `${path}-wal`;
  if (!fs.existsSync(name)) return;
  const file = fs.openSync(name, 'r+');
  try {
    if ([...writeAgain(file)].length > 0) fs.fdatasyncSync(file);
  } finally {
    fs.closeSync(file);
  }
}

export class WriteAheadLog {
  readonly #file: number;

  /** The database must be open in WAL mode. */
  constructor(path: string) {
    this.#file = fs.openSync(`${path}-wal`, 'r+');
  }

  /**
   * Resolves when everything that was committed before the call is on the disk. Nothing may be
   * committed until then. `isAgain`: the call before has failed.
   */
  async force(isAgain: boolean): Promise<void> {
    if (isAgain) for (const _ of writeAgain(this.#file)) await nextTurn();
    await new Promise<void>((resolve, reject) => {
      fs.fdatasync(this.#file, (error) => (error === null ? resolve() : reject(error)));
    });
  }

  close(): void {
    fs.closeSync(this.#file);
  }
}

/**
 * After a failure, Linux takes what is in memory for written, and would not write it again. Yields
 * after each piece.
 */
function* writeAgain(file: number): Generator<void> {
  const { size } = fs.fstatSync(file);
  if (size === 0) return;
  const piece = Buffer.alloc(PIECE);
  let at = 0;
  while (at < size) {
    const length = fs.readSync(file, piece, 0, Math.min(PIECE, size - at), at);
    if (length === 0) break;
    at += fs.writeSync(file, piece, 0, length, at);
    yield;
  }
}
