/** URLs of databases: `file:PATH` and `postgres://…`. */
import { readFileSync } from 'node:fs';

export function isPostgres(databaseUrl: string): boolean {
  return /^postgres(ql)?:\/\//i.test(databaseUrl);
}

/** The URL as it may be shown and logged: without password. */
export function shownDatabaseUrl(databaseUrl: string): string {
  if (!isPostgres(databaseUrl)) return databaseUrl;
  const url = new URL(databaseUrl);
  if (url.password !== '') url.password = '***';
  for (const secret of ['password', 'sslpassword']) {
    if (url.searchParams.has(secret)) url.searchParams.set(secret, '***');
  }
  return url.href;
}

/** The URL that a file holds, as a mounted Secret does; a line break at its end is none of it. */
export function readDatabaseUrl(path: string): string {
  return readFileSync(path, 'utf8').trim();
}
