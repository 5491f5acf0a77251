/** Where a page of the console ends, as an opaque text. */

/** A list of texts: the key of the last row. */
export function pageCursor(...key: readonly string[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

/** Undefined for a text that isn't a cursor of so many texts. */
export function pageKey(cursor: string | undefined, length: number): readonly string[] | undefined {
  if (cursor === undefined) return undefined;
  try {
    const key: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    return Array.isArray(key) && key.length === length && key.every(isStorable) ? key : undefined;
  } catch {
    return undefined;
  }
}

/** PostgreSQL has no text with NUL. */
const isStorable = (value: unknown): value is string =>
  typeof value === 'string' && !value.includes('\0');
