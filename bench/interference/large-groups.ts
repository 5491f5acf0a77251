/**
 * Measures what others notice while one client sends 20 PUTs of a group with 300,000 members (15 MB
 * each) at once. `node bench/interference/large-groups.ts [sqlite|postgres] [MEMBERS]` fails if they
 * wait too long, or if the server and its database need too much memory.
 */
import { GROUP } from '../load/requests.ts';
import { disturb } from './disturb.ts';
import { onDatabases } from './on-databases.ts';

const size = Number(process.argv[3] ?? 300_000);

await onDatabases('large-groups', (kind, closing) =>
  disturb(
    kind,
    {
      users: size,
      groups: { large: 1 },
      request: (compose, { directory: { users, groups } }) => {
        const members = users.map((value) => ({ value }));
        const body = { schemas: [GROUP], displayName: 'large', members };
        return compose('PUT', `/Groups/${groups.large}`, body);
      },
      connections: 20,
      times: 1,
      boundMs: 50,
      boundMb: 400,
    },
    closing,
  ),
);
