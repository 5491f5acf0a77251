/** Measures on the database that is named, or on a fresh SQLite file and then a fresh PostgreSQL. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '../../hack/postgres/start.ts';

/** Returns whether every measurement was within its bounds. */
type Measure = (database: string, url: string) => Promise<boolean>;

export async function onDatabases(url: string | undefined, measure: Measure): Promise<boolean> {
  if (url !== undefined) return measure(url.split(':')[0] ?? '', url);
  const folder = mkdtempSync(join(tmpdir(), 'scim-bench-'));
  const onSqlite = await measure('SQLite', `file:${join(folder, 'directory.db')}`);
  rmSync(folder, { recursive: true, force: true });
  const server = await startPostgres();
  const onPostgres = await measure('PostgreSQL', server.url);
  await server.stop();
  return onSqlite && onPostgres;
}
