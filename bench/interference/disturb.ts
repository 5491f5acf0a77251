/** What others notice while one client attacks. */
import type { Closing } from '../../hack/trial.ts';
import { type Answer, Connection, saysWhen } from '../load/connection.ts';
import { type Probed, refusedOrLost } from '../load/probe.ts';
import { requestsTo } from '../load/requests.ts';
import { startProbe } from '../load/start-probe.ts';
import type { Stage } from '../stage/stage.ts';
import type { Attack } from './attacks.ts';

export interface Disturbed {
  /** Small requests of another tenant. */
  readonly others: Probed;
  /** `/livez` runs on the event loop that also renews the Lease. */
  readonly live: Probed;
  readonly ready: Probed;
  /** What the client got, by status, and the seconds that its attacks took together. */
  readonly answers: Readonly<Record<string, number>>;
  readonly seconds: number;
  /** Answers of others that are not 200, and unclear ones that the client got. */
  readonly failed: number;
}

/** The same for all three, and so rarely that they themselves take little. */
const EVERY_MS = 10;
const REFUSALS: ReadonlySet<number> = new Set([400, 413, 429, 503]);

/** Attacks until `leastMs` have passed, because a percentile of few requests is only their maximum. */
export async function disturb(
  { server, directory, probe }: Stage,
  { request, connections, times }: Attack,
  leastMs: number,
  closing: Closing,
): Promise<Disturbed> {
  const text = request(requestsTo(server), directory);
  const clients = Array.from({ length: connections }, () => new Connection(server.base));
  closing.push(() => clients.map((client) => client.close()));
  const target = { base: server.ops ?? '', token: '' };
  const probes = await Promise.all([
    probe(EVERY_MS),
    startProbe(target, { pids: [], everyMs: EVERY_MS, path: 'livez' }),
    startProbe(target, { pids: [], everyMs: EVERY_MS, path: 'readyz' }),
  ]);
  const answers: Answer[] = [];
  const begun = performance.now();
  const send = async (client: Connection) => {
    for (let n = 0; n < times; n++) answers.push(await client.send(text));
  };
  do await Promise.all(clients.map(send));
  while (performance.now() - begun < leastMs);
  const seconds = (performance.now() - begun) / 1000;
  const [others, live, ready] = await Promise.all(probes.map((each) => each.stop()));
  if (!others || !live || !ready) throw new Error('a probe is missing');
  const counts: Record<string, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  const refused = [others, live, ready].reduce((sum, each) => sum + refusedOrLost(each), 0);
  const failed = answers.filter(isUnclear).length + refused;
  return { others, live, ready, answers: counts, seconds, failed };
}

/** Another failure than a refusal, or a refusal for now that doesn't say when to retry. */
function isUnclear(answer: Answer): boolean {
  const { status } = answer;
  if (status < 300) return false;
  if (!REFUSALS.has(status)) return true;
  return (status === 429 || status === 503) && !saysWhen(answer);
}
