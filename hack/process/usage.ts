/** The resource usage of a process on Linux. */
import { readdirSync, readFileSync } from 'node:fs';

/** What processes and their descendants use. */
export interface TreeUsage {
  /** In user and kernel mode since each began, including descendants that have ended. */
  readonly cpuMs: number;
  /** Memory that belongs to no file and is not shared. */
  readonly anonymousBytes: number;
}

export interface ProcessUsage {
  readonly residentBytes: number;
  /** The maximum since the process began. */
  readonly peakBytes: number;
  readonly openFiles: number;
  /** In user and kernel mode since the process began. */
  readonly cpuSeconds: number;
}

/** USER_HZ, which is 100 wherever Node.js runs on Linux. */
const TICKS_PER_SECOND = 100;

/** Throws if the process has ended. */
export function usageOf(pid: number): ProcessUsage {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kilobytes = (field: string) =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]);
  return {
    residentBytes: kilobytes('VmRSS') * 1024,
    peakBytes: kilobytes('VmHWM') * 1024,
    openFiles: readdirSync(`/proc/${pid}/fd`).length,
    cpuSeconds: cpuSecondsOf(pid),
  };
}

/** Leaves out processes that have ended. */
export function treeUsageOf(pids: readonly number[]): TreeUsage {
  let [ticks, anonymousBytes] = [0, 0];
  const rest = [...pids];
  for (let pid = rest.pop(); pid !== undefined; pid = rest.pop()) {
    try {
      const [user = 0, system = 0, ofEndedUser = 0, ofEndedSystem = 0] = ticksOf(pid);
      ticks += user + system + ofEndedUser + ofEndedSystem;
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      anonymousBytes += Number(/^RssAnon:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
      const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
      rest.push(...children.split(' ').filter(Boolean).map(Number));
    } catch (error) {
      if (!hasEnded(error)) throw error;
    }
  }
  return { cpuMs: (ticks * 1000) / TICKS_PER_SECOND, anonymousBytes };
}

const hasEnded = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && ['ENOENT', 'ESRCH'].includes(String(error.code));

function cpuSecondsOf(pid: number): number {
  const [user = 0, system = 0] = ticksOf(pid);
  return (user + system) / TICKS_PER_SECOND;
}

/**
 * In user and kernel mode, and the same of the children that have ended. See proc(5). The fields
 * after the name, which is in parentheses, begin with the third.
 */
function ticksOf(pid: number): readonly number[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).map(Number);
}
