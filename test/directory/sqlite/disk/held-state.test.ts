import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { HeldState } from '../../../../src/directory/sqlite/disk/held-state.ts';

let folder: string;
let write: Database.Database;
let read: Database.Database;
let state: HeldState;
let now: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'scim-state-'));
  const path = join(folder, 'test.db');
  write = new Database(path);
  write.pragma('journal_mode = WAL');
  write.exec('CREATE TABLE notes (text TEXT NOT NULL)');
  read = new Database(path, { readonly: true });
  now = 0;
  state = new HeldState(read, () => now);
});

afterEach(async () => {
  read.close();
  write.close();
  await rm(folder, { recursive: true });
});

const note = () => write.exec(`INSERT INTO notes VALUES ('a note')`);
function count(): unknown {
  state.share();
  return read.prepare('SELECT count(*) FROM notes').pluck().get();
}

it('the reads of a turn see one state, and those of the next one what was written', async () => {
  expect(count()).toBe(0);
  note();
  expect(count()).toBe(0);
  await nextTurn();
  expect(count()).toBe(1);
});

it('a state that was released is seen in the same turn', () => {
  expect(count()).toBe(0);
  state.hold();
  note();
  expect(count()).toBe(0);
  state.release();
  expect(count()).toBe(1);
});

it('a state that is held outlives the turn', async () => {
  expect(count()).toBe(0);
  state.hold();
  note();
  await nextTurn();
  expect(count()).toBe(0);
  expect(state.isLost).toBe(false);
  state.release();
  expect(count()).toBe(1);
});

it('reads don’t keep the log from beginning again once their turn is over', async () => {
  note();
  count();
  await nextTurn();
  expect(write.pragma('wal_checkpoint(TRUNCATE)')).toMatchObject([{ busy: 0, log: 0 }]);
});

it('reads go on after an error has ended their transaction', async () => {
  count();
  read.exec('ROLLBACK');
  note();
  expect(count()).toBe(1);
  await nextTurn();
  expect(count()).toBe(1);
});

it('the file is mapped into memory only while nothing is written', async () => {
  const mappedBytes = () => read.pragma('mmap_size', { simple: true });
  const readLater = async (ms: number) => {
    now += ms;
    const notes = count();
    await nextTurn();
    return notes;
  };
  await readLater(0);
  expect(mappedBytes()).toBeGreaterThan(0);
  state.hold();
  note();
  expect(count()).toBe(0);
  expect(mappedBytes()).toBe(0);
  state.release();
  expect(await readLater(1)).toBe(1);
  expect(mappedBytes()).toBe(0);
  expect(await readLater(1_000)).toBe(1);
  expect(mappedBytes()).toBeGreaterThan(0);
});

it('a turn may end after the connection was closed', async () => {
  count();
  read.close();
  await nextTurn();
});
