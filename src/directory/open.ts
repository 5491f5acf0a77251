/** Opens the directory that a database URL names. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { type ResourceTypes, STANDARD_RESOURCE_TYPES } from '../scim/resource-types.ts';
import { openPostgresStore } from './postgres/store.ts';
import { openSqliteStore } from './sqlite/store.ts';
import type { Store } from './store.ts';

/**
 * `file:PATH`, relative or absolute, whose folder is made; or `postgres://…`. Throws DatabaseRefusedError when trying again
 * can't help, any other error when it may.
 */
export async function openDirectory(
  databaseUrl: string,
  types: ResourceTypes = STANDARD_RESOURCE_TYPES,
): Promise<Store> {
  if (isPostgres(databaseUrl)) return openPostgresStore(databaseUrl, types);
  const path = databaseUrl.replace(/^file:(\/\/(?=\/))?/, '');
  mkdirSync(dirname(path), { recursive: true });
  return openSqliteStore(path, types);
}

export function isPostgres(databaseUrl: string): boolean {
  return /^postgres(ql)?:\/\//i.test(databaseUrl);
}

/** The URL as it may be shown and logged: without password. */
export function shownDatabaseUrl(databaseUrl: string): string {
  if (!isPostgres(databaseUrl)) return databaseUrl;
  const url = new URL(databaseUrl);
  if (url.password !== '') url.password = '***';
  if (url.searchParams.has('password')) url.searchParams.set('password', '***');
  return url.href;
}
