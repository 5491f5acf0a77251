import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { sql } from 'drizzle-orm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Steps } from '../../../../src/directory/sql/search/steps.ts';
import { Template } from '../../../../src/directory/sql/template.ts';
import { compose } from '../../../../src/directory/sqlite/connections.ts';
import { sqliteDialect } from '../../../../src/directory/sqlite/dialect.ts';
import { Searches } from '../../../../src/directory/sqlite/searching/searches.ts';
import { eventually } from '../../../support/eventually.ts';

/** A search of some statements, which returns the rows of each. */
function* search(
  ...statements: readonly [sql: string, ...params: readonly unknown[]][]
): Steps<readonly (readonly unknown[])[]> {
  const rows: (readonly unknown[])[] = [];
  for (const [sql, ...params] of statements) {
    rows.push(yield { template: new Template({ sql, params: [...params] }), input: {} });
  }
  return rows;
}

/** Without an end, for practical purposes. It can be ended as a search of a directory can. */
const ENDLESS = compose(sql`
  WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 1000000000000)
  SELECT count(*) FROM c WHERE ${sqliteDialect.unended}
`).sql;

let folder: string;
let path: string;
let writer: Database.Database;
const opened: Searches[] = [];

function open(limits?: ConstructorParameters<typeof Searches>[1]): Searches {
  const searches = new Searches(path, limits);
  opened.push(searches);
  return searches;
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'scim-searches-'));
  path = join(folder, 'directory.db');
  writer = new Database(path);
  writer.pragma('journal_mode = WAL');
  writer.exec("CREATE TABLE t (a, b); INSERT INTO t VALUES (1, 'x')");
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((each) => each.close()));
  writer.close();
  await rm(folder, { recursive: true });
});

describe('searches on threads of their own', () => {
  it('return the rows of each statement, of what is committed', async () => {
    const searches = open();
    const both = search(['SELECT a, b FROM t WHERE a >= ?', 1], ['SELECT 2 AS c']);
    expect(await searches.run('okta', both)).toEqual([[{ a: 1, b: 'x' }], [{ c: 2 }]]);
    writer.exec("INSERT INTO t VALUES (2, 'y')");
    const [rows] = await searches.run('okta', search(['SELECT count(*) AS n FROM t']));
    expect(rows).toEqual([{ n: 2 }]);
  });

  it('use one thread again, and a second one for another integration', async () => {
    const searches = open();
    await searches.run('okta', search(['SELECT 1']));
    await searches.run('entra', search(['SELECT 1']));
    expect(searches.threads).toBe(1);
    const both = ['okta', 'entra'].map((each) => searches.run(each, search(['SELECT 1'])));
    await Promise.all(both);
    expect(searches.threads).toBe(2);
  });

  it('leave this thread free while they run', async () => {
    const searches = open();
    const endless = searches.run('okta', search([ENDLESS]));
    endless.catch(() => undefined);
    const [rows] = await searches.run('entra', search(['SELECT 1 AS n']));
    expect(rows).toEqual([{ n: 1 }]);
    await searches.close();
    await expect(endless).rejects.toMatchObject({ status: 503 });
  });

  it('are ended when they take too long, and the next one has another thread', async () => {
    const searches = open({ timeoutMs: 1000 });
    await expect(searches.run('okta', search([ENDLESS]))).rejects.toMatchObject({
      status: 503,
      retryAfter: 30,
      detail: expect.stringContaining('took longer than 1 seconds and was ended'),
    });
    expect(searches.threads).toBe(0);
    // On a busy machine, starting a thread may take as long.
    const [rows] = await eventually(() => searches.run('okta', search(['SELECT 1 AS n'])));
    expect(rows).toEqual([{ n: 1 }]);
  });

  it('let go of the state of the database when they are ended', async () => {
    const searches = open({ timeoutMs: 1000 });
    writer.pragma('wal_autocheckpoint = 0');
    const endless = searches.run('okta', search([ENDLESS]));
    await expect(endless).rejects.toMatchObject({ status: 503 });
    writer.exec("INSERT INTO t VALUES (2, 'y')");
    expect(writer.pragma('wal_checkpoint(TRUNCATE)')).toMatchObject([{ busy: 0, log: 0 }]);
  });

  it('have let go of the state of the database when they are answered', async () => {
    const searches = open();
    writer.pragma('wal_autocheckpoint = 0');
    writer.pragma('busy_timeout = 0');
    for (let round = 0; round < 20; round++) {
      writer.exec('UPDATE t SET a = a + 1');
      await searches.run('okta', search(['SELECT * FROM t']));
      expect(writer.pragma('wal_checkpoint(TRUNCATE)')).toMatchObject([{ busy: 0, log: 0 }]);
    }
  });

  it('keep the error of a statement that is wrong, as a defect', async () => {
    const searches = open();
    await expect(searches.run('okta', search(['SELECT absent']))).rejects.toThrow(
      'no such column: absent',
    );
  });

  it('answer 503 while the file is missing', async () => {
    const searches = new Searches(join(folder, 'other.db'));
    opened.push(searches);
    await expect(searches.run('okta', search(['SELECT 1']))).rejects.toMatchObject({
      status: 503,
    });
  });

  it('answer 503 if a thread for them can not be made', async () => {
    // Nothing gets a function into a thread.
    path = (() => 'directory.db') as unknown as string;
    const found = open().run('okta', search(['SELECT 1']));
    await expect(found).rejects.toMatchObject({ status: 503 });
  });

  it('end the threads that have nothing to do', async () => {
    const searches = open({ idleMs: 1 });
    await searches.run('okta', search(['SELECT 1']));
    await eventually(() => expect(searches.threads).toBe(0));
  });
});
