/** The tables of docs/performance.md, by the name of their place in the page. */

import { ATTACK_OF, ATTACKS } from '../interference/attacks.ts';
import { PHASES } from '../load/phases.ts';
import { refusedOrLost } from '../load/probe.ts';
import { median } from '../load/statistics.ts';
import type { Cost } from '../measure/costs.ts';
import { OF_GROUPS } from '../measure/groups.ts';
import type { Growth } from '../measure/growth.ts';
import { OF_USERS } from '../measure/growth.ts';
import { FSYNC_MS, WRITES } from '../sections/disk.ts';
import type { Compared } from '../sections/processes.ts';
import { boundsOf, boundsTable, growthOf } from './bounds.ts';
import { LABELS, type Results } from './results.ts';
import { figure, megabytes, percent, table, whole } from './table.ts';

export type Tables = Readonly<Record<string, string>>;

/** Only of what was measured. */
export function tablesOf(results: Results): Tables {
  const { kind, load, growth, processes, pooler, disk, overload, interference } = results;
  const bounds = boundsOf(results);
  const tables: Readonly<Record<string, string | undefined>> = {
    goals: bounds.length > 0 ? boundsTable(bounds) : undefined,
    load: load && loadTable(load),
    users: growth && growthTable(growth.users, OF_USERS, 'users'),
    groups: growth && growthTable(growth.groups, OF_GROUPS, 'members'),
    more: growth && moreTable(growth),
    processes: processes && comparisonTable(processes.phases, 'two processes', 'one'),
    pooler:
      pooler && comparisonTable(pooler, `behind ${pooler.pooler ?? 'PgBouncer'}`, 'without it'),
    disk: disk && diskTable(disk),
    overload: overload && overloadTable(overload),
    interference: interference && interferenceTable(interference),
  };
  return Object.fromEntries(
    Object.entries(tables).flatMap(([name, text]) =>
      text === undefined ? [] : [[`${name}-${kind}`, text]],
    ),
  );
}

const loadTable = ({ phases }: NonNullable<Results['load']>): string =>
  table(
    ['', 'requests/s', 'ceiling', 'share', 'CPU, ms', 'ceiling', 'p50, ms', 'p99, ms'],
    PHASES.map((phase) => {
      const { own, ceiling } = phases[phase];
      return [
        LABELS[phase],
        whole(own.perSecond),
        whole(ceiling.perSecond),
        percent(own.perSecond / ceiling.perSecond),
        figure(own.cpuMs),
        figure(ceiling.cpuMs),
        figure(own.p50),
        figure(own.p99),
      ];
    }),
  );

function growthTable<Name extends string & keyof typeof LABELS>(
  growth: Growth<Name>,
  names: readonly Name[],
  unit: string,
): string {
  const { sizes, costs } = growth;
  return table(
    ['ms', ...sizes.map((size) => `${whole(size)} ${unit}`), 'last ÷ first'],
    names.map((name) => [
      LABELS[name],
      ...costs[name].map((cost) => figure(median(cost))),
      figure(growthOf(growth, name)),
    ]),
  );
}

function moreTable(growth: NonNullable<Results['growth']>): string {
  const { walk, fill, largest, besideLargest, groups, largestDirectory: all } = growth;
  const members = whole(groups.sizes.at(-1) ?? 0);
  const milliseconds = (cost: Cost) => `${figure(median(cost))} ms`;
  return table(
    ['', 'measured', 'ceiling'],
    [
      [
        `walk through ${whole(walk.users)} users by index, rows/s`,
        whole(walk.index.own),
        whole(walk.index.ceiling),
      ],
      ['… by cursor, rows/s', whole(walk.cursor), ''],
      [`filling a group of ${members}, members/s`, whole(fill.own), whole(fill.ceiling)],
      [`GET of the group of ${members}`, milliseconds(largest.own), milliseconds(largest.ceiling)],
      ['… p99 of other requests meanwhile', `${figure(besideLargest.p99)} ms`, ''],
      [`anonymous memory with ${whole(all.users)} users, MB`, megabytes(all.serverBytes), ''],
      ['… of PostgreSQL, without shared buffers, MB', megabytes(all.databaseBytes), ''],
      ['disk for each user, kB', figure(all.diskBytes / all.users / 1000), ''],
      ['start to the first response', `${figure(all.readyMs)} ms`, ''],
    ],
  );
}

const comparisonTable = (
  phases: Readonly<Record<(typeof PHASES)[number], Compared>>,
  withIt: string,
  without: string,
): string =>
  table(
    ['', `${withIt}, requests/s`, without, 'ratio', 'CPU, ms', without, 'ratio'],
    PHASES.map((phase) => {
      const { without, with: second } = phases[phase];
      return [
        LABELS[phase],
        whole(second.perSecond),
        whole(without.perSecond),
        figure(second.perSecond / without.perSecond),
        figure(second.cpuMs),
        figure(without.cpuMs),
        figure(second.cpuMs / without.cpuMs),
      ];
    }),
  );

function diskTable({ phases, alone }: NonNullable<Results['disk']>): string {
  return table(
    [`fsync + ${FSYNC_MS} ms`, 'requests/s', 'ceiling', 'share', 'p50, ms', 'p99, ms'],
    [
      ...WRITES.map((phase) => {
        const { own, ceiling } = phases[phase];
        return [
          LABELS[phase],
          whole(own.perSecond),
          whole(ceiling.perSecond),
          percent(own.perSecond / ceiling.perSecond),
          figure(own.p50),
          figure(own.p99),
        ];
      }),
      [
        'create, one after another',
        whole(1000 / median(alone.own)),
        whole(1000 / median(alone.ceiling)),
        percent(median(alone.ceiling) / median(alone.own)),
        figure(median(alone.own)),
        '',
      ],
    ],
  );
}

function overloadTable({ capacity, flooded, others }: NonNullable<Results['overload']>): string {
  const { offered, accepted, p50, p99, refused, failed, seconds } = flooded;
  return table(
    ['', 'measured'],
    [
      ['requests/s of 32 clients that wait for their responses', whole(capacity)],
      ['offered, requests/s', whole(offered / seconds)],
      ['accepted, requests/s', whole(accepted / seconds)],
      ['… p50; p99, ms', `${figure(p50)}; ${figure(p99)}`],
      ['refused with 429 or 503, and `Retry-After`', whole(refused)],
      ['failed', whole(failed)],
      ['another tenant meanwhile, p99, ms', figure(others.p99)],
      ['… refused or lost', whole(refusedOrLost(others))],
    ],
  );
}

const interferenceTable = (results: NonNullable<Results['interference']>): string =>
  table(
    ['', 'others, p50, ms', 'p99', 'max', '`/livez`, p99', 'max', '`/readyz`, p99', 'peak, MB'],
    ATTACKS.map((name) => {
      const { others, live, ready } = results[name];
      return [
        ATTACK_OF[name].what,
        ...[others.p50, others.p99, others.max, live.p99, live.max, ready.p99].map(figure),
        megabytes(others.peakBytes),
      ];
    }),
  );
