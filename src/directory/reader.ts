/** Reads a directory beside the processes that are using it, without changing anything. */
import { isPostgres, sqlitePath } from './database-url.ts';
import { readCensus } from './postgres/census.ts';
import { PostgresAddress } from './postgres/connection/address.ts';
import { clientTo } from './postgres/connection/client.ts';
import { openConnections } from './postgres/connection/connections.ts';
import { qualifier } from './postgres/connection/qualified.ts';
import { ActivityLog } from './postgres/log/activity-log.ts';
import { createRecentRequestStore } from './postgres/log/recent-request-store.ts';
import { findDirectory } from './postgres/setup-connection.ts';
import { createCensus } from './sqlite/census.ts';
import { openReadConnections } from './sqlite/connections.ts';
import { activityReads } from './sqlite/log/activity-log.ts';
import { recentRequestReads } from './sqlite/log/recent-request-store.ts';
import type { ActivityStore } from './store/activity.ts';
import type { RecentRequestStore } from './store/recent-requests.ts';
import type { Store } from './store/store.ts';

export interface DirectoryReader extends Pick<Store, 'census' | 'close'> {
  readonly activity: Pick<ActivityStore, 'list'>;
  readonly recentRequests: Pick<RecentRequestStore, 'list'>;
}

/**
 * Throws DatabaseRefusedError if there is no directory of this version's schema, and any other
 * error if retrying may help.
 */
export async function openReader(readUrl: () => string): Promise<DirectoryReader> {
  const url = readUrl();
  return isPostgres(url) ? openPostgresReader(readUrl) : openSqliteReader(sqlitePath(url));
}

function openSqliteReader(path: string): DirectoryReader {
  const connections = openReadConnections(path);
  return {
    activity: activityReads(connections),
    census: createCensus(connections),
    recentRequests: recentRequestReads(connections),
    close: async () => connections.close(),
  };
}

async function openPostgresReader(readUrl: () => string): Promise<DirectoryReader> {
  const address = new PostgresAddress(readUrl);
  const Client = clientTo(address);
  const textOf = qualifier(await findDirectory(address));
  const name = `${address.applicationName} reader`;
  const connections = openConnections(() => ({ Client, textOf, application_name: name }), 1);
  return {
    activity: new ActivityLog(connections, {}).store,
    census: () => readCensus(connections),
    recentRequests: createRecentRequestStore(connections),
    close: () => connections.close(),
  };
}
