/** Opens the directory that a database URL names. */
import { type ResourceTypes, STANDARD_RESOURCE_TYPES } from '../scim/resource-types.ts';
import { DatabaseRefusedError } from './database-errors.ts';
import { isPostgres, sqlitePath } from './database-url.ts';
import { openPostgresStore, type PostgresOptions } from './postgres/store.ts';
import { openSqliteStore, type SqliteOptions } from './sqlite/store.ts';
import type { Store } from './store/store.ts';
import { withTokenCache } from './token-cache.ts';

interface DirectoryOptions extends PostgresOptions, SqliteOptions {}

export const DEFAULTS: DirectoryOptions = { connections: 10, onPooler: () => undefined };

/**
 * Opens `file:PATH`, relative or absolute, and creates its folder; or `postgres://…`. If the URL is
 * a function, each new connection calls it. Throws DatabaseRefusedError if retrying can't help, and
 * any other error if it may.
 */
export async function openDirectory(
  databaseUrl: string | (() => string),
  types: ResourceTypes = STANDARD_RESOURCE_TYPES,
  options: DirectoryOptions = DEFAULTS,
): Promise<Store> {
  const readUrl = typeof databaseUrl === 'string' ? () => databaseUrl : databaseUrl;
  const url = readUrl();
  if (isPostgres(url)) return withTokenCache(await openPostgresStore(readUrl, types, options));
  if (!url.startsWith('file:')) {
    throw new DatabaseRefusedError('its URL must begin with file: or postgres://');
  }
  return withTokenCache(openSqliteStore(sqlitePath(url), types, options));
}
