/** Opens the directory that a database URL names. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { type ResourceTypes, STANDARD_RESOURCE_TYPES } from '../scim/resource-types.ts';
import { openSqliteStore } from './sqlite/store.ts';
import type { Store } from './store.ts';

/**
 * `file:PATH`, relative or absolute; the folder is made. Throws DatabaseRefusedError when trying again can't help, any other
 * error when it may.
 */
export async function openDirectory(
  databaseUrl: string,
  types: ResourceTypes = STANDARD_RESOURCE_TYPES,
): Promise<Store> {
  const path = databaseUrl.replace(/^file:(\/\/(?=\/))?/, '');
  mkdirSync(dirname(path), { recursive: true });
  return openSqliteStore(path, types);
}
