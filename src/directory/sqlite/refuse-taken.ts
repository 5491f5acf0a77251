/** Unique keys on SQLite. */
import { type ResourceName, taken } from '../sql/resource-key.ts';
import { isUniqueViolation } from './writer.ts';

/** Runs a write of the row; one that meets another row of the key is refused with uniqueness. */
export function refuseTaken(name: ResourceName, write: () => void): void {
  try {
    write();
  } catch (error) {
    throw isUniqueViolation(error) ? taken(name) : error;
  }
}
