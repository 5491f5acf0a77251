/** Parameters of an address, which anybody can write. */
import { wrongCursor } from '../frame/page-error.ts';

/** A cursor contains the name that a page ends with, which may have 1,000 characters and more. */
const LONGEST_CURSOR = 8_200;

/** Undefined if the parameter is missing, empty, too long or contains controls. */
export function queryParameter(
  query: URLSearchParams,
  name: string,
  longest = 200,
): string | undefined {
  const value = query.get(name)?.trim();
  if (!value || value.length > longest || /\p{Cc}/u.test(value)) return undefined;
  return value;
}

/**
 * Where a page begins. Throws PageError for a text that can't be a cursor. The directory knows the
 * cursors of each list, and rejects others with CursorError.
 */
export function cursorIn(query: URLSearchParams, name = 'after'): string | undefined {
  const value = query.get(name);
  if (!value) return undefined;
  if (value.length <= LONGEST_CURSOR && /^[\w.~-]+$/.test(value)) return value;
  throw wrongCursor();
}
