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

export const recentRequestReads = ({
  read,
  reading,
}: Pick<Connections, 'read' | 'reading'>): Pick<RecentRequestStore, 'list'> => ({
  list: (scope) => reading(() => mergedRequests(read.all(statements.list(scope)))),
});

export function createRecentRequestStore(connections: Connections): RecentRequestStore {
  const { writer, write } = connections;
  return {
    ...recentRequestReads(connections),
    put: (scope, process, requests, at) =>
      writer.write(() => {
        write.run(statements.put(scope, process, requests, at));
      }),
    prune: (before) =>
      writer.write(() => {
        write.run(statements.prune(before));
      }),
  };
}
