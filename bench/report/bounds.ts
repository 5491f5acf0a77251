/** What the measurements should reach, and what the short form refuses. */
import { ATTACK_OF, ATTACKS } from '../interference/attacks.ts';
import { refusedOrLost } from '../load/probe.ts';
import { median } from '../load/statistics.ts';
import { ratioOf } from '../measure/costs.ts';
import type { Growth } from '../measure/growth.ts';
import type { Beside } from '../sections/load.ts';
import { LABELS, type Results } from './results.ts';
import { figure, percent, table, whole } from './table.ts';

export interface Bound {
  readonly what: string;
  readonly value: number;
  readonly goal: number;
  /** Whether the goal is the most or the least that is good. */
  readonly good: 'most' | 'least';
  /**
   * The limit of the short form, far from the goal, because other work shares its machine. A
   * measurement of time has none.
   */
  readonly quick?: number;
  format(value: number): string;
}

const times = (value: number) => `${figure(value)} ×`;
const ms = (value: number) => `${figure(value)} ms`;
const MB = 1e6;

export function boundsOf(results: Results): readonly Bound[] {
  return [
    ...ofLoad(results),
    ...ofGrowth(results),
    ...ofProcesses(results),
    ...ofOverload(results),
    ...ofInterference(results),
  ];
}

export const holds = ({ value, good }: Bound, limit: number): boolean =>
  good === 'most' ? value <= limit : value >= limit;

const share = ({ own, ceiling }: Beside<{ readonly perSecond: number }>) =>
  own.perSecond / ceiling.perSecond;

const none = (what: string, value: number): Bound => ({
  what,
  value,
  goal: 0,
  good: 'most',
  quick: 0,
  format: whole,
});

function ofLoad({ kind, load }: Results): readonly Bound[] {
  if (load === undefined) return [];
  const { phases, patchOfMany, parallel, bulk } = load;
  const onSqlite = kind === 'sqlite';
  const reads = ['get', 'userName', 'externalId', 'email'] as const;
  const writes = ['create', 'patch', 'put'] as const;
  const ofCeiling = (phase: keyof typeof phases, goal: number): Bound => ({
    what: `${LABELS[phase]}: share of the ceiling`,
    value: share(phases[phase]),
    goal,
    good: 'least',
    quick: goal / 6,
    format: percent,
  });
  const cpuOfMix: Bound = {
    what: 'CPU of a request of the mix',
    value: phases.mix.own.cpuMs,
    goal: 0.2,
    good: 'most',
    format: ms,
  };
  const failed = Object.values(phases).reduce((sum, { own }) => sum + own.errors + own.wrong, 0);
  return [
    none('refused requests and wrong answers', failed),
    ...reads.map((phase) => ofCeiling(phase, 0.6)),
    ...writes.map((phase) => ofCeiling(phase, onSqlite ? 0.45 : 0.5)),
    ofCeiling('mix', 0.5),
    ...(onSqlite ? [cpuOfMix] : []),
    {
      what: 'PATCH with 1,000 members ÷ ceiling',
      value: ratioOf(patchOfMany.own, patchOfMany.ceiling),
      goal: onSqlite ? 1.5 : 2,
      good: 'most',
      quick: 8,
      format: times,
    },
    {
      what: '1,000 creates one by one ÷ one Bulk',
      value: bulk.singleMs / bulk.bulkMs,
      goal: 5,
      good: 'least',
      quick: 1,
      format: times,
    },
    none(`${parallel.own.changes} parallel changes of a group: lost`, parallel.own.lost),
    none(`${parallel.own.changes} parallel changes of a group: refused`, parallel.own.refused),
  ];
}

/** The cost at the largest size ÷ that at the smallest. */
export function growthOf<Name extends string>({ costs }: Growth<Name>, name: Name): number {
  const [smallest = [], ...more] = costs[name];
  return ratioOf(more.at(-1) ?? smallest, smallest);
}

function ofGrowth({ kind, growth }: Results): readonly Bound[] {
  if (growth === undefined) return [];
  const { users, groups, fill, largest, besideLargest, walk, largestDirectory } = growth;
  const onSqlite = kind === 'sqlite';
  const from = <Name extends string>(
    measured: Growth<Name>,
    names: readonly (Name & keyof typeof LABELS)[],
    goal: number,
  ): readonly Bound[] =>
    names.map((name) => {
      const [smallest, last] = [measured.sizes[0], measured.sizes.at(-1)].map(figure);
      return {
        what: `${LABELS[name]}: cost at ${last} ÷ at ${smallest}`,
        value: growthOf(measured, name),
        goal,
        good: 'most',
        quick: 3 * goal,
        format: times,
      };
    });
  const ofCeiling = (what: string, value: number, goal: number): Bound => ({
    what: `${what}: share of the ceiling`,
    value: value / walk.index.ceiling,
    goal,
    good: 'least',
    quick: goal / 8,
    format: percent,
  });
  const absolute = (
    what: string,
    value: number,
    goal: number,
    format: Bound['format'],
    good: Bound['good'] = 'most',
  ): Bound => ({ what, value, goal, good, format });
  const isLarge = largestDirectory.users > 500_000;
  const changes = ['add', 'remove', 'withoutMembers', 'displayName', 'isMember'] as const;
  return [
    ...from(users, ['userName', 'get', 'create', 'firstPage'], 1.5),
    ...from(groups, changes, 1.3),
    absolute('last page', median(users.costs.lastPage.at(-1) ?? []), isLarge ? 50 : 5, ms),
    ofCeiling('walk by cursor', walk.cursor, 0.8),
    ofCeiling('walk by index', walk.index.own, 0.6),
    absolute('filling a group, members/s', fill.own, onSqlite ? 30_000 : 15_000, figure, 'least'),
    {
      what: 'GET of the largest group ÷ ceiling',
      value: ratioOf(largest.own, largest.ceiling),
      goal: 2,
      good: 'most',
      quick: 12,
      format: times,
    },
    absolute('other requests meanwhile, p99', besideLargest.p99, 20, ms),
    absolute(
      'anonymous memory of the process',
      largestDirectory.serverBytes / MB,
      onSqlite ? 300 : 250,
      (value) => `${figure(value)} MB`,
    ),
    absolute('start to ready', largestDirectory.readyMs, 500, ms),
  ];
}

function ofProcesses({ processes }: Results): readonly Bound[] {
  if (processes === undefined) return [];
  const { phases, parallel } = processes;
  const gain = (phase: keyof typeof phases): Bound => ({
    what: `${LABELS[phase]}: two processes ÷ one`,
    value: phases[phase].with.perSecond / phases[phase].without.perSecond,
    goal: 1,
    good: 'least',
    format: times,
  });
  return [
    gain('get'),
    gain('patch'),
    gain('mix'),
    none(`${parallel.changes} changes from two processes: lost`, parallel.lost),
    none(`${parallel.changes} changes from two processes: refused`, parallel.refused),
  ];
}

function ofOverload({ overload }: Results): readonly Bound[] {
  if (overload === undefined) return [];
  const { flooded, others } = overload;
  return [
    {
      what: 'twice the load: p99 of accepted requests',
      value: flooded.p99,
      goal: 250,
      good: 'most',
      format: ms,
    },
    none('twice the load: failures and refusals without Retry-After', flooded.failed),
    none('twice the load: refused and lost requests of another tenant', refusedOrLost(others)),
  ];
}

function ofInterference({ interference }: Results): readonly Bound[] {
  if (interference === undefined) return [];
  return ATTACKS.flatMap((name): readonly Bound[] => {
    const { others, live, ready, failed } = interference[name];
    const { what, boundMs, boundMb } = ATTACK_OF[name];
    const most = (of: string, value: number, goal: number, format: Bound['format']): Bound => ({
      what: `${what}: ${of}`,
      value,
      goal,
      good: 'most',
      format,
    });
    return [
      most('others, p99', others.p99, boundMs, ms),
      most('probes, p99', Math.max(live.p99, ready.p99), boundMs, ms),
      ...(boundMb === undefined
        ? []
        : [most('memory', others.peakBytes / MB, boundMb, (value) => `${figure(value)} MB`)]),
      none(`${what}: others refused, and unclear answers`, failed),
    ];
  });
}

export const boundsTable = (bounds: readonly Bound[]): string =>
  table(
    ['what', 'measured', 'goal', 'met'],
    bounds.map((bound) => [
      bound.what,
      bound.format(bound.value),
      `${bound.good === 'most' ? '≤' : '≥'} ${bound.format(bound.goal)}`,
      holds(bound, bound.goal) ? '✓' : '✗',
    ]),
  );

/** A line for each limit of the short form that does not hold. */
export const broken = (bounds: readonly Bound[]): readonly string[] =>
  bounds
    .filter((bound) => bound.quick !== undefined && !holds(bound, bound.quick))
    .map((bound) => {
      const limit = `${bound.good === 'most' ? 'more' : 'less'} than ${bound.format(bound.quick ?? 0)}`;
      return `${bound.what} is ${bound.format(bound.value)}, ${limit}`;
    });
