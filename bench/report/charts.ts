/** The growth curves of docs/performance.md, by the names of their files. */
import { median } from '../load/statistics.ts';
import { OF_GROUPS } from '../measure/groups.ts';
import { type Growth, OF_USERS } from '../measure/growth.ts';
import { DATABASE_NAMES } from '../stage/databases.ts';
import { type Chart, svgOf } from './chart.ts';
import { LABELS, type Results } from './results.ts';

export function chartsOf({ kind, growth }: Results): Readonly<Record<string, string>> {
  if (growth === undefined) return {};
  const name = DATABASE_NAMES[kind];
  const users = {
    title: `${name}: milliseconds of a request`,
    unit: 'users in the directory',
    ...curvesOf(growth.users, OF_USERS),
  };
  const groups = {
    title: `${name}: milliseconds of a request`,
    unit: 'members of the group',
    ...curvesOf(growth.groups, OF_GROUPS),
  };
  return { [`users-${kind}.svg`]: svgOf(users), [`groups-${kind}.svg`]: svgOf(groups) };
}

function curvesOf<Name extends string & keyof typeof LABELS>(
  { sizes, costs }: Growth<Name>,
  names: readonly Name[],
): Pick<Chart, 'sizes' | 'curves'> {
  const curves = names.map((name) => ({
    name: LABELS[name].replaceAll('`', ''),
    values: costs[name].map((cost) => median(cost)),
  }));
  return { sizes, curves };
}
