/** Unexpected database files, and the schema compared with its Drizzle description. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { getTableConfig, SQLiteTable } from 'drizzle-orm/sqlite-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DatabaseRefusedError } from '../../../src/directory/database-errors.ts';
import { openDirectory } from '../../../src/directory/open.ts';
import * as schema from '../../../src/directory/sqlite/schema.ts';
import { ACME, addUser, userNames } from '../contract/fixture.ts';

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'scim-migrate-'));
  path = join(folder, 'directory.db');
});

afterEach(() => rm(folder, { recursive: true }));

const open = () => openDirectory(`file:${path}`);
const refusal = async (): Promise<string> => {
  const error = await open().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(DatabaseRefusedError);
  return error instanceof Error ? error.message : '';
};
const sha256 = async () =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex');

async function change(sql: string): Promise<void> {
  const db = new Database(path);
  db.exec(sql);
  db.close();
}

describe('opening a directory', () => {
  it('creates the file, and finds all data again', async () => {
    const first = await open();
    await addUser(first, ACME, 'ann');
    await first.close();
    const second = await open();
    expect(await userNames(second, ACME)).toEqual(['ann']);
    await second.close();
  });

  it('completes a file that only has the mark of a directory', async () => {
    await change(`PRAGMA application_id = ${0x5343494d}`);
    const store = await open();
    await addUser(store, ACME, 'ann');
    await store.close();
  });

  it('writes nothing if the file has the schema of this version', async () => {
    await (await open()).close();
    const before = await sha256();
    await (await open()).close();
    expect(await sha256()).toBe(before);
  });

  it("refuses another program's database and changes no byte of it", async () => {
    await change('CREATE TABLE things (id)');
    const before = await sha256();
    expect(await refusal()).toMatch(/another program/);
    expect(await sha256()).toBe(before);
    await change('DROP TABLE things; PRAGMA application_id = 7');
    expect(await refusal()).toMatch(/another program/);
  });

  it('refuses a file that is not a database and leaves it alone', async () => {
    await writeFile(path, 'just a text, and long enough to be looked at as a header\n'.repeat(100));
    const before = await sha256();
    expect(await refusal()).toMatch(/not a SQLite database/);
    expect(await sha256()).toBe(before);
  });

  it('refuses a database that a newer version has migrated', async () => {
    await (await open()).close();
    await change("INSERT INTO migrations VALUES ('9999-later', 'x', 0)");
    expect(await refusal()).toMatch(/newer version.*9999-later/);
  });

  it('refuses a schema with a different migration', async () => {
    await (await open()).close();
    await change("UPDATE migrations SET sha256 = 'x'");
    expect(await refusal()).toMatch(/0001-directory/);
  });

  it("fails in a way that can be retried if the path can't be used at the moment", async () => {
    await mkdir(path);
    await expect(open()).rejects.not.toBeInstanceOf(DatabaseRefusedError);
    await rm(path, { recursive: true });
    await (await open()).close();
  });

  it('does not wait for a process that reads the file', async () => {
    await (await open()).close();
    const reader = new Database(path, { readonly: true });
    reader.exec('BEGIN; SELECT count(*) FROM users');
    const store = await open();
    await addUser(store, ACME, 'ann');
    expect(await userNames(store, ACME)).toEqual(['ann']);
    reader.close();
    await store.close();
  });

  it('has exactly the tables that Drizzle describes', async () => {
    await (await open()).close();
    const db = new Database(path, { readonly: true });
    const tables = Object.values(schema).filter((each) => each instanceof SQLiteTable);
    const described = tables.map((table) => {
      const { name, columns, primaryKeys } = getTableConfig(table);
      const key = primaryKeys.flatMap((each) => each.columns.map((column) => column.name));
      const keyOf = (column: (typeof columns)[number]) =>
        column.primary ? 1 : key.indexOf(column.name) + 1;
      return [
        name,
        columns
          .map((each) => [
            each.name,
            each.getSQLType().toUpperCase(),
            Number(each.notNull),
            keyOf(each),
          ])
          .toSorted(),
      ];
    });
    const names = db
      .prepare<[], { name: string }>(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'migrations'",
      )
      .all();
    const actual = names.map(({ name }) => {
      const columns = db
        .prepare<[string], { name: string; type: string; notnull: number; pk: number }>(
          'SELECT name, type, "notnull", pk FROM pragma_table_xinfo(?)',
        )
        .all(name);
      return [
        name,
        columns.map((each) => [each.name, each.type, each.notnull, each.pk]).toSorted(),
      ];
    });
    expect(actual.toSorted()).toEqual(described.toSorted());
    const indexes = db
      .prepare<[], { name: string; unique: number; columns: string }>(`
        SELECT l.name, l."unique", group_concat(i.name, ', ') AS columns
        FROM sqlite_schema s
        JOIN pragma_index_list(s.name) l
        JOIN pragma_index_info(l.name) i
        WHERE s.type = 'table' AND l.origin = 'c'
        GROUP BY l.name
      `)
      .all();
    db.close();
    const asDescribed = tables
      .flatMap((table) => getTableConfig(table).indexes)
      .map(({ config }) => ({
        name: config.name,
        unique: Number(config.unique ?? false),
        columns: config.columns.flatMap((each) => ('name' in each ? [each.name] : [])).join(', '),
      }));
    expect(indexes.toSorted(byName)).toEqual(asDescribed.toSorted(byName));
  });
});

const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
