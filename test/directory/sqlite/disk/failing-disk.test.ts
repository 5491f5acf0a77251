/** What a disk refuses is neither shown nor copied, nor forgotten by a restart. */
import fs, { type NoParamCallback } from 'node:fs';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Steps } from '../../../../src/directory/sql/search/steps.ts';
import { template } from '../../../../src/directory/sql/template.ts';
import {
  type Connections,
  compose,
  openConnections,
} from '../../../../src/directory/sqlite/connections.ts';
import { ActivityLog } from '../../../../src/directory/sqlite/log/activity-log.ts';
import { eventually } from '../../../support/eventually.ts';

const { fdatasync, fdatasyncSync, writeSync } = fs;
const disk = { code: '', written: 0 };
const failure = () => Object.assign(new Error(disk.code), { code: disk.code });

let folder: string;
let path: string;
let connections: Connections;
let isFull: boolean;
const onFull = () => {
  isFull = true;
};
const opened = () => openConnections(path, Date.now, { onFull });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'scim-failing-'));
  path = join(folder, 'directory.db');
  isFull = false;
  Object.assign(disk, { code: '', written: 0 });
  vi.spyOn(fs, 'fdatasync').mockImplementation((file: number, done: NoParamCallback) => {
    if (disk.code === '') fdatasync(file, done);
    else setImmediate(() => done(failure()));
  });
  vi.spyOn(fs, 'fdatasyncSync').mockImplementation((file) => {
    if (disk.code !== '') throw failure();
    fdatasyncSync(file);
  });
  vi.spyOn(fs, 'writeSync').mockImplementation((...given: unknown[]) => {
    const written = Reflect.apply(writeSync, fs, given);
    disk.written += written;
    return written;
  });
  connections = opened();
});

afterEach(async () => {
  await connections.close();
  vi.restoreAllMocks();
  await rm(folder, { recursive: true });
});

const govern = (tenant: string) =>
  connections.writer.write(() =>
    connections.write.raw.prepare('INSERT INTO governed_tenants VALUES (?)').run(tenant),
  );
const refused = (tenant: string) => expect(govern(tenant)).rejects.toMatchObject({ status: 503 });
const governed = () =>
  connections.reading(() =>
    connections.read.raw
      .prepare('SELECT substr(tenant, 1, 8) FROM governed_tenants ORDER BY 1')
      .pluck()
      .all(),
  );
const statement = template(
  compose,
  () => sql<{ tenant: string }>`SELECT tenant FROM governed_tenants ORDER BY tenant`,
);
function* steps(): Steps<readonly unknown[]> {
  return yield { template: statement, input: {} };
}
const search = async () =>
  connections.reader({ integrationId: 'okta', isLarge: true, steps: steps() });
const logged = async () => (await stat(`${path}-wal`)).size;
/** More than a checkpoint waits for. */
const MUCH = 'x'.repeat(10_000_000);

describe('a disk that fails', () => {
  it('has its refused writes shown by no read until they are on the disk', async () => {
    await govern('acme');
    disk.code = 'EIO';
    await refused('globex');
    expect(await governed()).toEqual(['acme']);
    await refused('initech');
    expect(await governed()).toEqual(['acme']);
    disk.code = '';
    await govern('umbrella');
    expect(await governed()).toEqual(['acme', 'globex', 'umbrella']);
  });

  it('has searches in threads refused until what they found is on the disk', async () => {
    disk.code = 'EIO';
    await refused('acme');
    await expect(search()).rejects.toMatchObject({ status: 503 });
    disk.code = '';
    expect(await search()).toEqual([{ tenant: 'acme' }]);
    expect(await governed()).toEqual(['acme']);
  });

  it('refuses a search that was waiting for it', async () => {
    const held: NoParamCallback[] = [];
    vi.mocked(fs.fdatasync).mockImplementation((_file, done) => void held.push(done));
    const write = refused('acme');
    await eventually(() => expect(held).toHaveLength(1));
    const found = expect(search()).rejects.toMatchObject({ status: 503 });
    await eventually(() => expect(connections.searches.members.running).toBe(1));
    await eventually(() => expect(connections.searches.members.running).toBe(0));
    disk.code = 'EIO';
    held.pop()?.(failure());
    await Promise.all([write, found]);
  });

  it('fails a probe that came during a write, and later ones until it has recovered', async () => {
    const held: NoParamCallback[] = [];
    const hold = (_file: number, done: NoParamCallback) => void held.push(done);
    let tenants = 0;
    const during = async () => {
      vi.mocked(fs.fdatasync).mockImplementationOnce(hold);
      const write = govern(`tenant-${tenants++}`);
      await eventually(() => expect(held).toHaveLength(1));
      return [write, connections.writer.responds()];
    };
    const written = await during();
    const { length } = vi.mocked(fs.fdatasync).mock.calls;
    held.shift()?.(null);
    await Promise.all(written);
    expect(vi.mocked(fs.fdatasync).mock.calls).toHaveLength(length);

    const failed = Promise.allSettled(await during());
    disk.code = 'EIO';
    held.shift()?.(failure());
    const refusal = { status: 'rejected', reason: { status: 503 } };
    expect(await failed).toMatchObject([refusal, refusal]);
    await expect(connections.writer.responds()).rejects.toMatchObject({ status: 503 });
    disk.code = '';
    await connections.writer.responds();
  });

  it('has no refused write copied to the database file, nor added to the log', async () => {
    await govern('acme');
    const before = await readFile(path);
    disk.code = 'EIO';
    await refused(MUCH);
    const size = await logged();
    await Promise.all(['globex', 'initech', 'umbrella'].map(refused));
    for (let round = 0; round < 5; round++) await refused('hooli');
    expect(await logged()).toBe(size);
    await connections.close();
    expect(before.equals(await readFile(path))).toBe(true);
    expect(await logged()).toBe(size);
    disk.code = '';
    connections = opened();
    expect(await governed()).toEqual(['acme', 'xxxxxxxx']);
  });

  it('has its log written again by the next process before that reads it', async () => {
    await govern('acme');
    disk.code = 'EIO';
    await refused('globex');
    await connections.close();
    const [size, before] = [await logged(), await readFile(path)];
    expect(opened).toThrow('EIO');
    expect(await logged()).toBe(size);
    expect(before.equals(await readFile(path))).toBe(true);
    Object.assign(disk, { code: '', written: 0 });
    connections = opened();
    expect(disk.written).toBe(size);
    expect(await governed()).toEqual(['acme', 'globex']);
    await connections.close();
    disk.written = 0;
    connections = opened();
    expect(disk.written).toBe(0);
  });

  it('has the entries of refused writes told once they are on the disk', async () => {
    const heard: string[] = [];
    const log = new ActivityLog(connections, {
      onEntry: ({ resource }) => heard.push(resource.name),
    });
    const append = (name: string) =>
      log.store.append({
        ...{ tenant: 'acme', at: 1, operation: 'delete', change: {} },
        ...{ requestId: undefined, version: undefined },
        actor: { kind: 'kubernetes', name: 'x' },
        resource: { type: 'ScimIntegration', id: name, name },
      });
    await append('first');
    disk.code = 'EIO';
    await expect(append('refused')).rejects.toMatchObject({ status: 503 });
    await expect(append('undone')).rejects.toMatchObject({ status: 503 });
    expect(heard).toEqual(['first']);
    disk.code = '';
    await append('last');
    expect(heard).toEqual(['first', 'refused', 'last']);
    const { entries } = await log.store.list({ tenant: 'acme', limit: 10 });
    expect(entries.map(({ resource }) => resource.name)).toEqual(['last', 'refused', 'first']);
  });

  it.each(['ENOSPC', 'EDQUOT'])('is noticed as full if the code is %s', async (code) => {
    disk.code = code;
    await refused('acme');
    expect(isFull).toBe(true);
  });

  it('has reads refused if an error has ended the one that keeps the state', async () => {
    disk.code = 'EIO';
    await refused('acme');
    connections.read.raw.exec('ROLLBACK');
    await expect(governed()).rejects.toMatchObject({ status: 503 });
    disk.code = '';
    await govern('globex');
    expect(await governed()).toEqual(['acme', 'globex']);
  });
});
