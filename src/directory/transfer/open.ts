/** Opens the ends of a transfer that database URLs name. */
import { isPostgres, sqlitePath } from '../database-url.ts';
import type { TransferSource, TransferTarget } from './ends.ts';
import { openPostgresSource, openPostgresTarget } from './postgres.ts';
import { openSqliteSource, openSqliteTarget } from './sqlite.ts';

/**
 * `onInUse` is called if another process is using a SQLite file. Throws DatabaseRefusedError if
 * retrying can't help, and any other error if it may.
 */
export async function openSource(
  readUrl: () => string,
  onInUse?: () => void,
): Promise<TransferSource> {
  const url = readUrl();
  return isPostgres(url) ? openPostgresSource(readUrl) : openSqliteSource(sqlitePath(url), onInUse);
}

/** Throws DatabaseRefusedError if retrying can't help, and any other error if it may. */
export async function openTarget(readUrl: () => string): Promise<TransferTarget> {
  const url = readUrl();
  return isPostgres(url)
    ? openPostgresTarget(readUrl, Date.now)
    : openSqliteTarget(sqlitePath(url), Date.now);
}

/** A new file under a name that nobody else knows yet, so that it needs no lock. */
export async function openNewFile(path: string): Promise<TransferTarget> {
  return openSqliteTarget(path, Date.now, { lock: false });
}
