/** Texts that begin with a prefix, found by an index. */
import { type SQL, sql } from 'drizzle-orm';
import type { Expression } from '../conditions.ts';

/** Sorts behind every text that begins with the prefix. */
export const behindPrefix = (prefix: string): string => `${prefix}\u{10ffff}`;

/** True for texts that begin with the prefix. Both databases compare bytes, and can use an index. */
export function startsWith(text: Expression, prefix: string): SQL {
  // PostgreSQL has no text with NUL, so nothing begins with it.
  if (prefix.includes('\0')) return sql`1 = 0`;
  return sql`(${text} >= ${prefix} AND ${text} < ${behindPrefix(prefix)})`;
}
