/** Moves a directory from one database to another, table by table, and proves that it arrived. */
import { createHash } from 'node:crypto';
import { DatabaseRefusedError } from '../database-errors.ts';
import type { TransferSource, TransferTarget } from './ends.ts';
import { TRANSFER_TABLES, type TransferRow, type TransferTable } from './tables.ts';

export interface TransferOptions {
  /**
   * Removes what the target contains. Otherwise, a target with rows is refused. Undefined if the user
   * has no such choice.
   */
  readonly replace?: boolean;
  /** Names of tables whose rows are not transferred. */
  readonly without?: readonly string[];
  readonly signal?: AbortSignal;
}

/** The target contains something else than what was read. The message completes "…: ". */
export class TransferMismatchError extends Error {
  override readonly name = 'TransferMismatchError';
}

/**
 * Returns the number of rows of each table. All or nothing is written. Throws DatabaseRefusedError
 * if the target is not empty, and TransferMismatchError if the rows read back differ.
 */
export async function transfer(
  source: TransferSource,
  target: TransferTarget,
  { replace, without = [], signal }: TransferOptions = {},
): Promise<Record<string, number>> {
  if (!replace) await refuseRows(target, replace === undefined ? '' : ', or add --replace');
  const sent = new Map<TransferTable, Digest>();
  for (const table of TRANSFER_TABLES) {
    const digest = new Digest();
    sent.set(table, digest);
    await target.clear(table);
    if (!table.transferred || without.includes(table.name)) continue;
    for await (const rows of source.rows(table)) {
      signal?.throwIfAborted();
      digest.add(rows);
      await target.insert(table, rows);
    }
  }
  for (const [table, digest] of sent) await compare(table, digest, target, signal);
  await target.commit();
  return Object.fromEntries(
    [...sent]
      .filter(([{ transferred }]) => transferred)
      .map(([{ name }, { count }]) => [name, count]),
  );
}

async function refuseRows(target: TransferTarget, alternative: string): Promise<void> {
  for (const table of TRANSFER_TABLES) {
    if (table.filledAtCreation || !table.transferred) continue;
    for await (const _ of target.rows(table)) {
      throw new DatabaseRefusedError(
        `it is not empty: the table ${table.name} has rows; use a new file, or an empty ` +
          `database or schema${alternative}`,
      );
    }
  }
}

/** Reads the table back. */
async function compare(
  table: TransferTable,
  sent: Digest,
  target: TransferTarget,
  signal: AbortSignal | undefined,
): Promise<void> {
  const found = new Digest();
  for await (const rows of target.rows(table)) {
    signal?.throwIfAborted();
    found.add(rows);
  }
  if (found.value === sent.value) return;
  const what =
    found.count === sent.count
      ? `its ${sent.count} rows have another content`
      : `it has ${found.count} rows instead of ${sent.count}`;
  throw new TransferMismatchError(
    `the table ${table.name} differs after the transfer: ${what}; nothing was kept`,
  );
}

class Digest {
  count = 0;
  readonly #hash = createHash('sha256');
  #value: string | undefined;

  add(rows: readonly TransferRow[]): void {
    this.count += rows.length;
    for (const row of rows) this.#hash.update(`${JSON.stringify(row)}\n`);
  }

  get value(): string {
    this.#value ??= this.#hash.digest('hex');
    return this.#value;
  }
}
