/**
 * A process that measures what other clients notice while something else loads a server. It sends
 * a small request at a fixed pace, and counts the time from when the request was due, so that a
 * stalled server is not measured less often.
 *
 * `node bench/load/probe.ts BASE TOKEN [SECONDS] [PIDS] [EVERY_MS] [PATH]` prints one line: p50,
 * p99 and maximum in milliseconds, refusals, and CPU and anonymous memory of the processes with
 * these ids (separated by commas) and their descendants. `startProbe` runs the same program.
 */
import { treeUsageOf } from '../../hack/process/usage.ts';
import { Connection } from './connection.ts';
import { requestsTo } from './requests.ts';
import { percentile } from './statistics.ts';

export interface Probed {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /**
   * How late requests were sent at the 99th percentile, which is a part of their times: the probe
   * shares its processors with what it probes.
   */
  readonly sentLate: number;
  /** The number of answers by their status, of all that are not 200; `lost` without an answer. */
  readonly refused: Readonly<Record<string, number>>;
  readonly seconds: number;
  /** Of the observed processes, and their peak of anonymous memory. */
  readonly cpuMs: number;
  readonly peakBytes: number;
}

/** Requests that got no 200. */
export const refusedOrLost = ({ refused }: Pick<Probed, 'refused'>): number =>
  Object.values(refused).reduce((sum, count) => sum + count, 0);

const MEMORY_MS = 50;

function start(
  base: string,
  token: string,
  pids: readonly number[],
  everyMs: number,
  path: string,
) {
  const request = requestsTo({ base, token })('GET', path);
  const idle: Connection[] = [];
  const times: number[] = [];
  const delays: number[] = [];
  const refused: Record<string, number> = {};
  let [running, peakBytes] = [0, 0];
  const begun = performance.now();
  const before = treeUsageOf(pids).cpuMs;

  const sendOne = async (due: number) => {
    running++;
    delays.push(performance.now() - due);
    const connection = idle.pop() ?? new Connection(base);
    try {
      const { status } = await connection.send(request);
      if (status !== 200) refused[status] = (refused[status] ?? 0) + 1;
      idle.push(connection);
    } catch {
      refused.lost = (refused.lost ?? 0) + 1;
    }
    times.push(performance.now() - due);
    running--;
  };
  let due = begun;
  const pace = setInterval(() => {
    for (; due <= performance.now(); due += everyMs) void sendOne(due);
  }, 1);
  const watch = () => {
    peakBytes = Math.max(peakBytes, treeUsageOf(pids).anonymousBytes);
  };
  const memory = setInterval(watch, MEMORY_MS);

  return async (): Promise<Probed> => {
    clearInterval(pace);
    while (running > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    clearInterval(memory);
    watch();
    for (const connection of idle) connection.close();
    return {
      count: times.length,
      p50: percentile(times, 0.5),
      p99: percentile(times, 0.99),
      max: percentile(times, 1),
      sentLate: percentile(delays, 0.99),
      refused,
      seconds: (performance.now() - begun) / 1000,
      cpuMs: treeUsageOf(pids).cpuMs - before,
      peakBytes,
    };
  };
}

if (import.meta.main) {
  const [base = '', token = '', seconds = '10', pids = '', everyMs = '5', path] =
    process.argv.slice(2);
  const processes = pids.split(',').filter(Boolean).map(Number);
  const stop = start(base, token, processes, Number(everyMs), path ?? '/ServiceProviderConfig');
  const finish = async () => {
    const probed = await stop();
    if (process.send === undefined) process.stdout.write(`${JSON.stringify(probed)}\n`);
    else process.send(probed, () => process.disconnect());
  };
  if (process.send === undefined) setTimeout(finish, Number(seconds) * 1000);
  process.once('message', finish);
  process.send?.('started');
  // The process that started this one is gone, unless it has its result.
  process.once('disconnect', () => process.exit());
}
