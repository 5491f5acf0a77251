/** What others notice while one client does something. */
import type { Closing } from '../../hack/trial.ts';
import { type Answer, Connection } from '../load/connection.ts';
import type { Probed } from '../load/probe.ts';
import { requestsTo } from '../load/requests.ts';
import type { DatabaseKind } from '../stage/databases.ts';
import { type Stage, type StageOptions, setStage } from '../stage/stage.ts';

export interface Disturbance extends StageOptions {
  /** What the client sends, on as many connections. */
  request(compose: ReturnType<typeof requestsTo>, stage: Stage): string;
  readonly connections: number;
  /** On each connection. */
  readonly times: number;
  /** The most that others may wait, at the 99th percentile. */
  readonly boundMs: number;
  /** The most anonymous memory of the server and its database. */
  readonly boundMb?: number;
}

const QUIET_MS = 2_000;
const REFUSALS: ReadonlySet<number> = new Set([400, 413, 429, 503]);

/** Returns a line for each bound that does not hold. */
export async function disturb(
  kind: DatabaseKind,
  { request, connections, times, boundMs, boundMb, ...options }: Disturbance,
  closing: Closing,
): Promise<readonly string[]> {
  const stage = await setStage(kind, options, closing);
  const text = request(requestsTo(stage.server), stage);
  const clients = Array.from({ length: connections }, () => new Connection(stage.server.base));
  closing.push(() => clients.map((client) => client.close()));
  const quiet = await stage.probe();
  await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
  say(`${kind}, alone`, await quiet.stop());

  const beside = await stage.probe();
  const answers: Answer[] = [];
  const begun = performance.now();
  const send = async (client: Connection) => {
    for (let n = 0; n < times; n++) answers.push(await client.send(text));
  };
  await Promise.all(clients.map(send));
  const seconds = (performance.now() - begun) / 1000;
  const probed = await beside.stop();
  const statuses = Object.groupBy(answers, ({ status }) => status);
  const counts = Object.entries(statuses).map(([status, all]) => `${all?.length} times ${status}`);
  say(`${kind}, beside ${connections} clients`, probed);
  process.stdout.write(`  the clients got ${counts.join(', ')} in ${seconds.toFixed(1)} s\n`);

  const megabytes = probed.peakBytes / 1e6;
  const unclear = answers.filter(({ status }) => status >= 300 && !REFUSALS.has(status)).length;
  const silent = answers.filter(
    ({ status, head }) => (status === 429 || status === 503) && !/\r\nretry-after:/i.test(head),
  ).length;
  return [
    ...(probed.p99 <= boundMs ? [] : [`others wait ${probed.p99.toFixed(1)} ms (p99)`]),
    ...(Object.keys(probed.refused).length === 0
      ? []
      : [`others were refused: ${JSON.stringify(probed.refused)}`]),
    ...(boundMb === undefined || megabytes <= boundMb
      ? []
      : [`the memory reached ${megabytes.toFixed(0)} MB`]),
    ...(unclear === 0 ? [] : [`${unclear} requests failed`]),
    ...(silent === 0 ? [] : [`${silent} refusals have no Retry-After`]),
  ];
}

function say(name: string, { count, p50, p99, max, cpuMs, peakBytes, refused }: Probed): void {
  const times = [p50, p99, max].map((ms) => ms.toFixed(1)).join(', ');
  const memory = `${Math.round(peakBytes / 1e6)} MB`;
  process.stdout.write(
    `${name}: ${count} requests, p50, p99, max ${times} ms; ${cpuMs} ms of CPU; ${memory}; ` +
      `refused ${JSON.stringify(refused)}\n`,
  );
}
