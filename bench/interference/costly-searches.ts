/**
 * Measures what others notice while one client sends 20 searches at once that compare each user
 * with many terms. `node bench/interference/costly-searches.ts [sqlite|postgres] [USERS]` fails if
 * they wait too long.
 */
import { disturb } from './disturb.ts';
import { onDatabases } from './on-databases.ts';

const TERMS = 50;

const users = Number(process.argv[3] ?? 30_000);
const filter = Array.from({ length: TERMS }, (_, n) => `emails.value co "z${n}"`).join(' or ');
const search = { schemas: ['urn:ietf:params:scim:api:messages:2.0:SearchRequest'], filter };

await onDatabases('costly-searches', (kind, closing) =>
  disturb(
    kind,
    {
      users,
      request: (compose) => compose('POST', '/.search', search),
      connections: 20,
      times: 1,
      boundMs: 50,
    },
    closing,
  ),
);
