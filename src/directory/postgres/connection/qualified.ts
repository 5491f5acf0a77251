/** Adds the schema to the tables in statements. */
import { escapeIdentifier } from 'pg';
import { TABLES } from '../tables.ts';

/** Matches the name of a table, but not an alias or a column of the same name. */
const NAMED = new RegExp(
  `\\b(FROM|JOIN|INTO|UPDATE|ANALYZE)(\\s+)"?(${TABLES.join('|')})\\b"?(?!"?\\s*\\.)`,
  'gi',
);

/** How many qualified texts are kept; filters can produce any number of texts. */
const MAX_KEPT = 500;

/**
 * Puts the schema before every table of the directory. Statements are shared with SQLite and
 * contain no values, so the word before a name shows that it is a table.
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
