/** Opens the directory that a database URL names. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { type ResourceTypes, STANDARD_RESOURCE_TYPES } from '../scim/resource-types.ts';
import { isPostgres } from './database-url.ts';
import { openPostgresStore, type PostgresOptions } from './postgres/store.ts';
import { openSqliteStore } from './sqlite/store.ts';
import type { Store } from './store.ts';

const DEFAULTS: PostgresOptions = { connections: 10, onPooler: () => undefined };

/**
 * `file:PATH`, relative or absolute, whose folder is made; or `postgres://…`. Throws DatabaseRefusedError when trying again
 * can't help, any other error when it may.
 */
export async function openDirectory(
  databaseUrl: string,
  types: ResourceTypes = STANDARD_RESOURCE_TYPES,
  options: PostgresOptions = DEFAULTS,
): Promise<Store> {
  if (isPostgres(databaseUrl)) return openPostgresStore(databaseUrl, types, options);
  const path = databaseUrl.replace(/^file:(\/\/(?=\/))?/, '');
  mkdirSync(dirname(path), { recursive: true });
  return openSqliteStore(path, types);
}
