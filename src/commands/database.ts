/** Opens the directory on the database that the options name. */
import type { Config } from '../config/options.ts';
import { activityFields } from '../directory/activity-lines.ts';
import { DatabaseNotMigratedError, DatabaseRefusedError } from '../directory/database-errors.ts';
import { readDatabaseUrl, shownDatabaseUrl } from '../directory/database-url.ts';
import { openDirectory } from '../directory/open.ts';
import type { Pooler } from '../directory/postgres/connection/connections.ts';
import type { ActivityEntry } from '../directory/store/activity.ts';
import type { Store } from '../directory/store/store.ts';
import { untilSuccessful } from '../kube/until-successful.ts';
import type { Logger } from '../logger.ts';
import { FatalError, reasonOf } from './errors.ts';

export interface DatabaseOptions {
  readonly databaseUrl: string;
  readonly databaseUrlFile: string | undefined;
}

/** How the URL of the directory is read for each new connection. */
export function urlReader({ databaseUrl, databaseUrlFile: file }: DatabaseOptions): () => string {
  return file === undefined ? () => databaseUrl : () => readDatabaseUrl(file);
}

/** Throws FatalError if the database can't be used as it is. */
export async function open(config: Config, log: Logger): Promise<Store> {
  const { databaseUrl, databaseConnections: connections } = config;
  const onPooler = (pooler: Pooler) => sayOfPooler(pooler, log);
  const onReadableByOthers = (reason: string) =>
    log.warn({ reason }, 'other users of this machine can read the database');
  const shown = { databaseUrl: shownDatabaseUrl(databaseUrl) };
  const onFull = () =>
    log.error(shown, 'the volume of the database is full; writes get 503 until it has space');
  const onSpace = () => log.info(shown, 'the volume of the database has space again');
  const onMissed = (error: unknown) =>
    log.warn(
      { ...shown, reason: reasonOf(error) },
      'users were created, but the table users lacks them; check what locks that table',
    );
  try {
    const activity = activityOptions(config, log);
    return await openDirectory(urlReader(config), undefined, {
      ...{ connections, activity, onPooler, onMissed },
      ...{ onReadableByOthers, onFull, onSpace },
    });
  } catch (error) {
    if (!(error instanceof DatabaseRefusedError)) throw error;
    throw new FatalError(`the database ${shown.databaseUrl} can't be used: ${error.message}`);
  }
}

function sayOfPooler({ isToPrepare, prepares }: Pooler, log: Logger): void {
  if (prepares) log.info('the database is behind a pooler, which keeps statements prepared');
  else if (isToPrepare)
    log.warn(
      'the pooler does not keep statements prepared, although the URL of the database has ' +
        'pooler_prepared_statements=true; named prepared statements are not used',
    );
  else log.info('the database is behind a pooler; named prepared statements are not used');
}

function activityOptions({ activityRetentionMs, activityLog }: Config, log: Logger) {
  const recorded = activityRetentionMs > 0;
  if (!activityLog) return { recorded };
  const everyLevel = log.child({}, { level: 'info' });
  const onEntry = (entry: ActivityEntry) =>
    everyLevel.info({ activity: activityFields(entry) }, 'activity was recorded');
  return { recorded, onEntry };
}

const UNREACHABLE = 'database was not reached; retrying';
const NOT_MIGRATED = 'database was not migrated; retrying';

/**
 * Logs once when the database is unreachable and once when it is reachable again. Resolves with
 * undefined if the signal aborts first.
 */
export async function openWhenReachable(
  config: Config,
  log: Logger,
  signal: AbortSignal,
): Promise<Store | undefined> {
  const databaseUrl = shownDatabaseUrl(config.databaseUrl);
  return untilSuccessful(
    () => open(config, log),
    {
      mostMs: 5_000,
      kindOf: (error) => {
        if (error instanceof FatalError) throw error;
        return error instanceof DatabaseNotMigratedError ? NOT_MIGRATED : UNREACHABLE;
      },
      onTrouble: (error, message) => log.warn({ databaseUrl, reason: reasonOf(error) }, message),
      onEnd: () => log.info({ databaseUrl }, 'database was reached'),
    },
    signal,
  );
}
