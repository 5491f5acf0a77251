/**
 * TLS to PostgreSQL, as libpq's parameters define it, and what is rotated while a directory is
 * open.
 */
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type PostgresServer, startPostgres } from '../../../../hack/postgres/start.ts';
import { DatabaseRefusedError } from '../../../../src/directory/database-errors.ts';
import { readDatabaseUrl } from '../../../../src/directory/database-url.ts';
import { openDirectory } from '../../../../src/directory/open.ts';
import { Authority } from '../../../support/certificates.ts';
import { eventually } from '../../../support/eventually.ts';

const HBA = `
hostnossl all plain_only 127.0.0.1/32 scram-sha-256
hostssl   all plain_only 127.0.0.1/32 reject
hostssl   all tls_only   127.0.0.1/32 scram-sha-256
hostssl   all by_cert    127.0.0.1/32 cert
host      all postgres   127.0.0.1/32 trust
host      all scim       127.0.0.1/32 scram-sha-256`;
const ROLES = ['scim', 'tls_only', 'plain_only', 'by_cert']
  .map((role) => `CREATE ROLE ${role} SUPERUSER LOGIN PASSWORD 'first';`)
  .join('');

let folder: string;
let server: PostgresServer;
let other: Authority;
let admin: pg.Client;
const file = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'scim-operator-tls-'));
  const authority = new Authority(folder, 'ca');
  other = new Authority(folder, 'other');
  const { cert, key } = authority.issue('localhost');
  server = await startPostgres({
    'server.crt': cert,
    'server.key': key,
    'root.crt': authority.certificate,
    'pg_hba.conf': HBA,
    'postgresql.auto.conf': "ssl = on\nssl_ca_file = 'root.crt'\n",
  });
  admin = new pg.Client({ connectionString: server.url });
  await admin.connect();
  await admin.query(ROLES);
  const client = authority.issue('by_cert');
  writeFileSync(file('client.crt'), client.cert);
  writeFileSync(file('client.key'), client.key, { mode: 0o600 });
  writeFileSync(file('stranger.key'), other.issue('by_cert').key, { mode: 0o600 });
  writeFileSync(file('no.crt'), 'no certificate');
});
afterAll(async () => {
  await admin.end();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** `{folder}` in the query is the folder of the certificates. */
const urlOf = (user: string, query: string, host = 'localhost', password = 'first') =>
  `postgres://${user}:${password}@${host}:${server.port}/postgres?${query.replaceAll('{folder}', folder)}`;

const isEncrypted = async (user: string): Promise<unknown> => {
  const { rows } = await admin.query(
    'SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = $1',
    [user],
  );
  return rows.length === 1 ? rows[0].ssl : rows;
};

const reasonFor = async (url: string): Promise<string> => {
  const error = await openDirectory(url).then(
    async (store) => {
      await store.close();
      throw new Error('the directory was opened');
    },
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(DatabaseRefusedError);
  const { message } = error as Error;
  expect(message).not.toMatch(/\n|first/);
  return message;
};

describe('a connection to a server with TLS', () => {
  it.each([
    ['', 'scim', true],
    ['sslmode=disable', 'scim', false],
    ['sslmode=allow', 'scim', false],
    ['sslmode=allow', 'tls_only', true],
    ['sslmode=prefer', 'scim', true],
    ['sslmode=prefer', 'plain_only', false],
    ['sslmode=prefer', 'tls_only', true],
    ['sslmode=require', 'scim', true],
    ['ssl=true', 'scim', true],
    ['sslmode=require&sslnegotiation=direct', 'scim', true],
    ['sslmode=require&sslrootcert={folder}/ca.crt', 'scim', true],
    ['sslmode=verify-ca&sslrootcert={folder}/ca.crt', 'scim', true],
    ['sslmode=verify-full&sslrootcert={folder}/ca.crt', 'scim', true],
    ['sslmode=require&sslcert={folder}/client.crt&sslkey={folder}/client.key', 'by_cert', true],
  ])('with "%s" of %s: encrypted is %s', async (query, user, encrypted) => {
    const store = await openDirectory(urlOf(user, query));
    expect(await isEncrypted(user)).toBe(encrypted);
    await store.close();
    await eventually(async () => expect(await isEncrypted(user)).toEqual([]));
  });

  it('with verify-ca ignores the name of the host', async () => {
    const query = 'sslmode=verify-ca&sslrootcert={folder}/ca.crt';
    await (await openDirectory(urlOf('scim', query, '127.0.0.1'))).close();
  });

  it.each([
    ['sslmode=require&sslrootcert={folder}/other.crt', 'scim', /by a CA that is not trusted/],
    ['sslmode=verify-ca&sslrootcert={folder}/other.crt', 'scim', /by a CA that is not trusted/],
    ['sslmode=verify-full&sslrootcert={folder}/other.crt', 'scim', /by a CA that is not trusted/],
    ['sslmode=verify-full&sslrootcert=system', 'scim', /by a CA that is not trusted/],
    ['sslmode=verify-full', 'scim', /by a CA that is not trusted/],
    ['sslmode=disable', 'tls_only', /with these credentials from this address .*no encryption/],
    ['sslmode=require', 'plain_only', /with these credentials from this address .*SSL encr/],
    ['sslmode=require', 'by_cert', /with these credentials|TLS with the server failed/],
    [
      'sslmode=require&sslcert={folder}/client.crt&sslkey={folder}/stranger.key',
      'by_cert',
      /sslcert and sslkey are not a certificate and its key/,
    ],
    ['sslmode=require&sslrootcert={folder}/none.crt', 'scim', /none\.crt of sslrootcert.*ENOENT/],
    ['sslmode=prefer&sslrootcert={folder}', 'scim', /of sslrootcert can't be read \(EISDIR\)/],
    ['sslmode=require&sslrootcert={folder}/no.crt', 'scim', /no PEM certificate/],
  ])('with "%s" of %s is refused at once: %s', async (query, user, reason) => {
    expect(await reasonFor(urlOf(user, query))).toMatch(reason);
  });

  it('with verify-full is refused if the certificate names another host', async () => {
    const query = 'sslmode=verify-full&sslrootcert={folder}/ca.crt';
    expect(await reasonFor(urlOf('scim', query, '127.0.0.1'))).toMatch(
      /certificate is for another host .*IP: 127\.0\.0\.1/,
    );
  });

  it('is refused with a wrong password, and without one', async () => {
    expect(await reasonFor(urlOf('scim', '', 'localhost', 'second'))).toMatch(
      /the password is wrong/,
    );
    expect(await reasonFor(urlOf('scim', '', 'localhost', ''))).toMatch(
      /asks for a password, and the URL has none/,
    );
  });
});

describe('a connection to a server without TLS', () => {
  it.each(['sslmode=require', 'sslmode=verify-full'])('with %s is refused', async (query) => {
    expect(await reasonFor(`${inject('postgresUrl')}?${query}`)).toMatch(/doesn't support TLS/);
  });
});

describe('an open directory', () => {
  const terminate = () =>
    admin.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'scim'`);

  it('uses a rotated password and a rotated CA for its next connection', async () => {
    const path = file('url');
    copyFileSync(file('ca.crt'), file('trusted.crt'));
    const query = 'sslmode=verify-full&sslrootcert={folder}/trusted.crt';
    writeFileSync(path, `${urlOf('scim', query)}\n`);
    const store = await openDirectory(() => readDatabaseUrl(path));

    const { cert, key } = other.issue('localhost');
    writeFileSync(join(server.data, 'server.crt'), cert);
    writeFileSync(join(server.data, 'server.key'), key);
    await admin.query(`ALTER ROLE scim PASSWORD 'second'; SELECT pg_reload_conf()`);
    await eventually(async () => {
      await terminate();
      await expect(store.ping()).rejects.toMatchObject({ status: 503 });
    });

    copyFileSync(file('other.crt'), file('trusted.crt'));
    writeFileSync(path, urlOf('scim', query, 'localhost', 'second'));
    await eventually(() => store.ping());
    expect(await isEncrypted('scim')).toBe(true);

    // As while a file is being written.
    writeFileSync(path, 'postgres:');
    await terminate();
    await eventually(() => store.ping());
    await store.close();
  });

  it('follows a server on which TLS is turned off, in the mode prefer', async () => {
    const store = await openDirectory(urlOf('scim', '', 'localhost', 'second'));
    expect(await isEncrypted('scim')).toBe(true);
    await admin.query('ALTER SYSTEM SET ssl = off');
    await admin.query('SELECT pg_reload_conf()');
    await eventually(async () => {
      await terminate();
      await store.ping();
      expect(await isEncrypted('scim')).toBe(false);
    });
    await store.close();
  });
});
