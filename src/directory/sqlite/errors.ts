/**
 * What SQLite's errors mean: the key is taken, the database is unavailable, or this program has a
 * defect.
 */
import Database from 'better-sqlite3';
import { type ScimError, unavailable } from '../../scim/error.ts';
import { DatabaseFullError, DatabaseRefusedError } from '../database-errors.ts';
import { type ResourceName, taken } from '../sql/resource-key.ts';

/** Runs a write of the row. Refuses with uniqueness if another row has its key. */
export function refuseTaken(name: ResourceName, write: () => void): void {
  try {
    write();
  } catch (error) {
    throw isUniqueViolation(error) ? taken(name) : error;
  }
}

const isUniqueViolation = (error: unknown): boolean =>
  isSqliteError(error) && error.code === 'SQLITE_CONSTRAINT_UNIQUE';

const DEFECT = /^SQLITE_(CONSTRAINT|ERROR|MISMATCH|MISUSE|RANGE)/;

/**
 * If the database is unavailable, the error becomes 503. A statement that can never run is a defect
 * of this program; its error is kept and becomes 500.
 */
export function asScimError(error: unknown): unknown {
  return isSqliteError(error) && !DEFECT.test(error.code) ? asUnavailable(error) : error;
}

/** 503, whatever the error means. */
export function asUnavailable(error: unknown): ScimError {
  return unavailable(isFull(error) ? new DatabaseFullError('the volume is full') : error);
}

/**
 * Shared memory, which readers and the writer use, also needs space. The last two are codes of the
 * operating system.
 */
const FULL: readonly unknown[] = ['SQLITE_FULL', 'SQLITE_IOERR_SHMSIZE', 'ENOSPC', 'EDQUOT'];

export const isFull = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && FULL.includes(error.code);

/** What an error at opening means: a file of another kind is refused. */
export function asRefusal(error: unknown): unknown {
  return isSqliteError(error) && error.code === 'SQLITE_NOTADB'
    ? new DatabaseRefusedError('it is not a SQLite database; use another file')
    : error;
}

export const isCorrupt = (error: unknown): boolean =>
  isSqliteError(error) && error.code.startsWith('SQLITE_CORRUPT');

export function isSqliteError(error: unknown): error is InstanceType<typeof Database.SqliteError> {
  return error instanceof Database.SqliteError;
}
