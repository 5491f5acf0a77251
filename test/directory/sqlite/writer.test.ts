/** Group commit when the database fails under it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DatabaseFullError } from '../../../src/directory/database-errors.ts';
import { FreeSpace } from '../../../src/directory/sqlite/free-space.ts';
import { Writer } from '../../../src/directory/sqlite/writer.ts';
import { invalidValue } from '../../../src/scim/error.ts';

let folder: string;
let db: Database.Database;
let writer: Writer;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'scim-writer-'));
  db = new Database(join(folder, 'test.db'));
  db.exec('CREATE TABLE notes (text TEXT NOT NULL UNIQUE)');
  writer = new Writer(db);
});

afterEach(async () => {
  db.close();
  await rm(folder, { recursive: true });
});

const note = (text: string) =>
  writer.write(() => db.prepare('INSERT INTO notes VALUES (?)').run(text));
const notes = () => db.prepare('SELECT text FROM notes ORDER BY rowid').pluck().all();
const statuses = async (writes: readonly Promise<unknown>[]) =>
  (await Promise.allSettled(writes)).map((each) =>
    each.status === 'fulfilled' ? 'written' : each.reason.status,
  );

describe('the writer', () => {
  it('commits together what arrives in one turn, and responds in order', async () => {
    const other = new Database(join(folder, 'test.db'), { readonly: true });
    const count = other.prepare('SELECT count(*) FROM notes').pluck();
    const answered: string[] = [];
    const first = note('a').then(() => answered.push('a'));
    const second = writer
      .write(() => [notes(), count.get()])
      .then((seen) => answered.push('b') && seen);
    expect(await second).toEqual([['a'], 0]);
    await first;
    expect(answered).toEqual(['a', 'b']);
    expect(count.get()).toBe(1);
    other.close();
  });

  it('commits together what arrives in consecutive turns', async () => {
    let transactions = 0;
    const tidy = () => void transactions++;
    const gathering = new Writer(db, { tidy, clock: () => 0 });
    const seen: Promise<unknown>[] = [];
    for (let turn = 0; turn < 5; turn++) {
      seen.push(gathering.write(() => transactions));
      await nextTurn();
    }
    expect(await Promise.all(seen)).toEqual([0, 0, 0, 0, 0]);
    await gathering.write(() => undefined);
    expect(transactions).toBe(1);
  });

  it('commits what arrived in turns that take long, however few they are', async () => {
    let time = 0;
    let transactions = 0;
    const gathering = new Writer(db, {
      tidy: () => void transactions++,
      clock: () => time,
    });
    const seen: Promise<unknown>[] = [];
    for (let turn = 0; turn < 8; turn++) {
      seen.push(gathering.write(() => transactions));
      time += 3;
      await nextTurn();
    }
    expect((await Promise.all(seen)).slice(0, 4)).toEqual([0, 0, 1, 1]);
  });

  it('commits while every turn brings more', async () => {
    let isAnswered = false;
    const first = note('0').then(() => {
      isAnswered = true;
    });
    const others: Promise<unknown>[] = [];
    while (!isAnswered) {
      others.push(note(String(others.length + 1)));
      await nextTurn();
    }
    await Promise.all([first, ...others]);
    expect(others.length).toBeLessThan(50);
  });

  it('responds to a probe in its turn, and commits with it what was gathered', async () => {
    let transactions = 0;
    const probed = new Writer(db, { tidy: () => void transactions++ });
    let hasTurned = false;
    setImmediate(() => {
      hasTurned = true;
    });
    const gathered = probed.write(() => transactions);
    await probed.responds();
    expect(hasTurned).toBe(false);
    expect(await gathered).toBe(0);
    await probed.write(() => undefined);
    expect(transactions).toBe(1);
  });

  it('undoes everything that a refused job wrote, and nothing of the others', async () => {
    const refused = writer.write(() => {
      db.prepare('INSERT INTO notes VALUES (?)').run('x');
      throw invalidValue('no');
    });
    expect(await statuses([note('a'), refused, note('b')])).toEqual(['written', 400, 'written']);
    expect(notes()).toEqual(['a', 'b']);
  });

  it('runs the others once if a job is refused before it writes', async () => {
    const runs: string[] = [];
    const counted = (text: string) =>
      writer.write(() => {
        runs.push(text);
        db.prepare('INSERT INTO notes VALUES (?)').run(text);
      });
    const first = counted('a');
    const refused = writer.write(() => {
      db.prepare('SELECT * FROM notes').all();
      throw invalidValue('no');
    });
    const taken = writer.write(() => db.prepare("INSERT INTO notes VALUES ('a')").run());
    const answers = await statuses([first, refused, taken, counted('b')]);
    expect(answers).toEqual(['written', 400, undefined, 'written']);
    expect(runs).toEqual(['a', 'b']);
    expect(notes()).toEqual(['a', 'b']);
  });

  it('keeps the other jobs if one fills the disk, and fails that one with 503', async () => {
    const pages = Number(db.pragma('page_count', { simple: true }));
    db.pragma(`max_page_count = ${pages + 4}`);
    const large = note('x'.repeat(1_000_000));
    expect(await statuses([note('a'), note('b'), large, note('c')])).toEqual([
      'written',
      'written',
      503,
      'written',
    ]);
    expect(notes()).toEqual(['a', 'b', 'c']);
  });

  it('reports a full volume once, however many writes fail', async () => {
    const told: string[] = [];
    const space = new FreeSpace({ onFull: () => told.push('full') });
    const reporting = new Writer(db, { space });
    const pages = Number(db.pragma('page_count', { simple: true }));
    db.pragma(`max_page_count = ${pages + 4}`);
    const insert = db.prepare('INSERT INTO notes VALUES (?)');
    const large = (n: number) => reporting.write(() => insert.run('x'.repeat(1_000_000 + n)));
    expect(await statuses([large(0), large(1)])).toEqual([503, 503]);
    expect(await statuses([large(2)])).toEqual([503]);
    await expect(large(3)).rejects.toMatchObject({
      cause: new DatabaseFullError('the volume is full'),
    });
    expect(told).toEqual(['full']);
  });

  it('runs no job twice in one committed transaction if it had to start over', async () => {
    const pages = Number(db.pragma('page_count', { simple: true }));
    db.pragma(`max_page_count = ${pages + 4}`);
    let runs = 0;
    const counted = writer.write(() => {
      runs++;
      db.prepare('INSERT INTO notes VALUES (?)').run('counted');
    });
    await Promise.allSettled([counted, note('x'.repeat(1_000_000))]);
    expect(runs).toBe(2);
    expect(notes()).toEqual(['counted']);
  });

  it('fails every job with 503 if the COMMIT fails, and keeps nothing', async () => {
    db.pragma('foreign_keys = ON');
    db.exec(
      'CREATE TABLE refs (id INTEGER REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED); CREATE TABLE parents (id INTEGER PRIMARY KEY)',
    );
    const dangling = writer.write(() => db.prepare('INSERT INTO refs VALUES (1)').run());
    expect(await statuses([note('a'), dangling, note('b')])).toEqual([503, 503, 503]);
    expect(notes()).toEqual([]);
    expect(db.inTransaction).toBe(false);
    expect(await statuses([note('c')])).toEqual(['written']);
  });

  it('does not report a defect as an outage', async () => {
    await note('a');
    const broken = writer.write(() => db.prepare('SELECT nothing').run());
    expect(await statuses([note('a'), broken])).toEqual([undefined, undefined]);
    await expect(note('a')).rejects.toMatchObject({ code: 'SQLITE_CONSTRAINT_UNIQUE' });
  });

  it('fails with 503 while another process holds the database', async () => {
    const other = new Database(join(folder, 'test.db'));
    db.pragma('busy_timeout = 0');
    other.exec('BEGIN IMMEDIATE');
    expect(await statuses([note('a'), note('b')])).toEqual([503, 503]);
    other.exec('ROLLBACK');
    other.close();
    expect(await statuses([note('c')])).toEqual(['written']);
    expect(notes()).toEqual(['c']);
  });

  it('refuses more than it can do in time', async () => {
    const writes = Array.from({ length: 20_500 }, (_, n) => note(`${n}`));
    const answers = await statuses(writes);
    expect(answers.slice(0, 20_000).every((each) => each === 'written')).toBe(true);
    expect(new Set(answers.slice(20_000))).toEqual(new Set([503]));
  });

  it('heals if a transaction can be neither committed nor undone', async () => {
    // The driver runs nothing else while rows are left to be read.
    let rows: IterableIterator<unknown> | undefined;
    const open = writer.write(() => {
      db.prepare("INSERT INTO notes VALUES ('a')").run();
      rows = db.prepare('SELECT 1 UNION SELECT 2').iterate();
    });
    expect(await statuses([open])).toEqual([503]);
    expect(await statuses([note('b')])).toEqual([503]);
    rows?.return?.();
    expect(await statuses([note('c')])).toEqual([503]);
    await note('d');
    expect(notes()).toEqual(['d']);
  });

  it('goes on if what is done between transactions fails', async () => {
    let failed = 0;
    writer = new Writer(db, {
      tidy: () => {
        if (failed++ > 0) return Promise.reject(new Error('no'));
        throw new Error('no');
      },
    });
    for (const text of ['a', 'b', 'c']) await note(text);
    expect(notes()).toEqual(['a', 'b', 'c']);
    expect(failed).toBeGreaterThan(1);
  });
});
