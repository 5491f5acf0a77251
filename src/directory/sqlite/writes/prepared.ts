/**
 * Statements that are prepared once and take their parameters in order. Drizzle's mapping of named
 * parameters takes as long as a small write.
 */
import type Database from 'better-sqlite3';
import type { SQL } from 'drizzle-orm';
import { SQLiteSyncDialect } from 'drizzle-orm/sqlite-core';
import type { SqliteConnection } from '../connections.ts';

const dialect = new SQLiteSyncDialect();

/** Parameters are written as `?`, and as `+?` in a condition, so that the plan is kept. */
export function prepared<Given extends unknown[], Row = unknown>(
  { raw }: Pick<SqliteConnection, 'raw'>,
  statement: SQL,
): Database.Statement<Given, Row> {
  return raw.prepare<Given, Row>(dialect.sqlToQuery(statement).sql);
}
