/**
 * Measures what others notice while one client reads all users, with a filter that has no index.
 * `node bench/interference/long-filter.ts [sqlite|postgres] [USERS]` fails if they wait too long.
 */
import { filtered } from '../load/requests.ts';
import { disturb } from './disturb.ts';
import { onDatabases } from './on-databases.ts';

const users = Number(process.argv[3] ?? 100_000);

await onDatabases('long-filter', (kind, closing) =>
  disturb(
    kind,
    {
      users,
      request: (compose) => compose('GET', filtered('Users', 'title co "x"')),
      connections: 1,
      times: 20,
      boundMs: 20,
    },
    closing,
  ),
);
