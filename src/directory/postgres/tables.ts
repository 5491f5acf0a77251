/** The names of the directory's tables. */
import { getTableName, is } from 'drizzle-orm';
import { PgTable } from 'drizzle-orm/pg-core';
import { registry } from './registry.ts';
import * as schema from './schema.ts';

export const TABLES: readonly string[] = [...Object.values(schema), registry]
  .filter((table) => is(table, PgTable))
  .map(getTableName);
