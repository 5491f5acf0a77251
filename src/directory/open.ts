/** Opens the directory that a database URL names. */
import { type ResourceTypes, STANDARD_RESOURCE_TYPES } from '../scim/resource-types.ts';
import { DatabaseRefusedError } from './database-errors.ts';
import { isPostgres } from './database-url.ts';
import { openPostgresStore, type PostgresOptions } from './postgres/store.ts';
import { openSqliteStore } from './sqlite/store.ts';
import type { Store } from './store/store.ts';

interface DirectoryOptions extends PostgresOptions {
  /**
   * Told where files of a directory on SQLite can be read by other users of the machine, and why
   * that stays so.
   */
  readonly onReadableByOthers?: (reason: string) => void;
}

const DEFAULTS: DirectoryOptions = { connections: 10, onPooler: () => undefined };

/**
 * `file:PATH`, relative or absolute, whose folder is made; or `postgres://…`. Where the URL can be
 * read again, each new connection does so. Throws DatabaseRefusedError when trying again can't
 * help, any other error when it may.
 */
export async function openDirectory(
  databaseUrl: string | (() => string),
  types: ResourceTypes = STANDARD_RESOURCE_TYPES,
  options: DirectoryOptions = DEFAULTS,
): Promise<Store> {
  const readUrl = typeof databaseUrl === 'string' ? () => databaseUrl : databaseUrl;
  const url = readUrl();
  if (isPostgres(url)) return openPostgresStore(readUrl, types, options);
  if (!url.startsWith('file:')) {
    throw new DatabaseRefusedError('its URL must begin with file: or postgres://');
  }
  const path = url.replace(/^file:(\/\/(?=\/))?/, '');
  return openSqliteStore(path, types, options.onReadableByOthers);
}
