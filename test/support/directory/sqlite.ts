/** Directories on SQLite, each in its own folder. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULTS, openDirectory } from '../../../src/directory/open.ts';
import type { ActivityOptions } from '../../../src/directory/store/activity.ts';
import type { Store } from '../../../src/directory/store/store.ts';
import { type ResourceTypes, STANDARD_RESOURCE_TYPES } from '../../../src/scim/resource-types.ts';

export interface SqliteDirectory {
  readonly store: Store;
  readonly path: string;
  /** Closes the store and deletes its data. */
  close(): Promise<void>;
}

export async function useSqlite(
  types: ResourceTypes = STANDARD_RESOURCE_TYPES,
  activity: ActivityOptions = {},
): Promise<SqliteDirectory> {
  const folder = await mkdtemp(join(tmpdir(), 'scim-directory-'));
  const path = join(folder, 'directory.db');
  const store = await openDirectory(`file:${path}`, types, { ...DEFAULTS, activity });
  return {
    store,
    path,
    close: async () => {
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
}
