/** Statements become the same text and parameters that Drizzle would compose. */
import { StringChunk, sql } from 'drizzle-orm';
import { PgDialect } from 'drizzle-orm/pg-core';
import { describe, expect, it } from 'vitest';
import { access } from '../../../src/directory/postgres/schema.ts';
import { composer } from '../../../src/directory/sql/compose.ts';

const dialect = new PgDialect();
const compose = composer(dialect, (position) => `$${position}`);
const condition = sql`tenant = ${'t'} AND version > ${2}`;

describe('a statement', () => {
  it.each([
    ['text alone', sql`SELECT 1`],
    ['parameters', sql`SELECT ${'a'}, ${1}, ${true}, ${null}, ${sql.param(['a', 'b'])}`],
    ['statements in it', sql`SELECT 1 WHERE ${condition} OR NOT (${condition}) LIMIT ${3}`],
    ['a list', sql`SELECT 1 WHERE ${sql.join([condition, condition], sql` AND `)}`],
    ['names', sql`SELECT ${new StringChunk('a.id')} FROM ${sql.raw('access a')}`],
    ["Drizzle's tables and columns", sql`SELECT ${access.id} FROM ${access} WHERE ${condition}`],
    ['a list in parentheses', sql`SELECT 1 WHERE ${1} IN ${[1, 2]}`],
    ['a part that is left out', sql`SELECT 1 ${undefined} WHERE ${condition}`],
  ])('with %s is composed as Drizzle composes it', (_, statement) => {
    const { sql: text, params } = dialect.sqlToQuery(statement);
    expect(compose(statement)).toEqual(expect.objectContaining({ sql: text, params }));
  });
});
