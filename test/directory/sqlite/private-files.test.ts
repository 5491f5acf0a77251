/** Who can read the files of a directory. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openDirectory } from '../../../src/directory/open.ts';
import { makePrivate } from '../../../src/directory/sqlite/private-files.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'scim-private-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);

async function withUmask(umask: number, run: () => Promise<void>): Promise<void> {
  const before = process.umask(umask);
  try {
    await run();
  } finally {
    process.umask(before);
  }
}

function modesIn(directory: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(directory).map((name) => [name, mode(join(directory, name))]),
  );
}

const PRIVATE = {
  'scim.db': '600',
  'scim.db-lock': '600',
  'scim.db-shm': '600',
  'scim.db-wal': '600',
};

it.each([0o000, 0o022, 0o277])(
  'only their owner can use the files, whatever the umask is: %o',
  async (umask) => {
    await withUmask(umask, async () => {
      const store = await openDirectory(`file:${join(folder, 'scim.db')}`);
      expect(modesIn(folder)).toEqual(PRIVATE);
      await store.close();
    });
  },
);

it('a missing folder is refused and not created, because its volume may not be mounted', async () => {
  const missing = join(folder, 'missing');
  await expect(openDirectory(`file:${join(missing, 'scim.db')}`)).rejects.toThrow(
    `the folder ${missing} doesn't exist; create it, or mount its volume`,
  );
  expect(existsSync(missing)).toBe(false);
});

it('files that an earlier process left open to others become private', async () => {
  const path = join(folder, 'scim.db');
  const first = await openDirectory(`file:${path}`);
  await first.close();
  for (const name of readdirSync(folder)) chmodSync(join(folder, name), 0o666);
  const second = await openDirectory(`file:${path}`);
  expect(modesIn(folder)).toEqual(PRIVATE);
  await second.close();
});

it('files in an existing folder are private, and the folder keeps its mode', async () => {
  const shared = join(folder, 'shared');
  mkdirSync(shared);
  chmodSync(shared, 0o755);
  const store = await openDirectory(`file:${join(shared, 'scim.db')}`);
  expect(mode(shared)).toBe('755');
  expect(modesIn(shared)).toEqual(PRIVATE);
  await store.close();
});

it("the mode of another program's database stays as it was, and the database is refused", async () => {
  const path = join(folder, 'other.db');
  new Database(path).exec('CREATE TABLE notes (text)').close();
  chmodSync(path, 0o640);
  await expect(openDirectory(`file:${path}`)).rejects.toThrow('belongs to another program');
  expect(mode(path)).toBe('640');
});

it("the reason is given if the mode can't be changed", () => {
  // No user may change the mode of such a file.
  expect(makePrivate('/proc/self/status')).toBe(
    '/proc/self/status can be read by other users, and chmod fails (EPERM)',
  );
});
