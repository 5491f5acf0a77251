/** Writes on a disk whose fsync takes 5 ms longer. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { createDirectory } from '../directory/directory.ts';
import { MIXED_GROUP, type Phase } from '../load/phases.ts';
import { type Cost, measureCosts } from '../measure/costs.ts';
import { eachOf } from '../measure/growth.ts';
import { measurePhase, type Throughput } from '../measure/throughput.ts';
import { openDatabases } from '../stage/databases.ts';
import { type Beside, beside } from './load.ts';
import { type Context, serve, serveCeiling, subjectOf } from './section.ts';

export interface DiskResults {
  readonly phases: Readonly<Record<(typeof WRITES)[number], Beside<Throughput>>>;
  /** One create after another, on one connection. */
  readonly alone: Beside<Cost>;
}

export const FSYNC_MS = 5;
export const WRITES = ['create', 'patch', 'put', 'mix'] as const satisfies readonly Phase[];

/** Undefined on a machine without a C compiler, or whose loader ignores LD_PRELOAD. */
export async function measureDisk(context: Context): Promise<DiskResults | undefined> {
  const { folder, closing, options, progress } = context;
  const library = join(folder, 'slow-fsync.so');
  const source = join(import.meta.dirname, 'slow-fsync.c');
  const { error, status, stderr } = spawnSync(
    'cc',
    ['-shared', '-fPIC', '-O2', '-o', library, source, '-ldl'],
    { encoding: 'utf8' },
  );
  if (process.platform !== 'linux' || status !== 0) {
    progress(`not measured on a slow disk: ${error?.message ?? stderr}`);
    return undefined;
  }
  const slow = { ...process.env, LD_PRELOAD: library, SLOW_FSYNC_MS: String(FSYNC_MS) };
  const databases = await openDatabases(context.databases.kind, folder, slow);
  closing.push(() => databases.stop());
  const onSlow = { ...context, databases };
  const groups = { [MIXED_GROUP]: 1_000 };
  const directory = await createDirectory(databases, 'slow', options.users, groups);
  const served = [
    await serve(directory, onSlow, { environment: slow }),
    await serveCeiling(directory, 'slow-ceiling', onSlow, slow),
  ];
  const subjects = served.map((each) => subjectOf(each, [each.server], onSlow));
  const phases = await eachOf(WRITES, async (phase) =>
    beside(await measurePhase(subjects, phase, options.pace)),
  );
  const creates = subjects.map(({ load, next }) => ({ load, next: next('create') }));
  return { phases, alone: beside(await measureCosts(creates, options.turns)) };
}
