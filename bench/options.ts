/** The options of the bench, from the environment. */
import type { Turns } from './measure/costs.ts';
import type { Pace } from './measure/throughput.ts';
import type { DatabaseKind } from './stage/databases.ts';

export const SECTIONS = [
  'load',
  'growth',
  'processes',
  'pooler',
  'disk',
  'overload',
  'interference',
] as const;
export type SectionName = (typeof SECTIONS)[number];

export interface Options {
  /** The short form, which writes no page. */
  readonly quick: boolean;
  readonly databases: readonly DatabaseKind[];
  readonly sections: readonly SectionName[];
  /** Users under load. */
  readonly users: number;
  /** Users of the directories that are compared, in ascending order. */
  readonly sizes: readonly number[];
  /** Members of the groups that are compared, in ascending order. */
  readonly members: readonly number[];
  readonly pace: Pace;
  readonly turns: Turns;
}

const DATABASES: readonly DatabaseKind[] = ['sqlite', 'postgres'];
const LARGEST_GROUP = 100_000;
const QUICK_GROUP = 5_000;

export function readOptions(env: NodeJS.ProcessEnv): Options {
  const quick = (env.QUICK ?? '') !== '';
  const size = count(env, 'SIZE', quick ? 20_000 : 100_000);
  const chosen = choice(env, 'ONLY', SECTIONS);
  return {
    quick,
    databases: choice(env, 'DATABASE', DATABASES),
    sections: quick && env.ONLY === undefined ? ['load', 'growth'] : chosen,
    users: quick ? 3_000 : 10_000,
    sizes: powersUpTo(size, 1_000),
    members: powersUpTo(quick ? QUICK_GROUP : Math.min(size, LARGEST_GROUP), 100),
    pace: quick ? { rounds: 3, milliseconds: 300 } : { rounds: 3, milliseconds: 1_500 },
    turns: quick ? { rounds: 5, requests: 20 } : { rounds: 7, requests: 40 },
  };
}

/** The first size, ten times as many, and so on, and the largest size. */
export function powersUpTo(largest: number, first: number): readonly number[] {
  const sizes: number[] = [];
  for (let size = first; size < largest; size *= 10) sizes.push(size);
  return [...sizes, largest];
}

function count(env: NodeJS.ProcessEnv, name: string, fallback: number): number {
  const value = Number(env[name] || fallback);
  if (Number.isInteger(value) && value >= 10_000) return value;
  throw new Error(`${name}=${env[name]} is not allowed; it must be a whole number from 10,000 on`);
}

function choice<T extends string>(
  env: NodeJS.ProcessEnv,
  name: string,
  all: readonly T[],
): readonly T[] {
  const names = (env[name] ?? '').split(',').filter(Boolean);
  const unknown = names.find((each) => !all.some((known) => known === each));
  if (unknown !== undefined)
    throw new Error(`${name}=${env[name]} is not allowed; it may contain ${all.join(', ')}`);
  return names.length === 0 ? all : all.filter((each) => names.includes(each));
}
