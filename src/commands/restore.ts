/** `restore`: fills a directory from the file of a backup. */
import { randomBytes } from 'node:crypto';
import { createWriteStream, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { getTableName } from 'drizzle-orm';
import type { RestoreConfig } from '../config/command-options.ts';
import { shownDatabaseUrl } from '../directory/database-url.ts';
import { tokens } from '../directory/sqlite/schema.ts';
import { openTarget } from '../directory/transfer/open.ts';
import { openSqliteSource } from '../directory/transfer/sqlite.ts';
import type { Logger } from '../logger.ts';
import { urlReader } from './database.ts';
import { FatalError, reasonOf } from './errors.ts';
import { filePathOf, scratchFolder, transferBetween } from './transfer.ts';

/** Restores all or nothing. Throws FatalError. */
export async function restore(
  config: RestoreConfig,
  input: Readable,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  const { databaseUrl, from, replace, withoutTokens } = config;
  const shown = shownDatabaseUrl(databaseUrl);
  const received = from === '-' ? await receive(input, databaseUrl) : undefined;
  try {
    const rows = await transferBetween(
      {
        shown: `the backup ${from}`,
        path: received ?? from,
        open: async () => openSqliteSource(received ?? from),
      },
      {
        shown: `the database ${shown}`,
        path: filePathOf(databaseUrl),
        open: () => openTarget(urlReader(config)),
      },
      { replace, without: withoutTokens ? [getTableName(tokens)] : [], signal },
    );
    log.info({ databaseUrl: shown, file: from, rows }, 'backup was restored');
  } finally {
    if (received !== undefined) rmSync(received, { force: true });
  }
}

/** SQLite reads only files, so standard input is collected in one. */
async function receive(input: Readable, databaseUrl: string): Promise<string> {
  const folder = scratchFolder(databaseUrl);
  const path = join(folder, `scim-operator-restore-${randomBytes(4).toString('hex')}`);
  try {
    await pipeline(input, createWriteStream(path, { flags: 'wx', mode: 0o600 }));
    return path;
  } catch (error) {
    rmSync(path, { force: true });
    throw new FatalError(`can't read the backup from standard input: ${reasonOf(error)}`);
  }
}
