/**
 * Measures phases on several servers that take turns, so that other work on the machine slows down
 * all of them.
 */
import { treeUsageOf } from '../../hack/process/usage.ts';
import { CONNECTIONS, type Job, type Load, type Round } from '../load/load.ts';
import type { AnyPhase } from '../load/phases.ts';
import { median } from '../load/statistics.ts';

export interface Subject {
  readonly load: Load;
  /** The processes whose CPU counts, with their descendants. */
  readonly pids: readonly number[];
  next(phase: AnyPhase): () => Job;
}

export interface Throughput {
  readonly perSecond: number;
  /** Of the observed processes, for a request. */
  readonly cpuMs: number;
  readonly p50: number;
  readonly p99: number;
  readonly errors: number;
  readonly wrong: number;
  readonly problem: string | undefined;
}

export interface Pace {
  readonly rounds: number;
  readonly milliseconds: number;
  /** How many rounds each phase begins with that are not counted. */
  readonly warmUp?: number;
}

interface Timed extends Round {
  readonly cpuMs: number;
}

const WARM_UP = 0.3;

async function measureRound(
  { load, pids, next }: Subject,
  phase: AnyPhase,
  milliseconds: number,
): Promise<Timed> {
  const before = treeUsageOf(pids).cpuMs;
  const round = await load.run(next(phase), { milliseconds, connections: CONNECTIONS });
  return { ...round, cpuMs: treeUsageOf(pids).cpuMs - before };
}

export function throughputOf(rounds: readonly Timed[]): Throughput {
  const sum = (key: 'count' | 'cpuMs' | 'errors' | 'wrong') =>
    rounds.reduce((total, round) => total + round[key], 0);
  return {
    perSecond: median(rounds.map(({ count, milliseconds }) => (count * 1000) / milliseconds)),
    cpuMs: sum('cpuMs') / sum('count'),
    p50: median(rounds.map(({ p50 }) => p50)),
    p99: median(rounds.map(({ p99 }) => p99)),
    errors: sum('errors'),
    wrong: sum('wrong'),
    problem: rounds.find(({ problem }) => problem !== undefined)?.problem,
  };
}

/** Returns what was measured in the order of the subjects. */
export async function measurePhase(
  subjects: readonly Subject[],
  phase: AnyPhase,
  { rounds, milliseconds, warmUp = WARM_UP }: Pace,
): Promise<readonly Throughput[]> {
  const measured = subjects.map((): Timed[] => []);
  for (const subject of subjects) await measureRound(subject, phase, milliseconds * warmUp);
  for (let round = 0; round < rounds; round++) {
    const order = [...subjects.keys()];
    if (round % 2 === 1) order.reverse();
    for (const index of order) {
      const subject = subjects[index];
      if (subject === undefined) continue;
      measured[index]?.push(await measureRound(subject, phase, milliseconds));
    }
  }
  return measured.map(throughputOf);
}
