/**
 * What both databases have in common about migrations: numbered SQL, recorded in a ledger with its
 * hash.
 */
import { hash } from 'node:crypto';
import { DatabaseRefusedError } from '../database-errors.ts';

export interface Migration {
  readonly name: string;
  readonly sql: string;
}

export const sha256 = ({ sql }: Migration): string => hash('sha256', sql);

interface Applied {
  readonly name: string;
  readonly sha256: string;
}

/** Throws DatabaseRefusedError for a newer or altered schema. */
export function checkLedger(applied: readonly Applied[], migrations: readonly Migration[]): void {
  for (const row of applied) {
    const known = migrations.find(({ name }) => name === row.name);
    if (known === undefined) {
      throw new DatabaseRefusedError(
        `a newer version has migrated it (${row.name}); run that version`,
      );
    }
    if (sha256(known) !== row.sha256) {
      throw new DatabaseRefusedError(
        `its migration ${row.name} is not this version's; use a new database`,
      );
    }
  }
}

/** Throws DatabaseRefusedError for any schema but this version's. */
export function checkComplete(applied: readonly Applied[], migrations: readonly Migration[]): void {
  checkLedger(applied, migrations);
  if (applied.length === migrations.length) return;
  throw new DatabaseRefusedError(
    'its schema is older than this version; run scim-operator migrate on it first',
  );
}
