/** `scim-operator copy`: moves a directory to another database, or changes nothing there. */

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copy } from '../../src/commands/copy.ts';
import { FatalError } from '../../src/commands/errors.ts';
import { readInvocation } from '../../src/config/invocation.ts';
import { openDirectory } from '../../src/directory/open.ts';
import { openSource } from '../../src/directory/transfer/open.ts';
import { ACME, addGroup, addUser, userNames } from '../directory/contract/fixture.ts';
import { inBatches } from '../support/batches.ts';
import { captureLog } from '../support/captured-log.ts';
import {
  createDatabase,
  newPostgres,
  type PostgresDatabase,
  usePostgres,
} from '../support/directory/postgres.ts';
import { useSqlite } from '../support/directory/sqlite.ts';
import { Program } from '../support/program.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'scim-copy-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function run(from: string, to: string, signal = new AbortController().signal) {
  const { log, lines } = captureLog();
  const invocation = readInvocation(['copy', `--from=${from}`, `--to=${to}`], {});
  if (invocation.kind !== 'copy') throw new Error('not a copy');
  await copy(invocation.config, log, signal);
  return lines.at(-1);
}

async function refusal(work: Promise<unknown>): Promise<string> {
  const error = await work.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(FatalError);
  const { message } = error as Error;
  expect(message).not.toMatch(/\n|s3cret/);
  return message;
}

/** A directory on SQLite with two users and a group. */
async function filled() {
  const { store, path, close } = await useSqlite();
  const ids = [await addUser(store, ACME, 'ann'), await addUser(store, ACME, 'bob')];
  await addGroup(
    store,
    ACME,
    'staff',
    ids.map(({ id }) => id),
  );
  return { url: `file:${path}`, close };
}

async function onDatabase(work: (database: PostgresDatabase) => Promise<void>): Promise<void> {
  const { store, database } = await newPostgres();
  await store.close();
  await work(database).finally(() => database.drop());
}

const changing = (body: string) => `
  CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body}; END $$;
  CREATE TRIGGER meddle BEFORE INSERT ON access FOR EACH ROW EXECUTE FUNCTION meddle()`;

describe('copy', () => {
  it('creates the directory in an empty database and says what it copied', async () => {
    const { url, close } = await filled();
    const database = await createDatabase();
    const program = new Program(['copy', `--from=${url}`], { SCIM_OPERATOR_TO: database.url });
    expect(await program.exited).toBe(0);
    expect(program.lines).toMatchObject([
      {
        level: 'warn',
        msg: 'another process is using the source; its later writes are not copied',
        from: url,
      },
      {
        msg: 'directory was copied; both databases are equal',
        from: url,
        rows: { users: 2, access: 2, groups: 1, group_members: 2, counters: 2 },
      },
    ]);
    expect(await database.query('SELECT user_name_key AS name FROM access ORDER BY 1')).toEqual([
      { name: 'ann' },
      { name: 'bob' },
    ]);
    await database.drop();
    await close();
  });

  it('keeps other processes from using the source meanwhile', async () => {
    const url = `file:${join(folder, 'held.db')}`;
    await openDirectory(url).then((store) => store.close());
    const inUse: string[] = [];
    const source = await openSource(
      () => url,
      () => inUse.push(url),
    );
    await expect(openDirectory(url)).rejects.toThrow('another process is using it');
    await source.close();
    await openDirectory(url).then((store) => store.close());
    expect(inUse).toEqual([]);
  });

  it('adds up the slots of a counter in PostgreSQL', async () => {
    const { store, database, close } = await usePostgres();
    for (const name of ['ann', 'bob', 'cid', 'dan']) await addUser(store, ACME, name);
    const path = join(folder, 'slots.db');
    await run(database.url, `file:${path}`);
    await close();
    const db = new Database(path, { readonly: true });
    expect(db.prepare(`SELECT slot, value FROM counters WHERE name = 'users'`).all()).toEqual([
      { slot: 0, value: 4 },
    ]);
    db.close();
  });

  it('copies one moment of a PostgreSQL that others write to', async () => {
    const { store, database, close } = await usePostgres();
    const users = await Promise.all(
      Array.from({ length: 500 }, (_, n) => addUser(store, ACME, `user-${n}`)),
    );
    let writing = true;
    const writer = (async () => {
      for (const { id } of users) {
        if (writing) await store.users.delete(ACME, id, () => undefined, 0);
      }
    })();
    const path = join(folder, 'moment.db');
    const line = await run(database.url, `file:${path}`);
    writing = false;
    await writer;
    await close();
    const rows = line?.rows as Record<string, number> | undefined;
    expect(rows?.access).toBeGreaterThan(0);
    expect(rows?.external_ids).toBe(rows?.access);
  });

  it.each([
    ['changes', `NEW.version := 7; RETURN NEW`, 'its 2 rows have another content'],
    [
      'loses',
      `IF NEW.user_name_key = 'bob' THEN RETURN NULL; END IF; RETURN NEW`,
      'it has 1 rows instead of 2',
    ],
  ])('names the table if the target %s a row, and keeps nothing', async (_, body, difference) => {
    const { url, close } = await filled();
    await onDatabase(async (database) => {
      await database.query(changing(body));
      expect(await refusal(run(url, database.url))).toContain(
        `: the table access differs after the transfer: ${difference}; nothing was kept`,
      );
      expect(await database.query('SELECT 1 FROM users')).toEqual([]);
    });
    await close();
  });

  it('refuses a target with content', async () => {
    const { url, close } = await filled();
    const { store, database, close: closeTarget } = await usePostgres();
    await addUser(store, ACME, 'zoe');
    expect(await refusal(run(url, database.url))).toMatch(
      /can't be used: it is not empty: the table users has rows; use a new file, or an empty/,
    );
    expect(await userNames(store, ACME)).toEqual(['zoe']);
    await closeTarget();
    await close();
  });

  it('refuses a source without a directory', async () => {
    const database = await createDatabase();
    expect(await refusal(run(database.url, `file:${join(folder, 'never.db')}`))).toMatch(
      /can't be used: the schema public contains no directory$/,
    );
    await database.drop();
  });

  it('keeps nothing if it is interrupted', async () => {
    const { url, close } = await filled();
    await onDatabase(async (database) => {
      expect(await refusal(run(url, database.url, AbortSignal.abort()))).toMatch(
        /: interrupted; nothing was kept$/,
      );
      expect(await database.query('SELECT 1 FROM users')).toEqual([]);
    });
    await close();
  });

  it('can be interrupted at any time', async () => {
    const { store, path, close } = await useSqlite();
    await inBatches(500, (n) => addUser(store, ACME, `user-${n}`));
    const controller = new AbortController();
    const target = join(folder, 'interrupted.db');
    const copying = run(`file:${path}`, `file:${target}`, controller.signal);
    const beat = setInterval(() => {
      if (existsSync(`${target}-journal`)) controller.abort();
    });
    expect(await refusal(copying)).toMatch(/: interrupted; nothing was kept$/);
    clearInterval(beat);
    await close();
  });

  it('says in one line that a server is unreachable', async () => {
    const { url, close } = await filled();
    expect(await refusal(run(url, 'postgres://u:s3cret@127.0.0.1:1/scim'))).toMatch(
      /^can't open the database postgres:\/\/u:\*\*\*@127\.0\.0\.1:1\/scim: .*ECONNREFUSED/,
    );
    await close();
  });
});
