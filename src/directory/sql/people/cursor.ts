/** Where a page of the console ends, as an opaque text. */
import { CursorError } from '../../store/cursor-error.ts';

/** A list of texts: the key of the last row. */
export function pageCursor(...key: readonly string[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

/**
 * Undefined without a cursor. Throws CursorError for a text that isn't a cursor of so many texts.
 */
export function pageKey(cursor: string | undefined, length: number): readonly string[] | undefined {
  if (cursor === undefined) return undefined;
  const key = parsed(Buffer.from(cursor, 'base64url').toString());
  if (!Array.isArray(key) || key.length !== length || !key.every(isStorable))
    throw new CursorError();
  return key;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** PostgreSQL has no text with NUL. */
const isStorable = (value: unknown): value is string =>
  typeof value === 'string' && !value.includes('\0');
