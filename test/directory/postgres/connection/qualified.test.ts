/**
 * Statements get the schema of the directory's tables. The contract of stores runs without a search
 * path to them.
 */
import { describe, expect, it } from 'vitest';
import { qualifier } from '../../../../src/directory/postgres/connection/qualified.ts';

describe('a statement with the schema of its tables', () => {
  it.each([
    [
      'SELECT * FROM access a JOIN users u ON u.id = a.id',
      'SELECT * FROM "S 9"."access" a JOIN "S 9"."users" u ON u.id = a.id',
    ],
    ['INSERT INTO tokens (hash) VALUES ($1)', 'INSERT INTO "S 9"."tokens" (hash) VALUES ($1)'],
    [
      'UPDATE tokens SET hash = $1 WHERE tokens.id = $2',
      'UPDATE "S 9"."tokens" SET hash = $1 WHERE tokens.id = $2',
    ],
    [
      'select "tokens"."hash" from "tokens" where "tokens"."hash" = $1',
      'select "tokens"."hash" from "S 9"."tokens" where "tokens"."hash" = $1',
    ],
    ['SELECT a IS DISTINCT FROM access.version', 'SELECT a IS DISTINCT FROM access.version'],
    [
      'SELECT a IS DISTINCT FROM "access"."version"',
      'SELECT a IS DISTINCT FROM "access"."version"',
    ],
    ['SELECT users FROM access_valuesx', 'SELECT users FROM access_valuesx'],
    [
      'SELECT 1 FROM groups g FOR UPDATE OF groups',
      'SELECT 1 FROM "S 9"."groups" g FOR UPDATE OF groups',
    ],
    ['ANALYZE counters', 'ANALYZE "S 9"."counters"'],
  ])('%s', (statement, expected) => {
    const qualified = qualifier('S 9');
    expect(qualified(statement)).toBe(expected);
    expect(qualified(statement)).toBe(expected);
  });

  it('is safe even if the name of the schema contains a quote', () => {
    expect(qualifier('a"b')('ANALYZE users')).toBe('ANALYZE "a""b"."users"');
  });
});
