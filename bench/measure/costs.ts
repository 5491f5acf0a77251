/** What one request costs on one connection, for several requests that take turns. */
import type { Job, Load } from '../load/load.ts';
import { median } from '../load/statistics.ts';

export interface Costing {
  readonly load: Load;
  next(): Job;
}

export interface Turns {
  readonly rounds: number;
  /** In each round. */
  readonly requests: number;
}

/** A slow request is repeated less often. */
const ROUND_MS = 2_000;

/** The median of each round in milliseconds. */
export type Cost = readonly number[];

/** Throws if a request is refused or its answer is wrong. Returns the costs in order. */
export async function measureCosts(
  costings: readonly Costing[],
  { rounds, requests }: Turns,
): Promise<readonly Cost[]> {
  const costs = costings.map((): number[] => []);
  // The first round warms up.
  for (let round = -1; round < rounds; round++) {
    for (const [index, { load, next }] of costings.entries()) {
      const limits = { milliseconds: ROUND_MS, connections: 1, most: requests };
      const { p50, problem } = await load.run(next, limits);
      if (problem !== undefined) throw new Error(problem);
      if (round >= 0) costs[index]?.push(p50);
    }
  }
  return costs;
}

/** Of rounds that followed each other, so that other work on the machine slows down both. */
export const ratioOf = (cost: Cost, to: Cost): number =>
  median(cost.map((value, round) => value / (to[round] ?? Number.NaN)));
