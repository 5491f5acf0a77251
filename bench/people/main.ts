/**
 * Measures what the console reads about a tenant of a million people, on SQLite and PostgreSQL.
 * `node bench/people/main.ts [PEOPLE] [DATABASE_URL]` prints a table of milliseconds, and fails if
 * a read takes longer than its bound. A database that is named is filled if it is empty, and kept.
 */
import { openDirectory } from '../../src/directory/open.ts';
import type { Store } from '../../src/directory/store/store.ts';
import { median, percentile } from '../load/statistics.ts';
import { attributesOf, fill, GROUPS, SMALL_INTEGRATION, TENANT } from './fill.ts';
import { measureOn } from './on-databases.ts';

const BOUND_MS = 50;
const ROUNDS = 11;

const [people = '1000000', url] = process.argv.slice(2);

type Read = (store: Store) => Promise<unknown>;

async function readsOf(store: Store): Promise<Readonly<Record<string, Read>>> {
  const { userName, displayName } = attributesOf(Number(people) / 2 + 1);
  const [{ id } = { id: '' }] = await store.people.find(TENANT, 'userName', userName);
  const [small, medium, large, everyone, nested] = (await Promise.all(
    GROUPS.map(async (text) => {
      const { groups } = await store.people.searchGroups(TENANT, { text, limit: 1 });
      return groups[0]?.id ?? '';
    }),
  )) as [string, string, string, string, string];
  const groups = { small, medium, large, everyone, nested };
  const limit = 50;
  const page = (await store.people.search(TENANT, { limit })).people.map((each) => each.id);
  type Query = Omit<Parameters<Store['people']['search']>[1], 'limit'>;
  const search =
    (query: Query): Read =>
    (store) =>
      store.people.search(TENANT, { ...query, limit });
  const pages =
    (query: Query): Read =>
    async (store) => {
      let after: string | undefined;
      for (let page = 0; page < 5; page++) {
        const started = await store.people.search(TENANT, { ...query, after, limit });
        after = started.next;
      }
    };
  const members =
    (groupId: string, nested: boolean): Read =>
    (store) =>
      store.people.members(TENANT, groupId, { nested, limit });
  const filters: Readonly<Record<string, Query>> = {
    'no filter': {},
    active: { active: true },
    inactive: { active: false },
    'a group of 100': { groupId: groups.small },
    'a group of 5,000': { groupId: groups.medium },
    'a group of 200,000': { groupId: groups.large },
    'a group of everyone': { groupId: groups.everyone },
    'nested groups': { groupId: groups.nested },
    'provisioned 1,000': { integrationId: SMALL_INTEGRATION.id },
    'inactive, in a group of 5,000': { active: false, groupId: groups.medium },
    'in a group of 5,000, provisioned 1,000': {
      groupId: groups.medium,
      integrationId: SMALL_INTEGRATION.id,
    },
  };
  const texts: Readonly<Record<string, string>> = {
    everybody: '',
    'one letter': 'b',
    'a given name': 'anbe',
    'one match': userName.slice(0, -5),
    'no match': 'xyz',
  };
  return {
    'find by userName': (store) => store.people.find(TENANT, 'userName', userName),
    'find by e-mail': (store) => store.people.find(TENANT, 'email', userName),
    'find by externalId': (store) => store.people.find(TENANT, 'externalId', 'okta-500'),
    counts: (store) => store.people.counts(TENANT),
    person: (store) => store.people.get(TENANT, id),
    'groups of a person': (store) => store.people.groupsOf(TENANT, id),
    'direct groups of a page': (store) => store.people.directGroups(TENANT, page),
    'sessions of a person': (store) => store.sessions.list(TENANT, id),
    groups: (store) => store.people.searchGroups(TENANT, { limit }),
    'groups by name': (store) => store.people.searchGroups(TENANT, { text: 'team an', limit }),
    'a group of everyone': (store) => store.people.group(TENANT, groups.everyone),
    'members of everyone': members(groups.everyone, false),
    'nested members': members(groups.nested, true),
    ...Object.fromEntries(
      Object.entries(texts).flatMap(([text, typed]) =>
        Object.entries(filters).map(([filter, query]) => [
          `search ${text}, ${filter}`,
          search({ text: typed, ...query }),
        ]),
      ),
    ),
    'search, 5 pages of a display name': pages({ text: displayName.slice(0, 4) }),
  };
}

async function measure(name: string, url: string): Promise<boolean> {
  const begun = await openDirectory(url);
  const { active } = await begun.people.counts(TENANT);
  await begun.close();
  if (active === 0) await fill(url, Number(people));
  const store = await openDirectory(url);
  process.stdout.write(`| ${name} | median | fastest | slowest | CPU |\n`);
  let good = true;
  for (const [read, run] of Object.entries(await readsOf(store))) {
    const times: number[] = [];
    const cpu = process.cpuUsage();
    for (let round = 0; round < ROUNDS; round++) {
      const started = performance.now();
      await run(store);
      times.push(performance.now() - started);
    }
    const { user, system } = process.cpuUsage(cpu);
    const middle = median(times);
    const own = (user + system) / 1000 / ROUNDS;
    const slow = middle > BOUND_MS;
    good &&= !slow;
    const cells = [middle, percentile(times, 0), percentile(times, 1), own].map((ms) =>
      ms.toFixed(1),
    );
    process.stdout.write(`| ${read} | ${cells.join(' | ')} |${slow ? ' slow' : ''}\n`);
  }
  await store.close();
  return good;
}

await measureOn(url, measure);
