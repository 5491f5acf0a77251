/** Acknowledged writes survive, whenever the process is killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDirectory } from '../../../src/directory/open.ts';
import { ACME, groupQuery, unpacked, userQuery } from '../contract/fixture.ts';

const CHILD = new URL('../../support/directory/restless-writer.ts', import.meta.url).pathname;

let folder: string;
let path: string;
let running: ChildProcess | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'scim-durability-'));
  path = join(folder, 'directory.db');
});

afterEach(async () => {
  running?.kill('SIGKILL');
  await rm(folder, { recursive: true });
});

/**
 * Kills the writing process after at least this number of acknowledgements. Returns the ids of all
 * that arrived.
 */
async function acknowledgedBeforeKill(prefix: string, atLeast: number): Promise<readonly string[]> {
  const child = spawn(process.execPath, [CHILD, path, prefix], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running = child;
  let text = '';
  const lines = () => text.split('\n').slice(0, -1);
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    if (lines().length >= atLeast) child.kill('SIGKILL');
  });
  const [code] = await once(child, 'close');
  expect(code).toBeNull();
  return lines();
}

describe('the directory on SQLite', () => {
  it('has every acknowledged write after SIGKILL, and is intact', async () => {
    const acknowledged: string[] = [];
    for (const [round, atLeast] of [200, 37, 500].entries()) {
      acknowledged.push(...(await acknowledgedBeforeKill(`round${round}`, atLeast)));
      const store = await openDirectory(`file:${path}`);
      const users = new Set<string>();
      const { total } = await store.users.list(ACME, userQuery({ limit: 0 }));
      for (let offset = 0; offset < total; offset += 1000) {
        const { records } = await store.users.list(ACME, userQuery({ offset }));
        for (const { id } of records) users.add(id);
      }
      const { records } = await store.groups.list(ACME, groupQuery({ related: true }));
      const members = new Set(
        records.flatMap((each) => unpacked(each.members)).map(({ value }) => value),
      );
      await store.close();
      expect(total).toBe(users.size);
      expect(acknowledged.filter((id) => !users.has(id))).toEqual([]);
      expect(acknowledged.filter((id) => !members.has(id))).toEqual([]);
      const db = new Database(path, { readonly: true });
      expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
      db.close();
    }
  });
});
