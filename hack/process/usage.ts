/** What a process uses, as Linux tells it. */
import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessUsage {
  readonly residentBytes: number;
  /** The most that was ever resident. */
  readonly peakBytes: number;
  readonly openFiles: number;
  /** In user and kernel mode since the process began. */
  readonly cpuSeconds: number;
}

/** Of USER_HZ, which is 100 wherever Node.js runs on Linux. */
const TICKS_PER_SECOND = 100;

/** Throws where the process is gone. */
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

/** proc(5): the fields behind the name, which is in parentheses, begin with the third. */
function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
