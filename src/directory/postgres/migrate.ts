/**
 * Brings a PostgreSQL database to this version's schema, one process at a time and each migration
 * in one transaction.
 */
import { escapeIdentifier } from 'pg';
import { DatabaseNotMigratedError, DatabaseRefusedError } from '../database-errors.ts';
import { checkComplete, checkLedger, type Migration, sha256 } from '../sql/ledger.ts';
import { checkFree, findHome, LEDGER, type SetupSession } from './ledger.ts';
import { sql as directory } from './migrations/0001-directory.ts';
import { checkReadsLedger, checkServes, mayMigrate } from './privileges.ts';

const MIGRATIONS: readonly Migration[] = [{ name: '0001-directory', sql: directory }];

/** "SCIM" */
const LOCK = 0x5343494d;

/**
 * Returns the schema of the directory, which all statements have to name. Writes only if a
 * migration is missing, so that a role without CREATE can serve. Throws DatabaseRefusedError for a
 * newer or altered schema, a database of another program, and missing privileges;
 * DatabaseNotMigratedError if another role has to migrate first.
 */
export async function migrate(
  session: SetupSession,
  named: string | undefined,
  now: () => number,
): Promise<string> {
  await checkServer(session);
  for (;;) {
    const { schema, missing } = await stateOf(session, named);
    if (missing === undefined) {
      await checkServes(session, schema);
      return schema;
    }
    if (!(await mayMigrate(session, schema))) throw new DatabaseNotMigratedError(schema);
    await inTransaction(session, () => applyNext(session, named, now));
  }
}

/**
 * Returns the schema of the directory. Reads only. Throws DatabaseRefusedError if there is no
 * directory, or one of another version.
 */
export async function checkCurrent(
  session: SetupSession,
  named: string | undefined,
): Promise<string> {
  const { schema, hasLedger } = await findHome(session, named);
  if (!hasLedger) throw new DatabaseRefusedError(`the schema ${schema} contains no directory`);
  checkComplete(await ledgerOf(session, schema), MIGRATIONS);
  return schema;
}

async function stateOf(session: SetupSession, named: string | undefined) {
  const { schema, hasLedger } = await findHome(session, named);
  if (!hasLedger) return { schema, hasLedger, missing: MIGRATIONS[0] };
  const rows = await ledgerOf(session, schema);
  checkLedger(rows, MIGRATIONS);
  const applied = new Set(rows.map(({ name }) => name));
  return { schema, hasLedger, missing: MIGRATIONS.find(({ name }) => !applied.has(name)) };
}

async function ledgerOf(session: SetupSession, schema: string) {
  await checkReadsLedger(session, schema);
  const { rows } = await session.query<{ name: string; sha256: string }>(
    `SELECT name, sha256 FROM ${escapeIdentifier(schema)}.${LEDGER}`,
  );
  return rows;
}

/** In a transaction, so that the lock and the search path end with it, as poolers require. */
async function applyNext(
  session: SetupSession,
  named: string | undefined,
  now: () => number,
): Promise<void> {
  await session.query(`SELECT pg_advisory_xact_lock(${LOCK})`);
  // Another process may have been faster.
  const { schema, hasLedger, missing } = await stateOf(session, named);
  if (missing === undefined) return;
  await session.query(`SET LOCAL search_path TO ${escapeIdentifier(schema)}`);
  if (!hasLedger) {
    await checkFree(session, schema);
    await session.query(`
      CREATE TABLE ${LEDGER} (
        name TEXT NOT NULL PRIMARY KEY,
        sha256 TEXT NOT NULL,
        applied_at BIGINT NOT NULL
      )
    `);
  }
  await session.query(missing.sql);
  await session.query(`INSERT INTO ${LEDGER} VALUES ($1, $2, $3)`, [
    missing.name,
    sha256(missing),
    now(),
  ]);
}

/** The directory's guarantees depend on these properties of the server. */
async function checkServer(session: SetupSession): Promise<void> {
  const { rows } = await session.query<{ encoding: string; version: number; standby: boolean }>(
    `
      SELECT current_setting('server_encoding') AS encoding,
        current_setting('server_version_num')::int / 10000 AS version,
        pg_is_in_recovery() AS standby
    `,
  );
  const [server] = rows;
  if (server === undefined) throw new Error('the server returned nothing about itself');
  if (server.version < 14) {
    throw new DatabaseRefusedError(
      `PostgreSQL ${server.version} is too old; use version 14 or newer`,
    );
  }
  if (server.encoding !== 'UTF8') {
    throw new DatabaseRefusedError(
      `its encoding is ${server.encoding}; create it with ENCODING 'UTF8'`,
    );
  }
  if (server.standby) throw new Error('the server is a standby, which accepts no writes');
}

/** If this process vanishes, the server frees the lock of migrations after this time. */
const BEGIN = "BEGIN; SET LOCAL idle_in_transaction_session_timeout = '10s'";

async function inTransaction(session: SetupSession, work: () => Promise<unknown>): Promise<void> {
  await session.query(BEGIN);
  try {
    await work();
    await session.query('COMMIT');
  } catch (error) {
    // If the connection is gone, so is the transaction.
    await session.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}
