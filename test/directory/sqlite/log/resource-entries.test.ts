/** The entries of a resource, in a log of which the index by resource has many parts. */
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { activityPages } from '../../../../src/directory/activity-pages.ts';
import type { ActivityQuery } from '../../../../src/directory/store/activity.ts';
import { CursorError } from '../../../../src/directory/store/cursor-error.ts';
import { type SqliteDirectory, useSqlite } from '../../../support/directory/sqlite.ts';
import { ACME, addGroup, addUser, at } from '../../contract/fixture.ts';

let directory: SqliteDirectory;
beforeEach(async () => {
  directory = await useSqlite();
});
afterEach(() => directory.close());

/** Writes entries of a resource with these numbers. The time of each follows from its number. */
function write(resourceId: string, numbers: readonly number[], tenant = 'acme'): void {
  const db = new Database(directory.path);
  const insert = db.prepare(`
    INSERT INTO activity (
      seq, tenant, id, at, actor_kind, actor_name, operation, resource_type, resource_id,
      resource_name
    ) VALUES (?, ?, ?, ?, 'integration', 'okta', ?, 'Group', ?, 'staff')
  `);
  db.transaction(() => {
    for (const seq of numbers) {
      const id = `${String(seq).padStart(13, '0')}`;
      insert.run(seq, tenant, id, at(seq), seq % 2 === 0 ? 'update' : 'create', resourceId);
    }
  })();
  db.close();
}

const every = (step: number, count: number) =>
  Array.from({ length: count }, (_, n) => (n + 1) * step);

async function numbersOf(query: Partial<ActivityQuery>, limit = 100): Promise<number[][]> {
  const all = { tenant: 'acme', ...query };
  const found: number[][] = [];
  const { activity } = directory.store;
  const list = (each: ActivityQuery) =>
    activity.list({ ...each, limit: Math.min(limit, each.limit) });
  for await (const { entries } of activityPages({ list }, all, { entries: 1e9, pages: 1e9 })) {
    found.push(entries.map((entry) => Number(entry.id)));
  }
  return found;
}

describe('the entries of a resource on SQLite', () => {
  it('are found in all parts of the index, page by page, the newest first', async () => {
    write('others', every(3, 2_000));
    write('staff', [1, 511, 512, 514, 1_024, 5_000, 5_999]);
    write('staff', [2, 515], 'globex');
    expect(await numbersOf({ resourceId: 'staff' }, 3)).toEqual([
      [5_999, 5_000, 1_024],
      [514, 512, 511],
      [1],
    ]);
    expect(await numbersOf({ resourceId: 'staff', tenant: 'globex' })).toEqual([[515, 2]]);
  });

  it('are those of this resource only, even if the ids of others end alike', async () => {
    write('1-12345678', [1, 3, 600]);
    write('2-12345678', [2, 601]);
    expect(await numbersOf({ resourceId: '2-12345678' })).toEqual([[601, 2]]);
    expect(await numbersOf({ resourceId: '12345678' })).toEqual([[]]);
  });

  it('are read on where a page ends that found none among many of others', async () => {
    write('others', every(512, 12_000));
    write('staff', [7]);
    expect(await numbersOf({ resourceId: 'staff' })).toEqual([[], [], [7]]);
  });

  it('are complete if a page looked at as many as it may, and none is left', async () => {
    // Two steps for each of 4,998 parts and the end of the log, one for the entry, and the last.
    write('others', every(512, 4_997));
    write('staff', [7]);
    expect(await numbersOf({ resourceId: 'staff' })).toEqual([[7]]);
  });

  it('are read on where a page ends that looked at many which the filter leaves out', async () => {
    write('staff', every(1, 20_011));
    const query = { resourceId: 'staff', operation: 'delete' as const };
    expect(await numbersOf(query)).toEqual([[], [], []]);
    const updates = await numbersOf({ ...query, operation: 'update' }, 7_000);
    expect(updates.flat()).toEqual(every(2, 10_005).toReversed());
  });

  it('are listed in the order of writing, even after the clock was set back', async () => {
    const { store } = directory;
    const { id } = await addGroup(store, ACME, 'staff');
    const ann = await addUser(store, ACME, 'ann');
    const times = [at(100), at(10), at(50)];
    for (const time of times) {
      const resource = { type: 'Group' as const, id, name: 'staff' };
      const actor = { kind: 'person' as const, name: 'ada' };
      const entry = { requestId: undefined, version: undefined, change: {}, actor, resource };
      await store.activity.append({ ...entry, at: time, tenant: 'acme', operation: 'signIn' });
    }
    await store.users.delete(ACME, ann.id, () => {}, at(200));
    const query = { tenant: 'acme', resourceId: id, actor: 'ada', limit: 10 };
    const { entries } = await store.activity.list(query);
    expect(entries.map((entry) => entry.at)).toEqual(times.toReversed());
    const during = await store.activity.list({ ...query, since: at(50), until: at(100) });
    expect(during.entries.map((entry) => entry.at)).toEqual([at(50)]);
  });

  it.each(['abc', '1.5', '-1', '0192f3a0-0000-7000-8000-000000000000'])(
    'are not listed from where no page ended: %j',
    async (after) => {
      await expect(numbersOf({ resourceId: 'staff', after })).rejects.toThrow(CursorError);
    },
  );

  it('are found by one statement and by indexes alone', async () => {
    const prepare = vi.spyOn(Database.prototype, 'prepare');
    await directory.store.activity.list({ tenant: 'acme', resourceId: 'staff', limit: 10 });
    const texts = prepare.mock.calls.map(([sql]) => sql).filter((sql) => /activity/.test(sql));
    prepare.mockRestore();
    const [text = ''] = texts;
    expect(texts).toHaveLength(1);
    const db = new Database(directory.path, { readonly: true });
    const plan = db
      .prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${text}`)
      .all(...(text.match(/\?/g) ?? []).map(() => null))
      .map(({ detail }) => detail)
      .filter((detail) => /^(SEARCH|SCAN|USE|MATERIALIZE)/.test(detail));
    db.close();
    expect(plan).toEqual([
      'SCAN CONSTANT ROW',
      'SCAN step',
      'SEARCH l USING COVERING INDEX activity_resource (tenant=? AND <expr><?)',
      'SEARCH l USING COVERING INDEX activity_resource (tenant=? AND <expr>=? AND <expr>=? AND rowid<?)',
      'SCAN step',
      'SEARCH l USING INTEGER PRIMARY KEY (rowid=?) LEFT-JOIN',
    ]);
  });
});
