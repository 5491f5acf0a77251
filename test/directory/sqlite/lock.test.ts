/** Two processes and one database file. */
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DatabaseRefusedError } from '../../../src/directory/database-errors.ts';
import { openDirectory } from '../../../src/directory/open.ts';
import { Program } from '../../support/program.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'scim-lock-'));
  path = join(folder, 'directory.db');
});
afterEach(() => rmSync(folder, { recursive: true }));

const IN_USE =
  'another process is using it; stop it, or use PostgreSQL, which several processes can share';

it('refuses a second process, in one line, until the first one ends', async () => {
  const store = await openDirectory(`file:${path}`);
  const second = new Program(['migrate', `--database-url=file:${path}`]);
  expect(await second.exited).toBe(1);
  expect(second.stderr).toBe(`scim-operator: the database file:${path} can't be used: ${IN_USE}\n`);
  await store.close();
  const third = new Program(['migrate', `--database-url=file:${path}`]);
  expect(await third.exited).toBe(0);
});

it('refuses a second process that names the file by a symbolic link', async () => {
  const store = await openDirectory(`file:${path}`);
  const link = join(folder, 'link.db');
  symlinkSync(path, link);
  await expect(openDirectory(`file:${link}`)).rejects.toThrow(new DatabaseRefusedError(IN_USE));
  await store.close();
});
