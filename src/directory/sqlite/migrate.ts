/**
 * Brings a database to this version's schema: numbered SQL, each in one transaction, recorded in a
 * ledger with its hash.
 */
import type Database from 'better-sqlite3';
import { DatabaseRefusedError } from '../database-errors.ts';
import { checkComplete, checkLedger, type Migration, sha256 } from '../sql/ledger.ts';
import { sql as directory } from './migrations/0001-directory.ts';

const MIGRATIONS: readonly Migration[] = [{ name: '0001-directory', sql: directory }];

/** "SCIM" in the file's header, which distinguishes it from files of other programs. */
const APPLICATION_ID = 0x5343494d;

/** Throws DatabaseRefusedError for a newer or altered schema. */
export function migrate(db: Database.Database, now: () => number): void {
  // A start doesn't wait for the disk if nothing is to be written.
  if (!hasLedger(db)) db.transaction(() => begin(db)).immediate();
  const ledger = ledgerOf(db);
  checkLedger(ledger, MIGRATIONS);
  for (const migration of MIGRATIONS) {
    if (ledger.some(({ name }) => name === migration.name)) continue;
    db.transaction(() => apply(db, migration, now())).immediate();
  }
}

const hasLedger = (db: Database.Database): boolean =>
  db.pragma('application_id', { simple: true }) === APPLICATION_ID &&
  db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'migrations'").get() !== undefined;

function begin(db: Database.Database): void {
  db.pragma(`application_id = ${APPLICATION_ID}`);
  db.exec(`
    CREATE TABLE IF NOT EXISTS migrations (
      name TEXT NOT NULL PRIMARY KEY,
      sha256 TEXT NOT NULL,
      applied_at INTEGER NOT NULL
    ) STRICT
  `);
}

function apply(db: Database.Database, migration: Migration, at: number) {
  const { name, sql } = migration;
  if (db.prepare('SELECT 1 FROM migrations WHERE name = ?').get(name) !== undefined) return;
  db.exec(sql);
  db.prepare('INSERT INTO migrations VALUES (?, ?, ?)').run(name, sha256(migration), at);
}

/**
 * Reads only. Throws DatabaseRefusedError for a file of another program before anything is written
 * to it.
 */
export function checkOwner(db: Database.Database): void {
  const id = db.pragma('application_id', { simple: true });
  if (id === APPLICATION_ID) return;
  const tables = db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get();
  if (id !== 0 || tables !== 0) {
    throw new DatabaseRefusedError('it belongs to another program; use another file');
  }
}

/**
 * Reads only. Throws DatabaseRefusedError unless the file is a directory with exactly this
 * version's schema.
 */
export function checkCurrent(db: Database.Database): void {
  if (db.pragma('application_id', { simple: true }) !== APPLICATION_ID) {
    throw new DatabaseRefusedError('it is no directory of scim-operator; use another file');
  }
  checkComplete(ledgerOf(db), MIGRATIONS);
}

function ledgerOf(db: Database.Database): readonly { name: string; sha256: string }[] {
  return db.prepare<[], { name: string; sha256: string }>('SELECT * FROM migrations').all();
}
