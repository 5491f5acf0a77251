/** The last requests of integrations, on PostgreSQL. */
import { mergedRequests, recentRequestStatements } from '../../sql/log/recent-requests.ts';
import { named } from '../../sql/names.ts';
import type { RecentRequestStore } from '../../store/recent-requests.ts';
import type { Connections } from '../connection/connections.ts';
import { recentRequests } from '../schema.ts';

const statements = recentRequestStatements(
  named(recentRequests),
  named(recentRequests, 'excluded'),
);

export function createRecentRequestStore({ all, run }: Connections): RecentRequestStore {
  return {
    put: async (scope, process, requests, at) => {
      await run(statements.put(scope, process, requests, at));
    },
    list: async (scope) => mergedRequests(await all(statements.list(scope))),
    prune: async (before) => {
      await run(statements.prune(before));
    },
  };
}
