/** URLs of databases: `file:PATH` and `postgres://…`. */
import { readFileSync } from 'node:fs';

export function isPostgres(databaseUrl: string): boolean {
  return /^postgres(ql)?:\/\//i.test(databaseUrl);
}

const HIDDEN = '***';

/**
 * Parameters whose values are shown. Of any other, known to the driver or not, the value may be a
 * secret.
 */
const HARMLESS =
  /^(application_name|host|port|user|schema|ssl|sslmode|sslnegotiation|sslrootcert|sslcert|sslkey)$/;

/** The URL as it may be shown and logged: without passwords, wherever in it they are. */
export function shownDatabaseUrl(databaseUrl: string): string {
  if (!isPostgres(databaseUrl)) return databaseUrl;
  // An unescaped slash in a password makes the rest of it the path.
  const url = URL.canParse(databaseUrl) ? new URL(databaseUrl) : undefined;
  if (url === undefined || url.pathname.includes('@')) return `postgres://${HIDDEN}`;
  if (url.password !== '') url.password = HIDDEN;
  for (const name of new Set(url.searchParams.keys())) {
    if (!HARMLESS.test(name)) url.searchParams.set(name, HIDDEN);
  }
  url.hash = '';
  return url.href;
}

/** The URL that a file holds, as a mounted Secret does; a line break at its end is none of it. */
export function readDatabaseUrl(path: string): string {
  return readFileSync(path, 'utf8').trim();
}
