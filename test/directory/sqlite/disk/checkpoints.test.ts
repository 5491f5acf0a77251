import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Checkpoints } from '../../../../src/directory/sqlite/disk/checkpoints.ts';
import { Writer } from '../../../../src/directory/sqlite/writer.ts';
import { eventually } from '../../../support/eventually.ts';

let folder: string;
let path: string;
let db: Database.Database;
let checkpoints: Checkpoints;
let writer: Writer;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'scim-checkpoints-'));
  path = join(folder, 'test.db');
  db = new Database(path);
  db.pragma('journal_mode = WAL');
  db.exec('CREATE TABLE notes (text TEXT NOT NULL)');
  start(path);
});

afterEach(async () => {
  await checkpoints.close();
  db.close();
  await rm(folder, { recursive: true });
});

function start(given: string): void {
  const reads = { running: 0, pause: () => undefined, resume: () => undefined };
  checkpoints = new Checkpoints(given, db, reads);
  writer = new Writer(db, { tidy: (isLacking) => checkpoints.tidy(isLacking) });
}

const note = (text: string) =>
  writer.write(() => db.prepare('INSERT INTO notes VALUES (?)').run(text));
const noteOfPages = (pages: number) => note('x'.repeat(4_096 * pages));
const pages = () => (db.pragma('wal_checkpoint(NOOP)') as readonly { readonly log: number }[])[0];
const count = () => db.prepare('SELECT count(*) FROM notes').pluck().get();

describe('checkpoints', () => {
  it('let the log begin again, once it has grown', async () => {
    await noteOfPages(900);
    await note('small');
    expect(pages()).toMatchObject({ checkpointed: 0 });
    await noteOfPages(200);
    await eventually(async () => {
      await noteOfPages(50);
      expect(pages()?.log).toBeLessThan(900);
    });
    const copy = new Database(path, { readonly: true });
    expect(copy.pragma('integrity_check', { simple: true })).toBe('ok');
    expect(copy.prepare('SELECT count(*) FROM notes').pluck().get()).toBe(count());
    copy.close();
  });

  it('let it begin again while writes never pause', async () => {
    const sizes: number[] = [];
    await eventually(async () => {
      await Promise.all(Array.from({ length: 20 }, () => noteOfPages(20)));
      sizes.push(pages()?.log ?? 0);
      expect(sizes.at(-1)).toBeLessThan(Math.max(...sizes));
    });
    expect(Math.max(...sizes)).toBeGreaterThan(1_000);
    // To force a file that grows takes longer.
    const kept = Math.min(Math.max(...sizes), 2_000) * 4_096;
    expect((await stat(`${path}-wal`)).size).toBeGreaterThan(kept);
  });

  it('wait for the end of a long read, and writes do not', async () => {
    const long = new Database(path, { readonly: true });
    long.exec('BEGIN');
    expect(long.prepare('SELECT count(*) FROM notes').pluck().get()).toBe(0);
    for (let round = 0; round < 5; round++) await noteOfPages(900);
    await note('small');
    expect(pages()?.log).toBeGreaterThan(4_500);
    expect(long.prepare('SELECT count(*) FROM notes').pluck().get()).toBe(0);
    long.close();
    await eventually(async () => {
      await noteOfPages(100);
      expect(pages()?.log).toBeLessThan(900);
    });
  });

  it('may be running when the database is closed', async () => {
    void noteOfPages(1_100);
    await eventually(() => expect(pages()?.log).toBeGreaterThan(1_000));
    await checkpoints.close();
    db.close();
    db = new Database(path);
    expect(count()).toBe(1);
  });

  it('may be running after the database was closed', async () => {
    db.prepare('INSERT INTO notes VALUES (?)').run('x'.repeat(4_096 * 1_100));
    const copied = checkpoints.tidy(true);
    expect(copied).toBeInstanceOf(Promise);
    db.close();
    await expect(copied).resolves.toBeUndefined();
  });

  it('are made by SQLite itself if there is no thread for them', async () => {
    await checkpoints.close();
    start(join(folder, 'elsewhere.db'));
    await noteOfPages(1_100);
    await eventually(async () => {
      await note('small');
      expect(pages()?.log).toBeLessThan(900);
    });
    expect(db.pragma('wal_autocheckpoint', { simple: true })).toBe(1_000);
  });
});
