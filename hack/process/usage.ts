/** The resource usage of a process on Linux. */
import { readdirSync, readFileSync } from 'node:fs';

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

/** See proc(5). The fields after the name, which is in parentheses, begin with the third. */
function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
