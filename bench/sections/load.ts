/** The phases under load beside the ceiling, and changes of many members and users at once. */
import { createDirectory } from '../directory/directory.ts';
import { MIXED_GROUP, PHASES, type Phase } from '../load/phases.ts';
import { type Bulk, measureBulk } from '../measure/bulk.ts';
import type { Cost } from '../measure/costs.ts';
import { measurePatchOfMany } from '../measure/groups.ts';
import { eachOf } from '../measure/growth.ts';
import { measureParallel, type Parallel } from '../measure/parallel.ts';
import { measurePhase, type Throughput } from '../measure/throughput.ts';
import { type Context, serve, serveCeiling, subjectOf } from './section.ts';

export interface Beside<T> {
  readonly own: T;
  readonly ceiling: T;
}

export interface LoadResults {
  readonly users: number;
  readonly phases: Readonly<Record<Phase, Beside<Throughput>>>;
  readonly patchOfMany: Beside<Cost>;
  readonly parallel: Beside<Parallel>;
  readonly bulk: Bulk;
}

const MIXED_MEMBERS = 1_000;
/** So high that no other phase creates these users. */
const FIRST_OF_BULK = 10_000_000;

export function beside<T>([own, ceiling]: readonly T[]): Beside<T> {
  if (own === undefined || ceiling === undefined) throw new Error('a measurement is missing');
  return { own, ceiling };
}

export async function measureLoad(context: Context): Promise<LoadResults> {
  const { databases, options, progress } = context;
  const groups = { [MIXED_GROUP]: MIXED_MEMBERS };
  const directory = await createDirectory(databases, 'load', options.users, groups);
  const [own, ceiling] = [
    await serve(directory, context),
    await serveCeiling(directory, 'load-ceiling', context),
  ];
  const subjects = [own, ceiling].map((each) => subjectOf(each, [each.server], context));
  const phases = await eachOf(PHASES, async (phase) => {
    const measured = beside(await measurePhase(subjects, phase, options.pace));
    const { perSecond, cpuMs } = measured.own;
    const share = (100 * perSecond) / measured.ceiling.perSecond;
    progress(
      `${phase}: ${perSecond.toFixed(0)}/s, ${cpuMs.toFixed(3)} ms of CPU, ` +
        `${share.toFixed(0)} % of the ceiling`,
    );
    return measured;
  });
  const loads = [own.load, ceiling.load];
  const patchOfMany = beside(
    await measurePatchOfMany(loads, directory.users, options.turns.rounds),
  );
  const parallel: Parallel[] = [];
  for (const load of loads) parallel.push(await measureParallel(load, directory.users));
  const bulk = await measureBulk(own.load, FIRST_OF_BULK, 3);
  progress('measured a PATCH with 1,000 members, parallel changes and Bulk');
  return { users: options.users, phases, patchOfMany, parallel: beside(parallel), bulk };
}
