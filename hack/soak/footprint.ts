/** Compares the operator's memory and open files before and after. */

import type { BuiltOperator } from '../operator/built.ts';
import { parseExposition } from '../process/exposition.ts';

export interface Footprint {
  readonly pid: number;
  readonly residentBytes: number;
  readonly heapBytes: number;
  readonly openFiles: number;
}

const SAMPLES = 20;
const EVERY_MS = 250;
/**
 * The heap grows between two garbage collections and varies by some MiB with the compiled code. A
 * leak of 100 bytes for each event exceeds this within an hour.
 */
const HEAP_GROWTH = 1.5;
const HEAP_SLACK = 16 * 2 ** 20;
/**
 * Pages that the allocator keeps for the next burst, and SQLite's cache, which grows to 64 MiB for
 * each of two connections.
 */
const RESIDENT_SLACK = 150 * 2 ** 20;
/** Connections that are kept alive for a while. A leak with each fault or change is much larger. */
const FILES_SLACK = 10;

/** Returns the minimum over some seconds: right after a garbage collection, between connections. */
export async function footprintOf(operator: BuiltOperator): Promise<Footprint> {
  const seen: Footprint[] = [];
  for (let sample = 0; sample < SAMPLES; sample += 1) {
    const heap = parseExposition(await operator.metrics()).find(
      ({ name }) => name === 'nodejs_heap_size_used_bytes',
    );
    seen.push({ pid: operator.pid, ...operator.usage(), heapBytes: heap?.value ?? Number.NaN });
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
  const least = (field: keyof Footprint) => Math.min(...seen.map((each) => each[field]));
  return {
    pid: operator.pid,
    residentBytes: least('residentBytes'),
    heapBytes: least('heapBytes'),
    openFiles: least('openFiles'),
  };
}

/** Returns a line for each value that grew too much. */
export function growth(before: Footprint, after: Footprint): readonly string[] {
  if (before.pid !== after.pid) return ['the process was restarted after the warm-up'];
  const found: string[] = [];
  const grew = (what: string, from: number, to: number, most: number) => {
    if (!(to <= most)) found.push(`${what} grew from ${from} to ${to}, more than ${most}`);
  };
  const mib = (bytes: number) => Math.round(bytes / 2 ** 20);
  grew(
    'the heap, in MiB,',
    mib(before.heapBytes),
    mib(after.heapBytes),
    mib(before.heapBytes * HEAP_GROWTH + HEAP_SLACK),
  );
  grew(
    'resident memory, in MiB,',
    mib(before.residentBytes),
    mib(after.residentBytes),
    mib(before.residentBytes + RESIDENT_SLACK),
  );
  grew('open files', before.openFiles, after.openFiles, before.openFiles + FILES_SLACK);
  return found;
}

export const show = ({ residentBytes, heapBytes, openFiles }: Footprint): string =>
  `${Math.round(residentBytes / 2 ** 20)} MiB resident, ${Math.round(heapBytes / 2 ** 20)} MiB heap, ${openFiles} open files`;
