/** What requests about groups of different sizes cost, and filling a group. */
import type { Load } from '../load/load.ts';
import { addition, filtered, GROUP, removal, succeed } from '../load/requests.ts';
import { type Cost, measureCosts, type Turns } from './costs.ts';
import { eachOf, type Growth } from './growth.ts';

export const OF_GROUPS = [
  'add',
  'remove',
  'withoutMembers',
  'displayName',
  'isMember',
  'withMembers',
] as const;
export type OfGroups = (typeof OF_GROUPS)[number];

/** Members of one PATCH. */
export const PART = 1_000;
/** Users who are in no group that grows. */
export const OUTSIDERS = 200;

export interface Group {
  readonly id: string;
  readonly displayName: string;
  readonly members: readonly string[];
}

let groups = 0;

export async function createGroup(load: Load, members: readonly string[] = []): Promise<Group> {
  const displayName = `Growing ${++groups}`;
  const request = load.compose('POST', '/Groups', { schemas: [GROUP], displayName });
  const { id } = await succeed<{ id: string }>(connectionOf(load), request);
  return { id, displayName, members };
}

export const connectionOf = (load: Load) => {
  const [connection] = load.connections(1);
  if (connection === undefined) throw new Error('there is no connection');
  return connection;
};

export async function addMembers(load: Load, id: string, part: readonly string[]): Promise<number> {
  const request = load.compose('PATCH', `/Groups/${id}`, addition(part));
  const begun = performance.now();
  await succeed(connectionOf(load), request);
  return performance.now() - begun;
}

/** Fills a group of each server in turns. Returns it, and the members per second, by server. */
export async function fillGroups(
  loads: readonly Load[],
  users: readonly string[],
): Promise<readonly { readonly group: Group; readonly perSecond: number }[]> {
  const filled: { load: Load; group: Group; ms: number }[] = [];
  for (const load of loads) filled.push({ load, group: await createGroup(load, users), ms: 0 });
  for (let start = 0; start < users.length; start += PART)
    for (const each of filled)
      each.ms += await addMembers(each.load, each.group.id, users.slice(start, start + PART));
  return filled.map(({ group, ms }) => ({ group, perSecond: (users.length * 1000) / ms }));
}

/** What one PATCH with many members costs on each server. */
export async function measurePatchOfMany(
  loads: readonly Load[],
  users: readonly string[],
  rounds: number,
): Promise<readonly Cost[]> {
  const costs = loads.map((): number[] => []);
  for (let round = 0; round < rounds; round++)
    for (const [index, load] of loads.entries()) {
      const { id } = await createGroup(load);
      costs[index]?.push(await addMembers(load, id, users.slice(0, PART)));
    }
  return costs;
}

/** The groups are of one server; `outsiders` are in none of them. */
export async function measureGroupGrowth(
  load: Load,
  groups: readonly Group[],
  outsiders: readonly string[],
  turns: Turns,
): Promise<Growth<OfGroups>> {
  const taken = new Map<string, number>();
  /** A counter for each kind of request and group, so that each one who was added is removed. */
  const count = (name: string, { id }: Group) => {
    const n = taken.get(`${name} ${id}`) ?? 0;
    taken.set(`${name} ${id}`, n + 1);
    return n;
  };
  const outsider = (name: string, group: Group) =>
    outsiders[count(name, group) % outsiders.length] ?? '';
  const change = ({ id }: Group, body: unknown) => ({
    request: load.compose('PATCH', `/Groups/${id}`, body),
  });
  const without = '&excludedAttributes=members';
  const jobs = {
    add: (group: Group) => change(group, addition([outsider('add', group)])),
    remove: (group: Group) => change(group, removal(outsider('remove', group))),
    withoutMembers: ({ id }: Group) => ({
      request: load.compose('GET', `/Groups/${id}?excludedAttributes=members`),
    }),
    displayName: ({ displayName }: Group) => ({
      request: load.compose('GET', filtered('Groups', `displayName eq "${displayName}"`, without)),
      check: ({ body }: { readonly body: Buffer }) => expectTotal(body, 1),
    }),
    isMember: (group: Group) => {
      const { id, members } = group;
      const n = count('isMember', group);
      const asked = n % 2 === 0 ? members[(n * 7_919) % members.length] : outsiders.at(-1);
      const filter = `id eq "${id}" and members eq "${asked}"`;
      return {
        request: load.compose('GET', filtered('Groups', filter, without)),
        check: ({ body }: { readonly body: Buffer }) => expectTotal(body, n % 2 === 0 ? 1 : 0),
      };
    },
    withMembers: ({ id, members }: Group) => ({
      request: load.compose('GET', `/Groups/${id}`),
      check: ({ body }: { readonly body: Buffer }) => {
        const { length } = JSON.parse(body.toString()).members;
        if (length !== members.length) throw new Error(`${length} of ${members.length} members`);
      },
    }),
  };
  const costs = await eachOf(OF_GROUPS, (name) =>
    measureCosts(
      groups.map((group) => ({ load, next: () => jobs[name](group) })),
      turns,
    ),
  );
  return { sizes: groups.map(({ members }) => members.length), costs };
}

function expectTotal(body: Buffer, total: number): void {
  const { totalResults } = JSON.parse(body.toString());
  if (totalResults !== total) throw new Error(`${totalResults} groups were found, not ${total}`);
}
