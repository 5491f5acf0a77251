/**
 * What SQLite's errors mean: a taken key, a database that is not available now, or a defect of
 * ours.
 */
import { unavailable } from '../../scim/error.ts';
import { type ResourceName, taken } from '../sql/resource-key.ts';

/** Runs a write of the row; one that meets another row of the key is refused with uniqueness. */
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
 * A database that can't do it now is 503. A statement that it can never run is a defect of ours,
 * stays what it is and becomes 500.
 */
export function asScimError(error: unknown): unknown {
  return isSqliteError(error) && !DEFECT.test(error.code) ? unavailable(error) : error;
}

export function isSqliteError(error: unknown): error is Error & { code: string } {
  return error instanceof Error && error.name === 'SqliteError' && 'code' in error;
}
