/**
 * Measures the console's own time for each page over a tenant of a million users. Kubernetes is
 * left out: every review is allowed at once, and the cluster has no objects.
 * `node --import ./hack/jsx.ts bench/console/main.ts [USERS] [DATABASE_URL]` prints a table of
 * milliseconds, with those of the CPU of this process, and of compressed kilobytes. It fails if a
 * page exceeds its bounds. A database that is named is filled if it is empty, and kept.
 */
import { gzipSync } from 'node:zlib';
import type { ConsoleContext } from '../../src/console/context.ts';
import { openDirectory } from '../../src/directory/open.ts';
import type { Store } from '../../src/directory/store/store.ts';
import { handMadeConsole } from '../../test/support/console/hand-made.ts';
import { median, percentile } from '../load/statistics.ts';
import { attributesOf, fill, GROUPS, INTEGRATION, TENANT } from '../people/fill.ts';
import { measureOn } from '../people/on-databases.ts';

const BOUND_MS = 50;
const BOUND_KB = 60;
const ROUNDS = 11;
/** Entries of the log, which the fill leaves empty. */
const ENTRIES = 20_000;

const [users = '1000000', url] = process.argv.slice(2);

async function pathsOf({ people }: Store): Promise<Readonly<Record<string, string>>> {
  const { userName } = attributesOf(Number(users) / 2 + 1);
  const [{ id } = { id: '' }] = await people.find(TENANT, 'userName', userName);
  const [small = '', , , everyone = '', nested = ''] = await Promise.all(
    GROUPS.map(async (text) => {
      const { groups } = await people.searchGroups(TENANT, { text, limit: 1 });
      return groups[0]?.id ?? '';
    }),
  );
  const [{ next = '' }] = await Promise.all([people.search(TENANT, { limit: 50 })]);
  return {
    users: 'users',
    'users, second page': `users?after=${encodeURIComponent(next)}`,
    'users, one letter': 'users?q=b',
    'users, no match': 'users?q=xyz',
    'users, inactive': 'users?state=inactive',
    'users, of everyone': `users?group=${everyone}`,
    'users, of a group by its name': `users?in=${encodeURIComponent(GROUPS[2] ?? '')}`,
    'users, of which of many groups': 'users?in=t',
    'users, one letter, inactive, of everyone': `users?q=b&state=inactive&group=${everyone}`,
    'users, by an integration': `users?by=${INTEGRATION.id}`,
    'a user': `users/${id}`,
    groups: 'groups',
    'groups, one letter': 'groups?q=t',
    'a group': `groups/${small}`,
    'a group of everyone': `groups/${everyone}`,
    'a group of groups, nested': `groups/${nested}?members=nested`,
    roles: 'roles',
    activity: 'activity',
    'activity, of a user': `activity?resource=${id}`,
    'activity, without a match': 'activity?operation=attach',
  };
}

async function fillLog(store: Store): Promise<void> {
  const first = await store.activity.list({ tenant: TENANT, limit: 1 });
  if (first.entries.length > 0) return;
  const [{ id } = { id: '' }] = (await store.people.search(TENANT, { limit: 1 })).people;
  for (let entry = 0; entry < ENTRIES; entry++)
    await store.activity.append({
      at: Date.now() - entry * 1_000,
      tenant: TENANT,
      actor: { kind: 'integration', name: INTEGRATION.id },
      operation: 'update',
      resource: { type: 'User', id, name: `user-${entry}@acme.example` },
      requestId: `request-${entry}`,
      version: entry,
      change: { title: { before: 'Engineer', after: `Engineer ${entry}` } },
    });
}

async function measure(name: string, url: string): Promise<boolean> {
  const begun = await openDirectory(url);
  const { active } = await begun.people.counts(TENANT);
  await begun.close();
  if (active === 0) await fill(url, Number(users));
  const store = await openDirectory(url);
  await fillLog(store);
  const client = { list: async () => ({ metadata: {}, items: [] }) };
  const { get } = handMadeConsole({
    tenants: [{ name: TENANT, namespaces: [TENANT] }],
    context: { store, client: client as unknown as ConsoleContext['client'] },
  });
  process.stdout.write(`| ${name} | median | slowest | CPU | kB |\n`);
  let good = true;
  for (const [page, path] of Object.entries(await pathsOf(store))) {
    const times: number[] = [];
    let size = 0;
    const cpu = process.cpuUsage();
    for (let round = 0; round < ROUNDS; round++) {
      const started = performance.now();
      const response = await get(`/console/${TENANT}/${path}`);
      const html = await response.text();
      times.push(performance.now() - started);
      if (response.status !== 200) throw new Error(`${path}: ${response.status}`);
      size = gzipSync(html).length / 1_000;
    }
    const { user, system } = process.cpuUsage(cpu);
    const middle = median(times);
    const slow = middle > BOUND_MS || size > BOUND_KB;
    good &&= !slow;
    const cells = [middle, percentile(times, 1), (user + system) / 1_000 / ROUNDS, size].map(
      (each) => each.toFixed(1),
    );
    process.stdout.write(`| ${page} | ${cells.join(' | ')} |${slow ? ' too much' : ''}\n`);
  }
  await store.close();
  return good;
}

await measureOn(url, measure);
