/** Why a database can't be used. */

/** Retrying can't help: the file is another program's, or of another version. The message completes "the database …: ". */
export class DatabaseRefusedError extends Error {
  override readonly name = 'DatabaseRefusedError';
}
