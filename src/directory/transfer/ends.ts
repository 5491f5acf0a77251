/** The two ends of a transfer. Each is one transaction on a database. */
import type { TransferRow, TransferTable } from './tables.ts';

/** What a source returns and a target takes at once, which bounds the memory. */
export const BATCH_ROWS = 200;

export interface TransferSource {
  /** All rows in order, as they were when the transaction began. */
  rows(table: TransferTable): AsyncIterable<readonly TransferRow[]>;
  /** Ends the transaction. What a target has not committed is undone. */
  close(): Promise<void>;
}

export interface TransferTarget extends TransferSource {
  insert(table: TransferTable, rows: readonly TransferRow[]): Promise<void>;
  clear(table: TransferTable): Promise<void>;
  commit(): Promise<void>;
}
