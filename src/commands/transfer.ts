/** What `backup`, `restore` and `copy` have in common: two ends, and one line about a failure. */
import { existsSync, statSync } from 'node:fs';
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
  /** The path, if it is a file that the user named. */
  readonly path?: string | undefined;
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
  refuseSameFile(from, to);
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

/** One file may have several names. */
function refuseSameFile(from: End<unknown>, to: End<unknown>): void {
  const paths = [from.path, to.path].filter((path) => path !== undefined && existsSync(path));
  const [one, other] = paths.map((path) => statSync(path ?? '', { bigint: true }));
  if (one === undefined || other === undefined) return;
  if (one.dev !== other.dev || one.ino !== other.ino) return;
  throw new FatalError(`${from.shown} and ${to.shown} are the same file; name another database`);
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

export const filePathOf = (databaseUrl: string): string | undefined =>
  isPostgres(databaseUrl) ? undefined : sqlitePath(databaseUrl);

/** Where a file may be collected for a moment: beside a SQLite file, whose volume is writable. */
export function scratchFolder(databaseUrl: string): string {
  const path = filePathOf(databaseUrl);
  return path === undefined ? tmpdir() : dirname(path);
}
