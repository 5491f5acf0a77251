/** What `backup`, `restore` and `copy` have in common: two ends, and one line about a failure. */
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import {
  DamagedSourceError,
  DatabaseNotMigratedError,
  DatabaseRefusedError,
} from '../directory/database-errors.ts';
import { isPostgres, sqlitePath } from '../directory/database-url.ts';
import type { TransferSource, TransferTarget } from '../directory/transfer/ends.ts';
import {
  TransferMismatchError,
  type TransferOptions,
  transfer,
} from '../directory/transfer/transfer.ts';
import { FatalError, isDefect, reasonOf } from './errors.ts';

/** An end, and its name in messages. */
interface End<T> {
  readonly shown: string;
  open(): Promise<T>;
}

/**
 * Returns the number of rows of each table. Throws FatalError, and changes nothing, if that isn't
 * possible.
 */
export async function transferBetween(
  from: End<TransferSource>,
  to: End<TransferTarget>,
  options: TransferOptions,
): Promise<Record<string, number>> {
  const source = await opened(from);
  try {
    const target = await opened(to);
    try {
      return await transfer(source, target, options);
    } catch (error) {
      if (error instanceof DamagedSourceError) throw refusal(from.shown, error);
      if (error instanceof DatabaseRefusedError) throw refusal(to.shown, error);
      throw failed(error, `can't transfer ${from.shown} to ${to.shown}`, options.signal);
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

async function opened<T>({ shown, open }: End<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    const refused =
      error instanceof DatabaseRefusedError || error instanceof DatabaseNotMigratedError;
    throw refused ? refusal(shown, error) : failed(error, `can't open ${shown}`);
  }
}

const refusal = (shown: string, { message }: Error): FatalError =>
  new FatalError(`${shown} can't be used: ${message}`);

function failed(error: unknown, what: string, signal?: AbortSignal): unknown {
  if (error instanceof TransferMismatchError) return new FatalError(`${what}: ${error.message}`);
  if (signal?.aborted) return new FatalError(`${what}: interrupted; nothing was kept`);
  return isDefect(error) ? error : new FatalError(`${what}: ${reasonOf(error)}`);
}

/** Where a file may be collected for a moment: beside a SQLite file, whose volume is writable. */
export function scratchFolder(databaseUrl: string): string {
  return isPostgres(databaseUrl) ? tmpdir() : dirname(sqlitePath(databaseUrl));
}
