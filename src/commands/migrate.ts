/** `migrate`: brings the database to the schema of this version. */
import type { Config } from '../config/options.ts';
import { DatabaseNotMigratedError } from '../directory/database-errors.ts';
import { shownDatabaseUrl } from '../directory/database-url.ts';
import type { Logger } from '../logger.ts';
import { open } from './database.ts';
import { FatalError, isDefect, reasonOf } from './errors.ts';

/**
 * Creates or upgrades the database. It never waits, because its caller, such as a Job, retries.
 * Throws FatalError.
 */
export async function migrateDatabase(config: Config, log: Logger): Promise<void> {
  const databaseUrl = shownDatabaseUrl(config.databaseUrl);
  const store = await open(config, log).catch((error: unknown) => {
    if (error instanceof FatalError || isDefect(error)) throw error;
    const reason = reasonOf(error);
    throw new FatalError(
      error instanceof DatabaseNotMigratedError
        ? `the database ${databaseUrl} can't be migrated: ${reason}`
        : `can't reach the database ${databaseUrl}: ${reason}; run migrate again when it is reachable`,
    );
  });
  await store.close();
  log.info({ databaseUrl }, 'database is up to date');
}
