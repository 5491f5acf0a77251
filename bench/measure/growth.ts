/** What requests cost in directories of different sizes, which are served at the same time. */
import type { Directory } from '../directory/directory.ts';
import type { Job, Load } from '../load/load.ts';
import { phasesOf } from '../load/phases.ts';
import { type Cost, measureCosts, type Turns } from './costs.ts';

export const OF_USERS = ['userName', 'get', 'create', 'firstPage', 'lastPage'] as const;
export type OfUsers = (typeof OF_USERS)[number];

/** The sizes, and the cost at each of them. */
export interface Growth<Name extends string> {
  readonly sizes: readonly number[];
  readonly costs: Readonly<Record<Name, readonly Cost[]>>;
}

export const PAGE = 100;
/** Different last pages, so that none is requested twice in a row. */
const LAST_PAGES = 40;

export async function measureUserGrowth(
  served: readonly { readonly directory: Directory; readonly load: Load }[],
  turns: Turns,
): Promise<Growth<OfUsers>> {
  const jobs = served.map(({ load, directory }) => {
    const next = phasesOf(load, directory);
    const size = directory.users.length;
    let page = 0;
    const list = (startIndex: number): Job => {
      const request = load.compose('GET', `/Users?startIndex=${startIndex}&count=${PAGE}`);
      return { request, check: ({ body }) => expectRows(JSON.parse(body.toString())) };
    };
    const ofUsers: Readonly<Record<OfUsers, () => Job>> = {
      userName: next('userName'),
      get: next('get'),
      create: next('create'),
      firstPage: () => list(1),
      lastPage: () => list(size - PAGE + 1 - (page++ % LAST_PAGES)),
    };
    return { load, ofUsers };
  });
  const costs = await eachOf(OF_USERS, (name) =>
    measureCosts(
      jobs.map(({ load, ofUsers }) => ({ load, next: ofUsers[name] })),
      turns,
    ),
  );
  return { sizes: served.map(({ directory }) => directory.users.length), costs };
}

function expectRows({ Resources }: { readonly Resources?: readonly unknown[] }): void {
  if (Resources?.length !== PAGE) throw new Error(`a page has ${Resources?.length} rows`);
}

/** One after the other. */
export async function eachOf<Name extends string, T>(
  names: readonly Name[],
  measure: (name: Name) => Promise<T>,
): Promise<Readonly<Record<Name, T>>> {
  const entries: [Name, T][] = [];
  for (const name of names) entries.push([name, await measure(name)]);
  return Object.fromEntries(entries) as Record<Name, T>;
}
