/** The last requests of integrations, on SQLite. */
import { mergedRequests, recentRequestStatements } from '../../sql/log/recent-requests.ts';
import { named } from '../../sql/names.ts';
import type { RecentRequestStore } from '../../store/recent-requests.ts';
import type { Connections } from '../connections.ts';
import { recentRequests } from '../schema.ts';

const statements = recentRequestStatements(
  named(recentRequests),
  named(recentRequests, 'excluded'),
);

export function createRecentRequestStore({
  writer,
  write,
  read,
  reading,
}: Pick<Connections, 'writer' | 'write' | 'read' | 'reading'>): RecentRequestStore {
  return {
    put: (integrationId, process, requests, at) =>
      writer.write(() => {
        write.run(statements.put(integrationId, process, requests, at));
      }),
    list: (integrationId) =>
      reading(() => mergedRequests(read.all(statements.list(integrationId)))),
    prune: (before) =>
      writer.write(() => {
        write.run(statements.prune(before));
      }),
  };
}
