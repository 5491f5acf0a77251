/** Brings a PostgreSQL database to this version's schema, one process at a time, all of it in one transaction: a lock of the session would not hold behind a pooler. */
import type pg from 'pg';
import { DatabaseRefusedError } from '../database-errors.ts';
import { checkLedger, type Migration, sha256 } from '../migrations.ts';
import { sql as directory } from './migrations/0001-directory.ts';

const MIGRATIONS: readonly Migration[] = [{ name: '0001-directory', sql: directory }];

/** "SCIM" */
const LOCK = 0x5343494d;
const LEDGER = 'scim_operator_migrations';

/** Throws DatabaseRefusedError for a newer schema, one that was altered, and a database of another program. */
export async function migrate(client: pg.Client, now: () => number): Promise<void> {
  await inTransaction(client, async () => {
    await client.query(`SELECT pg_advisory_xact_lock(${LOCK})`);
    await checkServer(client);
    const applied = await ledgerOf(client);
    checkLedger(applied, MIGRATIONS);
    const names = new Set(applied.map(({ name }) => name));
    for (const migration of MIGRATIONS.filter(({ name }) => !names.has(name))) {
      await client.query(migration.sql);
      await client.query(`INSERT INTO ${LEDGER} VALUES ($1, $2, $3)`, [
        migration.name,
        sha256(migration),
        now(),
      ]);
    }
  });
}

/** What the directory promises rests on these. */
async function checkServer(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ encoding: string; version: number; standby: boolean }>(
    `SELECT current_setting('server_encoding') AS encoding, current_setting('server_version_num')::int / 10000 AS version, pg_is_in_recovery() AS standby`,
  );
  const [server] = rows;
  if (server === undefined) throw new Error('the server said nothing of itself');
  if (server.version < 14) {
    throw new DatabaseRefusedError(`PostgreSQL ${server.version} is too old; 14 is needed`);
  }
  if (server.encoding !== 'UTF8') {
    throw new DatabaseRefusedError(
      `its encoding is ${server.encoding}; create it with ENCODING 'UTF8'`,
    );
  }
  if (server.standby) throw new Error('the server is a standby, which takes no writes');
}

async function ledgerOf(client: pg.Client) {
  const { rows } = await client.query<{ ledger: string | null; foreign: string | null }>(
    `SELECT to_regclass('${LEDGER}')::text AS ledger, (SELECT min(tablename) FROM pg_tables WHERE schemaname = current_schema() AND tablename IN ('users', 'access', 'groups', 'group_members', 'integrations', 'tokens')) AS foreign`,
  );
  const [found] = rows;
  if (found?.ledger == null && found?.foreign != null) {
    throw new DatabaseRefusedError(
      `it belongs to another program, which has a table ${found.foreign}; name another database`,
    );
  }
  await client.query(
    `CREATE TABLE IF NOT EXISTS ${LEDGER} (name TEXT NOT NULL PRIMARY KEY, sha256 TEXT NOT NULL, applied_at BIGINT NOT NULL)`,
  );
  const ledger = await client.query<{ name: string; sha256: string }>(
    `SELECT name, sha256 FROM ${LEDGER}`,
  );
  return ledger.rows;
}

async function inTransaction(client: pg.Client, work: () => Promise<unknown>): Promise<void> {
  await client.query('BEGIN');
  try {
    await work();
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}
