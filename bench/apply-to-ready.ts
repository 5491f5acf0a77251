/**
 * Measures how long integrations take in a running demo: from apply to Ready, and from
 * `enabled: false` to the first refused request. Run `node bench/apply-to-ready.ts [COUNT]` while
 * `make demo` is running.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SCIM_INTEGRATIONS } from '../src/crd/names.ts';
import type { KubeIntegration } from '../src/crd/objects.ts';
import { Client } from '../src/kube/client.ts';
import { Connection, loadKubeConfig } from '../src/kube/connection.ts';
import type { Secret } from '../src/kube/objects.ts';
import { textOf } from '../src/kube/objects.ts';
import { NAMESPACES, SECRETS } from '../src/kube/resource.ts';
import { percentile } from './load/statistics.ts';

const COUNT = Number(process.argv[2] ?? 20);
const MANAGER = 'bench';
const DEADLINE_MS = 30_000;

const environment = readFileSync(join(import.meta.dirname, '..', '.demo', 'env'), 'utf8');
const kubeconfig = /KUBECONFIG='([^']+)'/.exec(environment)?.[1];
const client = new Client(new Connection(loadKubeConfig(kubeconfig)));

/** Returns the milliseconds until the check returned a value, and the value. */
async function timeUntil<T>(
  started: number,
  check: () => Promise<T | undefined>,
): Promise<[number, T]> {
  while (performance.now() - started < DEADLINE_MS) {
    const value = await check();
    if (value !== undefined) return [performance.now() - started, value];
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error('the deadline passed');
}

async function statusOf(base: string, token: string): Promise<number> {
  const answer = await fetch(`${base}/Users?count=0`, {
    headers: { authorization: `Bearer ${token}` },
  });
  await answer.arrayBuffer();
  return answer.status;
}

async function measure(index: number) {
  const namespace = `bench-${process.pid}-${index}`;
  const key = { namespace, name: 'idp' };
  await client.create(NAMESPACES, { metadata: { name: namespace } }, MANAGER);
  const started = performance.now();
  await client.create(SCIM_INTEGRATIONS, { metadata: key }, MANAGER);
  const [ready, integration] = await timeUntil(started, async () => {
    const found = await client.get<KubeIntegration>(SCIM_INTEGRATIONS, key);
    return found.status?.conditions?.some(
      ({ type, status }) => type === 'Ready' && status === 'True',
    )
      ? found
      : undefined;
  });
  const secret = await client.get<Secret>(SECRETS, { namespace, name: 'idp-scim-token' });
  const base = integration.status?.endpoint ?? '';
  const token = textOf(secret, 'token') ?? '';
  const becomes = async (enabled: boolean, code: number) => {
    const patched = performance.now();
    await client.mergePatch(
      SCIM_INTEGRATIONS,
      key,
      { spec: { enabled } },
      { fieldManager: MANAGER },
    );
    const [time] = await timeUntil(patched, async () =>
      (await statusOf(base, token)) === code ? true : undefined,
    );
    return time;
  };
  const refused = await becomes(false, 403);
  const accepted = await becomes(true, 200);
  await client.delete(NAMESPACES, { name: namespace });
  return { ready, refused, accepted };
}

const results = [];
for (let index = 0; index < COUNT; index++) results.push(await measure(index));
for (const name of ['ready', 'refused', 'accepted'] as const) {
  const times = results.map((result) => result[name]);
  const at = (share: number) => percentile(times, share).toFixed(0);
  console.log(
    `${name.padEnd(9)} median ${at(0.5)} ms, p95 ${at(0.95)} ms, max ${at(1)} ms, of ${COUNT}`,
  );
}
process.exit(0);
