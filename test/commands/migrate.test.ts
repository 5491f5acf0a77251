/** `scim-operator migrate`: a database that can't be migrated results in one line that says why. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FatalError } from '../../src/commands/errors.ts';
import { migrateDatabase } from '../../src/commands/migrate.ts';
import { readInvocation } from '../../src/config/invocation.ts';
import { captureLog } from '../support/captured-log.ts';
import { createDatabase, type PostgresDatabase } from '../support/directory/postgres.ts';

let folder: string;
let database: PostgresDatabase;
let role: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'scim-operator-migrate-'));
  database = await createDatabase();
  role = `${new URL(database.url).pathname.slice(1)}_role`;
  await database.query(`CREATE ROLE ${role} LOGIN PASSWORD 's3cret'`);
});
afterAll(async () => {
  await database.drop();
  const other = await createDatabase();
  await other.query(`DROP ROLE ${role}`);
  await other.drop();
  rmSync(folder, { recursive: true, force: true });
});

const { log } = captureLog();
const run = (...args: string[]): Promise<void> => {
  const invocation = readInvocation(['migrate', ...args], {});
  if (invocation.kind !== 'command') throw new Error('help was given');
  return migrateDatabase(invocation.config, log);
};
const refusal = async (url: string): Promise<string> => {
  const error = await run(`--database-url=${url}`).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(FatalError);
  const { message } = error as Error;
  expect(message).not.toMatch(/\n|s3cret/);
  return message;
};
const changed = (change: (url: URL) => void): string => {
  const url = new URL(database.url);
  change(url);
  return url.href;
};

describe('migrate', () => {
  it.each<[string, (url: URL) => void, RegExp]>([
    [
      'is unreachable',
      (url) => Object.assign(url, { port: '1' }),
      /can't reach the database .*ECONNREFUSED.*; run migrate again/,
    ],
    [
      'has a host without an address',
      (url) => Object.assign(url, { host: 'db.invalid' }),
      /can't reach the database .*: .*db\.invalid/,
    ],
    [
      'doesn’t exist',
      (url) => Object.assign(url, { pathname: '/none' }),
      /can't be used: the server has no such database; create it/,
    ],
    [
      'lacks the schema',
      (url) => url.searchParams.set('schema', 's9'),
      /can't be used: it has no schema s9; create it/,
    ],
    [
      'doesn’t support TLS',
      (url) => url.searchParams.set('sslmode', 'require'),
      /can't be used: the server doesn't support TLS/,
    ],
    [
      'lacks the role',
      (url) => Object.assign(url, { username: 'nobody_there' }),
      /can't be used: the server doesn't accept this user .*nobody_there/,
    ],
    [
      'doesn’t let the role create tables',
      (url) => Object.assign(url, { username: role, password: 's3cret' }),
      /can't be migrated: the schema public lacks tables of this version, and this role may not/,
    ],
  ])('fails with one line if the database %s', async (_, change, reason) => {
    expect(await refusal(changed(change))).toMatch(reason);
  });

  it('fails with one line if the folder of the file can’t be created', async () => {
    const path = join(folder, 'file');
    writeFileSync(path, '');
    expect(await refusal(`file:${path}/folder/scim.db`)).toMatch(
      /can't reach the database .*: .*ENOTDIR/,
    );
  });

  it('reads the URL from a file', async () => {
    const path = join(folder, 'url');
    writeFileSync(path, `${database.url}\n`);
    await run(`--database-url-file=${path}`);
    expect(await database.query('SELECT name FROM scim_operator_migrations')).toHaveLength(1);
  });
});
