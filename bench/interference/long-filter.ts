/**
 * Measures what others notice while one client reads all users, with a filter that has no index.
 * `node bench/interference/long-filter.ts [sqlite|postgres] [USERS]` fails if they wait too long.
 */
import { Connection } from '../load/connection.ts';
import type { Probed } from '../load/probe.ts';
import { filtered, requestsTo, succeed } from '../load/requests.ts';
import { setStage } from '../stage/stage.ts';
import { onDatabases } from './on-databases.ts';

const BOUND_MS = 20;
const ROUNDS = 20;

const users = Number(process.argv[3] ?? 100_000);

await onDatabases('long-filter', async (kind, closing) => {
  const { server, probe } = await setStage(kind, { users }, closing);
  const connection = new Connection(server.base);
  closing.push(() => connection.close());
  const request = requestsTo(server)('GET', filtered('Users', 'title co "x"'));
  const quiet = await probe();
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  say(`${kind}, alone`, await quiet.stop());
  const beside = await probe();
  for (let round = 0; round < ROUNDS; round++) await succeed(connection, request);
  const probed = await beside.stop();
  say(`${kind}, beside the filter`, probed);
  return probed.p99 <= BOUND_MS ? [] : [`others wait ${probed.p99.toFixed(1)} ms (p99)`];
});

function say(name: string, { count, p50, p99, max, cpuMs, peakBytes, refused }: Probed): void {
  const times = [p50, p99, max].map((ms) => ms.toFixed(1)).join(', ');
  const memory = `${Math.round(peakBytes / 1e6)} MB`;
  process.stdout.write(
    `${name}: ${count} requests, p50, p99, max ${times} ms; ${cpuMs} ms of CPU; ${memory}; ` +
      `refused ${JSON.stringify(refused)}\n`,
  );
}
