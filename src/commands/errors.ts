/** How a command fails, and how the reason of a failure is told. */
import { ScimError } from '../scim/error.ts';

/** Only a person can mend it; the message is one line that says how. */
export class FatalError extends Error {
  override readonly name = 'FatalError';
}

/**
 * This process may no longer reconcile and serves nobody, so it must be restarted. The log says
 * why.
 */
export class LeadLostError extends Error {
  override readonly name = 'LeadLostError';
}

/** Of the program, and not of what it runs on. */
export function isDefect(error: unknown): boolean {
  const kinds = [TypeError, RangeError, ReferenceError, SyntaxError];
  return !(error instanceof Error) || kinds.some((kind) => error instanceof kind);
}

/** Of several addresses that one name has, Node.js tells one by one. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map(reasonOf).join('; ');
  }
  if (!(error instanceof Error)) return String(error);
  return error instanceof ScimError && error.cause !== undefined
    ? reasonOf(error.cause)
    : error.message;
}
