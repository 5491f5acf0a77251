/** Statements with the schema of their tables. */
import { escapeIdentifier } from 'pg';
import { TABLES } from '../tables.ts';

/** Where a statement names a table, and not an alias or a column of that name. */
const NAMED = new RegExp(
  `\\b(FROM|JOIN|INTO|UPDATE|ANALYZE)(\\s+)"?(${TABLES.join('|')})\\b"?(?!"?\\s*\\.)`,
  'gi',
);

/** Texts kept in their qualified form; of those of filters there is no end. */
const MAX_KEPT = 500;

/**
 * Puts the schema before every table of the directory. Statements are shared with SQLite and hold
 * no values, so the word before a name tells that it is a table.
 */
export function qualifier(schema: string): (statement: string) => string {
  const kept = new Map<string, string>();
  const prefix = `${escapeIdentifier(schema)}.`;
  return (statement) => {
    const known = kept.get(statement);
    if (known !== undefined) return known;
    const qualified = statement.replace(
      NAMED,
      (_, word, space, table) => `${word}${space}${prefix}"${table}"`,
    );
    if (kept.size < MAX_KEPT) kept.set(statement, qualified);
    return qualified;
  };
}
