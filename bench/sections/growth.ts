/** What grows with the number of users and of members, and what the largest directory takes. */
import { treeUsageOf } from '../../hack/process/usage.ts';
import { createDirectory, type Directory, teamsOf } from '../directory/directory.ts';
import type { Load } from '../load/load.ts';
import type { Probed } from '../load/probe.ts';
import { succeed } from '../load/requests.ts';
import { startProbe } from '../load/start-probe.ts';
import { median } from '../load/statistics.ts';
import { type Cost, measureCosts } from '../measure/costs.ts';
import {
  connectionOf,
  fillGroups,
  type Group,
  measureGroupGrowth,
  type OfGroups,
  OUTSIDERS,
} from '../measure/groups.ts';
import { type Growth, measureUserGrowth, type OfUsers } from '../measure/growth.ts';
import { walk } from '../measure/walk.ts';
import { startServer } from '../stage/server.ts';
import { type Beside, beside } from './load.ts';
import { type Context, type Served, serve, serveCeiling } from './section.ts';

export interface GrowthResults {
  readonly users: Growth<OfUsers>;
  readonly groups: Growth<OfGroups>;
  /** Members per second while the largest group is filled. */
  readonly fill: Beside<number>;
  /** GET of the largest group, and what others notice meanwhile. */
  readonly largest: Beside<Cost>;
  readonly besideLargest: Probed;
  /** Rows per second. */
  readonly walk: {
    readonly users: number;
    readonly index: Beside<number>;
    readonly cursor: number;
  };
  readonly largestDirectory: {
    readonly users: number;
    readonly serverBytes: number;
    readonly databaseBytes: number;
    readonly diskBytes: number;
    readonly readyMs: number;
  };
}

/** A directory for a walk and for groups is at most this large, so that both take seconds. */
const WALKED = 100_000;
const TEAM = 1_000;
const STARTS = 5;
const GETS = 10;
const WALKS = 3;

export async function measureGrowth(context: Context): Promise<GrowthResults> {
  const { databases, options, progress } = context;
  const served: Served[] = [];
  const walkedSize = options.sizes.findLast((size) => size <= WALKED) ?? 0;
  for (const size of options.sizes) {
    const users = size + (size === walkedSize ? OUTSIDERS : 0);
    const begun = performance.now();
    const directory = await createDirectory(databases, `of-${size}`, users, teamsOf(size, TEAM));
    await databases.settle(directory.url);
    served.push(await serve(directory, context));
    const seconds = (performance.now() - begun) / 1000;
    progress(`filled a directory of ${users} users in ${seconds.toFixed(0)} s`);
  }
  const users = { ...(await measureUserGrowth(served, options.turns)), sizes: options.sizes };
  progress('measured directories of different sizes');

  const walked = served[options.sizes.indexOf(walkedSize)];
  const largest = served.at(-1);
  if (walked === undefined || largest === undefined) throw new Error('there is no directory');
  const ceiling = await serveCeiling(walked.directory, 'ceiling', context);
  const walks = await measureWalks(walked, ceiling.load);
  progress('walked through a directory');

  const { filled, fill, groups } = await growGroups(walked, ceiling.load, context);
  progress('measured groups of different sizes');
  const get = (load: Load, { id }: Group) => ({
    load,
    next: () => ({ request: load.compose('GET', `/Groups/${id}`) }),
  });
  const gets = beside(
    await measureCosts([get(walked.load, filled.own), get(ceiling.load, filled.ceiling)], {
      rounds: options.turns.rounds,
      requests: 3,
    }),
  );
  const probe = await startProbe(walked.server, { pids: [walked.server.pid] });
  for (let n = 0; n < GETS; n++)
    await succeed(
      connectionOf(walked.load),
      walked.load.compose('GET', `/Groups/${filled.own.id}`),
    );
  return {
    users,
    groups,
    fill,
    largest: gets,
    besideLargest: await probe.stop(),
    walk: walks,
    largestDirectory: await measureLargest(largest, context),
  };
}

async function measureWalks({ load, directory }: Served, ceiling: Load) {
  const [index, cursor, least]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < WALKS; round++) {
    index.push(await walk(load, 'index'));
    least.push(await walk(ceiling, 'index'));
    cursor.push(await walk(load, 'cursor'));
  }
  return {
    users: directory.users.length,
    index: beside([median(index), median(least)]),
    cursor: median(cursor),
  };
}

async function growGroups({ load, directory }: Served, ceiling: Load, { options }: Context) {
  const { users } = directory;
  const outsiders = users.slice(-OUTSIDERS);
  const groups: Group[] = [];
  const sizes = options.members.map((size) => Math.min(size, users.length - OUTSIDERS));
  for (const size of sizes.slice(0, -1))
    groups.push(...(await fillGroups([load], users.slice(0, size))).map(({ group }) => group));
  const largest = beside(await fillGroups([load, ceiling], users.slice(0, sizes.at(-1))));
  groups.push(largest.own.group);
  return {
    filled: { own: largest.own.group, ceiling: largest.ceiling.group },
    fill: { own: largest.own.perSecond, ceiling: largest.ceiling.perSecond },
    groups: await measureGroupGrowth(load, groups, outsiders, options.turns),
  };
}

/** Memory after everything that was sent to the server, disk, and new starts. */
async function measureLargest({ server, directory }: Served, { databases, folder }: Context) {
  const serverBytes = treeUsageOf([server.pid]).anonymousBytes;
  const databaseBytes = treeUsageOf(databases.pids).anonymousBytes;
  const diskBytes = await databases.sizeOf(directory.url);
  await server.stop();
  return {
    users: directory.users.length,
    serverBytes,
    databaseBytes,
    diskBytes,
    readyMs: await startAgain(directory, folder),
  };
}

/** The first start writes the cache of compiled code, which the image has. */
async function startAgain(directory: Directory, folder: string): Promise<number> {
  const times: number[] = [];
  for (let start = -1; start < STARTS; start++) {
    const again = await startServer(directory, { folder });
    if (start >= 0) times.push(again.readyMs);
    await again.stop();
  }
  return median(times);
}
