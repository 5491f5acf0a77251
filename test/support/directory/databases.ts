/** Every database, for `describe.each`. */
import { usePostgres } from './postgres.ts';
import { useSqlite } from './sqlite.ts';

export const DATABASES = [
  ['SQLite', useSqlite],
  ['PostgreSQL', usePostgres],
] as const;
