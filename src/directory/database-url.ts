/** URLs of databases: `file:PATH` and `postgres://…`. */
import { readFileSync } from 'node:fs';

export function isPostgres(databaseUrl: string): boolean {
  return /^postgres(ql)?:\/\//i.test(databaseUrl);
}

/** The path in `file:PATH`, relative or absolute. */
export function sqlitePath(databaseUrl: string): string {
  return databaseUrl.replace(/^file:(\/\/(?=\/))?/, '');
}

const HIDDEN = '***';

/**
 * The parameters whose values are shown. The value of any other parameter, known or unknown to the
 * driver, may be a secret.
 */
const HARMLESS = new Set([
  ...['application_name', 'host', 'port', 'user', 'schema', 'pooler_prepared_statements'],
  ...['ssl', 'sslmode', 'sslnegotiation', 'sslrootcert', 'sslcert', 'sslkey'],
]);

/** The URL for messages and logs, without passwords in any part. */
export function shownDatabaseUrl(databaseUrl: string): string {
  if (!isPostgres(databaseUrl)) return databaseUrl;
  // An unescaped slash in a password turns the rest of it into the path.
  const url = URL.canParse(databaseUrl) ? new URL(databaseUrl) : undefined;
  if (url === undefined || url.pathname.includes('@')) return `postgres://${HIDDEN}`;
  if (url.password !== '') url.password = HIDDEN;
  for (const name of new Set(url.searchParams.keys())) {
    if (!HARMLESS.has(name)) url.searchParams.set(name, HIDDEN);
  }
  url.hash = '';
  return url.href;
}

/** Reads the URL from a file, such as a mounted Secret, without a line break at the end. */
export function readDatabaseUrl(path: string): string {
  return readFileSync(path, 'utf8').trim();
}
