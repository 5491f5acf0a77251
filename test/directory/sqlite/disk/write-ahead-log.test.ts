/** Responses wait for the disk, which is replaced where it can't be made to wait or to fail. */
import fs, { type NoParamCallback } from 'node:fs';
import { copyFile, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { sql } from 'drizzle-orm';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Steps } from '../../../../src/directory/sql/search/steps.ts';
import { template } from '../../../../src/directory/sql/template.ts';
import {
  type Connections,
  compose,
  openConnections,
} from '../../../../src/directory/sqlite/connections.ts';
import { eventually } from '../../../support/eventually.ts';

const disk = {
  forced: 0,
  written: 0,
  force: undefined as ((done: NoParamCallback) => void) | undefined,
};
const { fdatasync, writeSync } = fs;

let folder: string;
let path: string;
let connections: Connections;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'scim-disk-'));
  path = join(folder, 'directory.db');
  connections = openConnections(path, Date.now);
  vi.spyOn(fs, 'fdatasync').mockImplementation((file, done) => {
    disk.forced++;
    if (disk.force === undefined) fdatasync(file, done);
    else disk.force(done);
  });
  vi.spyOn(fs, 'writeSync').mockImplementation((...given: unknown[]) => {
    const written = Reflect.apply(writeSync, fs, given);
    disk.written += written;
    return written;
  });
  Object.assign(disk, { forced: 0, written: 0, force: undefined });
});

afterEach(async () => {
  vi.restoreAllMocks();
  await connections.close();
  await rm(folder, { recursive: true });
});

const govern = (tenant: string) =>
  connections.writer.write(() =>
    connections.write.raw.prepare('INSERT INTO governed_tenants VALUES (?)').run(tenant),
  );
const governed = () =>
  connections.reading(() =>
    connections.read.raw.prepare('SELECT tenant FROM governed_tenants').pluck().all(),
  );

describe('the write-ahead log', () => {
  it('is on the disk before a write is answered, or a read sees it', async () => {
    const held: NoParamCallback[] = [];
    disk.force = (done) => held.push(done);
    let isAnswered = false;
    const write = govern('acme').finally(() => {
      isAnswered = true;
    });
    await eventually(() => expect(held).toHaveLength(1));
    const next = govern('globex');
    for (let turn = 0; turn < 5; turn++) await nextTurn();
    expect(await governed()).toEqual([]);
    expect(isAnswered).toBe(false);
    held.pop()?.(null);
    await write;
    expect(await governed()).toEqual(['acme']);
    await eventually(() => expect(held).toHaveLength(1));
    expect(await governed()).toEqual(['acme']);
    held.pop()?.(null);
    await next;
    expect(await governed()).toEqual(['acme', 'globex']);
  });

  it('is on the disk before a search in a thread is answered', async () => {
    const held: NoParamCallback[] = [];
    disk.force = (done) => held.push(done);
    const write = govern('acme');
    await eventually(() => expect(held).toHaveLength(1));
    const statement = template(
      compose,
      () => sql<{ tenant: string }>`SELECT tenant FROM governed_tenants`,
    );
    function* steps(): Steps<readonly unknown[]> {
      return yield { template: statement, input: {} };
    }
    let isAnswered = false;
    const search = Promise.resolve(
      connections.reader({ integrationId: 'okta', isLarge: true, steps: steps() }),
    ).finally(() => {
      isAnswered = true;
    });
    await eventually(() => expect(connections.searches.members.running).toBe(0));
    await nextTurn();
    expect(isAnswered).toBe(false);
    held.pop()?.(null);
    expect(await search).toEqual([{ tenant: 'acme' }]);
    await write;
  });

  it('begins again while writes and reads go on', async () => {
    const { raw } = connections.write;
    const logged = () =>
      (raw.pragma('wal_checkpoint(NOOP)') as readonly { readonly log: number }[])[0]?.log ?? 0;
    const name = (round: number) => `${round}`.padEnd(400_000, 'x');
    let round = 0;
    for (; logged() < 1_000; round++) await govern(name(round));
    await eventually(async () => {
      await Promise.all([govern(name(round++)), governed()]);
      expect(logged()).toBeLessThan(1_000);
    });
    expect(await governed()).toHaveLength(round);
  });

  it('is forced once for writes that arrive meanwhile', async () => {
    await Promise.all(['acme', 'globex', 'initech'].map(govern));
    expect(disk.forced).toBe(1);
  });

  it('is written once more after the disk has failed, because it may have been lost', async () => {
    await govern('acme');
    disk.force = (done) => done(Object.assign(new Error('EIO: i/o error'), { code: 'EIO' }));
    await expect(govern('globex')).rejects.toMatchObject({ status: 503 });
    await expect(govern('initech')).rejects.toMatchObject({ status: 503 });
    const { size } = await stat(`${path}-wal`);
    disk.written = 0;
    disk.force = undefined;
    await govern('umbrella');
    expect(disk.written).toBeGreaterThanOrEqual(size);
    await copyFile(path, join(folder, 'copy.db'));
    await copyFile(`${path}-wal`, join(folder, 'copy.db-wal'));
    const copy = new Database(join(folder, 'copy.db'));
    expect(copy.pragma('integrity_check', { simple: true })).toBe('ok');
    const kept = copy.prepare('SELECT tenant FROM governed_tenants').pluck().all();
    expect(kept).toEqual(expect.arrayContaining(['acme', 'umbrella']));
    copy.close();
    disk.written = 0;
    await govern('hooli');
    expect(disk.written).toBe(0);
  });

  it('lets others have their turns while it is written once more', async () => {
    disk.force = (done) => done(Object.assign(new Error('EIO: i/o error'), { code: 'EIO' }));
    await expect(govern('x'.repeat(5_000_000))).rejects.toMatchObject({ status: 503 });
    disk.force = undefined;
    let isWritten = false;
    const write = govern('globex').finally(() => {
      isWritten = true;
    });
    const pieces = new Set<number>();
    for (; !isWritten; await nextTurn()) pieces.add(disk.written);
    await write;
    expect(disk.written).toBeGreaterThan(5_000_000);
    expect(pieces.size).toBeGreaterThanOrEqual(5);
  });
});
