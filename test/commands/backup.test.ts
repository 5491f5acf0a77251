/** `scim-operator backup` and `restore`: one file, whatever the database, while it is in use. */
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backUp } from '../../src/commands/backup.ts';
import { FatalError } from '../../src/commands/errors.ts';
import { restore } from '../../src/commands/restore.ts';
import { readInvocation } from '../../src/config/invocation.ts';
import { openDirectory } from '../../src/directory/open.ts';
import type { Store } from '../../src/directory/store/store.ts';
import {
  ACME,
  addGroup,
  addUser,
  integration,
  token,
  userNames,
} from '../directory/contract/fixture.ts';
import { captureLog } from '../support/captured-log.ts';
import { usePostgres } from '../support/directory/postgres.ts';
import { useSqlite } from '../support/directory/sqlite.ts';
import { eventually } from '../support/eventually.ts';
import { Program } from '../support/program.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'scim-backup-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
const newPath = () => join(folder, `${files++}.db`);
const never = new AbortController().signal;

interface Ran {
  readonly line: Record<string, unknown> | undefined;
  readonly output: Buffer;
}

async function run(args: readonly string[], input: Readable = Readable.from([])): Promise<Ran> {
  const { log, lines } = captureLog();
  const invocation = readInvocation(args, {});
  const chunks: Uint8Array[] = [];
  const output = {
    write: (bytes: Uint8Array, done: () => void) => {
      chunks.push(bytes);
      done();
    },
  };
  if (invocation.kind === 'backup') await backUp(invocation.config, output, log, never);
  else if (invocation.kind === 'restore') await restore(invocation.config, input, log, never);
  else throw new Error(`not a command of this test: ${invocation.kind}`);
  return { line: lines.at(-1), output: Buffer.concat(chunks) };
}

const back = (url: string, to: string) => run(['backup', `--database-url=${url}`, `--to=${to}`]);
const restored = (from: string, url: string, ...more: string[]) =>
  run(['restore', `--database-url=${url}`, `--from=${from}`, ...more]);

async function refusal(work: Promise<unknown>): Promise<string> {
  const error = await work.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(FatalError);
  const { message } = error as Error;
  expect(message).not.toContain('\n');
  return message;
}

/** A file of a backup with the user ann and a token. */
async function backedUp(): Promise<string> {
  const { store, path, close } = await useSqlite();
  await addUser(store, ACME, 'ann');
  await store.integrations.put(integration());
  await store.tokens.add(token());
  const file = newPath();
  await back(`file:${path}`, file);
  await close();
  return file;
}

async function within<T>(path: string, read: (store: Store) => Promise<T>): Promise<T> {
  const store = await openDirectory(`file:${path}`);
  return read(store).finally(() => store.close());
}

describe.each([
  ['SQLite', useSqlite],
  ['PostgreSQL', usePostgres],
] as const)('a backup of a directory on %s', (_, use) => {
  it('is one private file with everything, and the directory is in use meanwhile', async () => {
    const directory = await use();
    const url = 'path' in directory ? `file:${directory.path}` : directory.database.url;
    const { store } = directory;
    const ann = await addUser(store, ACME, 'ann');
    await addGroup(store, ACME, 'staff', [ann.id]);
    const file = newPath();
    const { line } = await back(url, file);
    expect(line).toMatchObject({
      msg: 'backup was written',
      file,
      rows: { users: 1, access: 1, groups: 1, group_members: 1 },
    });
    await addUser(store, ACME, 'bob');
    expect((statSync(file).mode & 0o777).toString(8)).toBe('600');
    expect(readdirSync(folder).filter((name) => name.startsWith(`${files - 1}.`))).toHaveLength(1);
    expect(await within(file, (copy) => userNames(copy, ACME))).toEqual(['ann']);
    await directory.close();
  });
});

describe('a backup', () => {
  it('of a file that another process keeps writing is a moment of its history', async () => {
    const path = newPath();
    const writer = spawn(
      process.execPath,
      ['test/support/directory/restless-writer.ts', path, 'w'],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let acknowledged = '';
    writer.stdout.on('data', (chunk) => {
      acknowledged += chunk;
    });
    await eventually(() => expect(acknowledged.split('\n').length).toBeGreaterThan(200));
    const before = acknowledged.split('\n').slice(0, -1);
    const file = newPath();
    await back(`file:${path}`, file);
    const exited = new Promise((resolve) => writer.once('exit', resolve));
    writer.kill('SIGKILL');
    await exited;

    const db = new Database(file, { readonly: true });
    const column = (sql: string) => db.prepare<[], string>(sql).pluck().all();
    const members = new Set(column('SELECT member_id FROM group_members'));
    const users = column('SELECT id FROM access');
    expect(before.filter((id) => !members.has(id))).toEqual([]);
    expect([...members].filter((id) => !users.includes(id))).toEqual([]);
    expect(column(`SELECT value FROM counters WHERE name = 'users'`)).toEqual([users.length]);
    db.close();
  });

  it('goes to standard output, and a restore reads it from standard input', async () => {
    const { store, path, close } = await useSqlite();
    await addUser(store, ACME, 'ann');
    const written = new Program(['backup', '--to=-'], {
      SCIM_OPERATOR_DATABASE_URL: `file:${path}`,
    });
    const chunks: Buffer[] = [];
    written.onOutput((chunk) => chunks.push(chunk));
    expect(await written.exited).toBe(0);
    expect(JSON.parse(written.stderr)).toMatchObject({ msg: 'backup was written', file: '-' });
    await close();
    const target = newPath();
    await run(
      ['restore', `--database-url=file:${target}`, '--from=-'],
      Readable.from([Buffer.concat(chunks)]),
    );
    expect(await within(target, (copy) => userNames(copy, ACME))).toEqual(['ann']);
  });

  it('never replaces a file', async () => {
    const file = await backedUp();
    const { path, close } = await useSqlite();
    const before = readFileSync(file);
    expect(await refusal(back(`file:${path}`, file))).toBe(
      `can't write the backup ${file}: the file exists; name another one`,
    );
    expect(readFileSync(file)).toEqual(before);
    await close();
  });

  it('refuses a folder that is missing, because its volume may not be mounted', async () => {
    const { path, close } = await useSqlite();
    const missing = join(folder, 'missing');
    expect(await refusal(back(`file:${path}`, join(missing, 'b.db')))).toBe(
      `the backup ${join(missing, 'b.db')} can't be used: the folder ${missing} doesn't exist; ` +
        'create it, or mount its volume',
    );
    expect(existsSync(missing)).toBe(false);
    await close();
  });

  it('that fails leaves no file behind, and one line', async () => {
    const inner = join(folder, 'empty');
    mkdirSync(inner);
    const program = new Program([
      'backup',
      `--database-url=file:${join(inner, 'none.db')}`,
      `--to=${join(inner, 'backup.db')}`,
    ]);
    expect(await program.exited).toBe(1);
    expect(program.stderr).toBe(
      `scim-operator: the database file:${join(inner, 'none.db')} can't be used: there is no such file\n`,
    );
    expect(readdirSync(inner)).toEqual([]);
  });

  it('of a PostgreSQL that is unreachable says so', async () => {
    const file = newPath();
    expect(await refusal(back('postgres://u:s3cret@127.0.0.1:1/scim', file))).toMatch(
      /^can't open the database postgres:\/\/u:\*\*\*@127\.0\.0\.1:1\/scim: .*ECONNREFUSED/,
    );
    expect(existsSync(file)).toBe(false);
  });
});

describe('a restore', () => {
  it('fills a new file that is ready to use', async () => {
    const target = newPath();
    const { line } = await restored(await backedUp(), `file:${target}`);
    expect(line).toMatchObject({ msg: 'backup was restored', rows: { users: 1, tokens: 1 } });
    expect((statSync(target).mode & 0o777).toString(8)).toBe('600');
    expect(await within(target, (store) => store.tokens.owner('hash'))).toBe('okta');
  });

  it('fills a PostgreSQL', async () => {
    const { store, database, close } = await usePostgres();
    await restored(await backedUp(), database.url);
    expect(await userNames(store, ACME)).toEqual(['ann']);
    await close();
  });

  it('leaves out the hashes of tokens if it is told so', async () => {
    const target = newPath();
    await restored(await backedUp(), `file:${target}`, '--without-tokens');
    const owner = await within(target, (store) => store.tokens.owner('hash'));
    expect(owner).toBeUndefined();
  });

  it('refuses a directory with content, unless it is to be replaced', async () => {
    const target = newPath();
    await within(target, (store) => addUser(store, ACME, 'zoe'));
    const backup = await backedUp();
    expect(await refusal(restored(backup, `file:${target}`))).toBe(
      `the database file:${target} can't be used: it is not empty: the table users has rows; ` +
        'use a new file, or an empty database or schema, or add --replace',
    );
    expect(await within(target, (store) => userNames(store, ACME))).toEqual(['zoe']);
    await restored(backup, `file:${target}`, '--replace');
    expect(await within(target, (store) => userNames(store, ACME))).toEqual(['ann']);
  });

  it('refuses to replace a database with itself, whatever it is called', async () => {
    const backup = await backedUp();
    const alias = newPath();
    symlinkSync(backup, alias);
    for (const name of [backup, alias])
      expect(await refusal(restored(backup, `file:${name}`, '--replace'))).toBe(
        `the backup ${backup} and the database file:${name} are the same file; name another database`,
      );
    expect(await within(backup, (store) => userNames(store, ACME))).toEqual(['ann']);
  });

  it('refuses a file that another process uses', async () => {
    const { path, close } = await useSqlite();
    expect(await refusal(restored(await backedUp(), `file:${path}`))).toMatch(
      /can't be used: another process is using it; stop it/,
    );
    await close();
  });

  const alter = (path: string, sql: string) => new Database(path).exec(sql).close();
  it.each<[string, (path: string) => void, string]>([
    ['is missing', (path) => rmSync(path), 'there is no such file'],
    [
      'is no database',
      (path) => writeFileSync(path, 'text '.repeat(1_000)),
      'it is not a SQLite database; use another file',
    ],
    [
      'belongs to another program',
      (path) => alter(path, 'PRAGMA application_id = 7'),
      'it is no directory of scim-operator; use another file',
    ],
    [
      'is from a newer version',
      (path) => alter(path, `INSERT INTO migrations VALUES ('0099-later', 'x', 1)`),
      'a newer version has migrated it (0099-later); run that version',
    ],
    [
      'is from an older version',
      (path) => alter(path, 'DELETE FROM migrations'),
      'its schema is older than this version; run scim-operator migrate on it first',
    ],
  ])('refuses a backup that %s', async (_, spoil, reason) => {
    const backup = await backedUp();
    spoil(backup);
    const target = newPath();
    expect(await refusal(restored(backup, `file:${target}`))).toBe(
      `the backup ${backup} can't be used: ${reason}`,
    );
    expect(existsSync(target)).toBe(false);
  });

  it.each([0.1, 0.5, 0.9])('of %d of a backup keeps nothing, and says what to do', async (part) => {
    const backup = await backedUp();
    const bytes = readFileSync(backup);
    writeFileSync(backup, bytes.subarray(0, bytes.length * part));
    const target = newPath();
    expect(await refusal(restored(backup, `file:${target}`))).toBe(
      `the backup ${backup} can't be used: the file is damaged or incomplete; ` +
        'copy it again, or use an older backup',
    );
    expect(await within(target, (store) => userNames(store, ACME))).toEqual([]);
  });
});
