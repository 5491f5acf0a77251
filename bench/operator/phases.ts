/** The phases of the measurement, one after the other on the same stage. */

import { parseExposition } from '../../hack/process/exposition.ts';
import { usageOf } from '../../hack/process/usage.ts';
import type { Calls } from './call-log.ts';
import { applyLoad, type Timed } from './load.ts';
import type { BenchOptions } from './options.ts';
import type { Stage } from './stage.ts';

/** The usual interval of Prometheus. With many integrations, a scrape is work that counts. */
const SCRAPE_MS = 30_000;
/** The operator is idle after this long without calls, except watches and calls for the Lease. */
const QUIET_MS = 5_000;
const READY_DEADLINE_MS = 60 * 60_000;
const PROGRESS_MS = 30_000;

export interface Cpu {
  readonly operator: number;
  readonly apiServer: number;
  readonly etcd: number;
}

export interface Memory {
  readonly residentBytes: number;
  readonly peakBytes: number;
  readonly heapBytes: number;
  readonly openFiles: number;
}

export interface Phase {
  readonly seconds: number;
  readonly calls: Calls;
  /** Seconds of processor time. */
  readonly cpu: Cpu;
  readonly memory: Memory;
}

export interface LoadPhase extends Phase {
  readonly timed: readonly Timed[];
}

/** Starts the operator with existing integrations and an empty directory. */
export async function coldStart(
  stage: Stage,
  options: BenchOptions,
  log: (line: string) => void,
): Promise<Phase> {
  const progress = setInterval(() => log(`${stage.observer.ready} are Ready`), PROGRESS_MS);
  try {
    return await measure(stage, async () => {
      stage.operator.start(profile(options, 'cold'));
      await within(READY_DEADLINE_MS, stage.observer.reach(stage.keys.length), stage);
    });
  } finally {
    clearInterval(progress);
  }
}

/** Restarts the operator when everything is Ready, and waits until it is idle. */
export async function restart(stage: Stage, options: BenchOptions): Promise<Phase> {
  await stage.operator.stop();
  const position = stage.calls.position;
  const startedAt = Date.now();
  const phase = await measure(stage, async () => {
    stage.operator.start(profile(options, 'restart'));
    await stage.operator.logged('lead was taken');
    await untilQuiet(stage);
  });
  const last = stage.calls.lastWork(position) ?? startedAt;
  return { ...phase, seconds: (last - startedAt) / 1000 };
}

/** Measures the operator while nothing changes. */
export async function rest(stage: Stage, { restSeconds }: BenchOptions): Promise<Phase> {
  await untilQuiet(stage);
  return measure(stage, () => new Promise((resolve) => setTimeout(resolve, restSeconds * 1000)));
}

export async function steadyChanges(stage: Stage, options: BenchOptions): Promise<LoadPhase> {
  let timed: readonly Timed[] = [];
  const phase = await measure(stage, async () => {
    timed = await applyLoad({ ...stage, ...options });
  });
  return { ...phase, timed };
}

async function measure(stage: Stage, run: () => Promise<unknown>): Promise<Phase> {
  const position = stage.calls.position;
  const before = cpuOf(stage);
  const started = performance.now();
  const scraping = setInterval(() => void stage.operator.metrics().catch(() => ''), SCRAPE_MS);
  try {
    await run();
  } finally {
    clearInterval(scraping);
  }
  const seconds = (performance.now() - started) / 1000;
  const calls = stage.calls.since(position);
  const after = cpuOf(stage);
  const cpu = {
    operator: after.operator - (before.pid === after.pid ? before.operator : 0),
    apiServer: after.apiServer - before.apiServer,
    etcd: after.etcd - before.etcd,
  };
  return { seconds, calls, cpu, memory: await memoryOf(stage) };
}

function cpuOf({ operator, controlPlane }: Stage) {
  const pids = controlPlane.pids();
  const secondsOf = (pid: number | undefined) => (pid === undefined ? 0 : usageOf(pid).cpuSeconds);
  const pid = operator.running ? operator.pid : undefined;
  return {
    pid,
    operator: secondsOf(pid),
    apiServer: secondsOf(pids['kube-apiserver']),
    etcd: secondsOf(pids.etcd),
  };
}

async function memoryOf({ operator }: Stage): Promise<Memory> {
  const samples = parseExposition(await operator.metrics());
  const heap = samples.find(({ name }) => name === 'nodejs_heap_size_used_bytes');
  return { ...operator.usage(), heapBytes: heap?.value ?? Number.NaN };
}

async function untilQuiet(stage: Stage): Promise<void> {
  const deadline = performance.now() + READY_DEADLINE_MS;
  for (;;) {
    const position = stage.calls.position;
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    if (stage.calls.lastWork(position) === undefined) return;
    if (performance.now() > deadline) throw new Error('the operator did not become idle');
  }
}

async function within(ms: number, work: Promise<void>, { operator, observer }: Stage) {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`only ${observer.ready} became Ready`)), ms);
  });
  const ended = operator.exited.then((how) => {
    throw new Error(`the operator exited: ${how}; ${operator.log().slice(-1_000)}`);
  });
  try {
    await Promise.race([work, late, ended]);
  } finally {
    clearTimeout(timer);
    ended.catch(() => undefined);
  }
}

function profile({ profiles }: BenchOptions, name: string): readonly string[] {
  if (profiles === undefined) return [];
  return ['--cpu-prof', `--cpu-prof-dir=${profiles}`, `--cpu-prof-name=${name}.cpuprofile`];
}
