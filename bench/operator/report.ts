/** Formats the measurements as tables, and finds the bounds that they break. */
import { percentile } from '../load/statistics.ts';
import { type Calls, total, writesIn } from './call-log.ts';
import type { ChangeKind, Timed } from './load.ts';
import type { BenchOptions } from './options.ts';
import type { LoadPhase, Phase } from './phases.ts';

export interface Measurements {
  readonly cold: Phase;
  readonly rest: Phase;
  readonly restart: Phase;
  readonly load: LoadPhase;
}

const MAX_READY_P99_MS = 1_000;
const MAX_MEMORY_MIB = 300;
/** The kinds of change that end in Ready. */
const READY_KINDS: readonly ChangeKind[] = ['create', 'toggle'];

const mib = (bytes: number) => Math.round(bytes / 2 ** 20);
const number = (value: number, digits = 0) =>
  value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
const row = (...cells: readonly string[]) => `| ${cells.join(' | ')} |`;

export function tables(options: BenchOptions, measured: Measurements): string {
  return [
    summary(options, measured),
    latencies(measured.load.timed),
    callTable(options, measured),
    memoryTable(measured),
  ].join('\n\n');
}

function summary(options: BenchOptions, { cold, restart, rest, load }: Measurements): string {
  const { integrations } = options;
  const line = (name: string, { seconds, calls, cpu }: Phase) =>
    row(
      name,
      number(seconds, 1),
      number((seconds * 1000) / integrations, 2),
      number(total(calls)),
      number(total(calls) / integrations, 2),
      number(cpu.operator, 1),
      number(cpu.apiServer, 1),
      number(cpu.etcd, 1),
    );
  return [
    row(
      'phase',
      's',
      'ms each',
      'API calls',
      'each',
      'CPU operator, s',
      'API server, s',
      'etcd, s',
    ),
    '|---|---:|---:|---:|---:|---:|---:|---:|',
    line('cold start until all are Ready', cold),
    line('restart until at rest', restart),
    line('at rest', rest),
    line('changes', load),
  ].join('\n');
}

function latencies(timed: readonly Timed[]): string {
  const kinds = [...new Set(timed.map(({ kind }) => kind))];
  const line = (name: string, times: readonly number[]) =>
    row(
      name,
      number(times.length),
      ...[0.5, 0.95, 0.99, 1].map((share) => number(percentile(times, share))),
    );
  return [
    row('change', 'number', 'p50, ms', 'p95', 'p99', 'max'),
    '|---|---:|---:|---:|---:|---:|',
    ...kinds.map((kind) => line(kind, timesOf(timed, [kind]))),
    line('apply → Ready', timesOf(timed, READY_KINDS)),
  ].join('\n');
}

function callTable(
  { integrations, restSeconds, changesPerSecond, seconds }: BenchOptions,
  { cold, restart, rest, load }: Measurements,
): string {
  const phases: readonly (readonly [Calls, number])[] = [
    [cold.calls, 1 / integrations],
    [restart.calls, 1 / integrations],
    [load.calls, 1 / (changesPerSecond * seconds)],
    [rest.calls, 3600 / restSeconds],
  ];
  const names = [...new Set(phases.flatMap(([calls]) => [...calls.keys()]))].sort();
  const cells = (name: string) =>
    phases.map(([calls, factor], index) =>
      number((calls.get(name) ?? 0) * factor, index === 3 ? 0 : 3),
    );
  return [
    row('API calls', 'cold start, each', 'restart, each', 'changes, each', 'at rest, an hour'),
    '|---|---:|---:|---:|---:|',
    ...names.map((name) => row(name, ...cells(name))),
    row(
      'all',
      ...phases.map(([calls, factor], index) => number(total(calls) * factor, index === 3 ? 0 : 3)),
    ),
  ].join('\n');
}

function memoryTable(measured: Measurements): string {
  const phases = Object.entries(measured) as [string, Phase][];
  return [
    row('memory after', 'RSS, MiB', 'peak, MiB', 'heap, MiB', 'open files'),
    '|---|---:|---:|---:|---:|',
    ...phases.map(([name, { memory }]) =>
      row(
        name,
        number(mib(memory.residentBytes)),
        number(mib(memory.peakBytes)),
        number(mib(memory.heapBytes)),
        number(memory.openFiles),
      ),
    ),
  ].join('\n');
}

/** Returns a line for each broken bound. */
export function broken({ cold, restart, rest, load }: Measurements): readonly string[] {
  const phases = [cold, restart, rest, load];
  const p99 = percentile(timesOf(load.timed, READY_KINDS), 0.99);
  const peak = Math.max(...phases.map(({ memory }) => mib(memory.peakBytes)));
  const writes = writesIn(restart.calls);
  const written = writesIn(rest.calls);
  return [
    ...(p99 < MAX_READY_P99_MS ? [] : [`apply → Ready: p99 is ${number(p99)} ms`]),
    ...(peak < MAX_MEMORY_MIB ? [] : [`the memory of the process reached ${peak} MiB`]),
    ...(writes === 0 ? [] : [`a restart with all integrations Ready made ${writes} writes`]),
    ...(written === 0 ? [] : [`at rest, the operator made ${written} writes`]),
  ];
}

const timesOf = (timed: readonly Timed[], kinds: readonly ChangeKind[]): readonly number[] =>
  timed.filter(({ kind }) => kinds.includes(kind)).map(({ milliseconds }) => milliseconds);
