/** Reads the operator's directory while the operator runs. */
import { globSync, rmSync } from 'node:fs';
import Database from 'better-sqlite3';
import { openDirectory } from '../../src/directory/open.ts';
import type { Store } from '../../src/directory/store/store.ts';
import type { PostgresServer } from '../postgres/start.ts';
import type { Closing } from '../trial.ts';

export type ReadDirectory = <T>(run: (store: Store) => Promise<T>) => Promise<T>;

/** A SQLite file belongs to the operator's process alone, so each reading is of a copy. */
export function readingCopies(file: string): ReadDirectory {
  let count = 0;
  return async (run) => {
    const copy = `${file}.copy-${++count}`;
    const source = new Database(file, { readonly: true });
    try {
      await source.backup(copy);
    } finally {
      source.close();
    }
    const store = await openDirectory(`file:${copy}`);
    try {
      return await run(store);
    } finally {
      await store.close();
      for (const path of globSync(`${copy}*`)) rmSync(path);
    }
  };
}

export async function readingPostgres(
  { url }: PostgresServer,
  closing: Closing,
): Promise<ReadDirectory> {
  const store = await openDirectory(url);
  closing.push(() => store.close());
  return (run) => run(store);
}
