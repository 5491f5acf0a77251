/** Statements become the same text and parameters that Drizzle would compose. */
import { StringChunk, sql } from 'drizzle-orm';
import { PgDialect } from 'drizzle-orm/pg-core';
import { describe, expect, it } from 'vitest';
import { access } from '../../../src/directory/postgres/schema.ts';
import { composer } from '../../../src/directory/sql/compose.ts';
import { Slot } from '../../../src/directory/sql/template.ts';

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

  it('has one parameter for a slot that occurs more than once', () => {
    const [tenant, at] = [new Slot('tenant'), new Slot('at')];
    const text = new Slot('at', String);
    const statement = sql`SELECT ${tenant}, ${at}, ${tenant}, ${text} WHERE ${at} > ${1}`;
    const { sql: written, params } = compose(statement);
    expect(written).toBe('SELECT $1, $2, $1, $3 WHERE $2 > $4');
    expect(params).toEqual([tenant, at, text, 1]);
  });
});
