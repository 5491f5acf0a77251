/** The ways in which a command fails, and how a failure's reason is put into words. */
import { ScimError } from '../scim/error.ts';

/** A problem that a person must fix. The message is one line that says how. */
export class FatalError extends Error {
  override readonly name = 'FatalError';
}

/**
 * The process may no longer reconcile and doesn't serve SCIM either, so it must be restarted. The
 * log says why.
 */
export class LeadLostError extends Error {
  override readonly name = 'LeadLostError';
}

/** Whether an error is a defect of the program and not a fault of its environment. */
export function isDefect(error: unknown): boolean {
  const kinds = [TypeError, RangeError, ReferenceError, SyntaxError];
  return !(error instanceof Error) || kinds.some((kind) => error instanceof kind);
}

/** If a name has several addresses, Node.js reports an error for each of them. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map(reasonOf).join('; ');
  }
  if (!(error instanceof Error)) return String(error);
  return error instanceof ScimError && error.cause !== undefined
    ? reasonOf(error.cause)
    : error.message;
}
