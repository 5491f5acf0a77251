/** `make demo`: the product on a real API server, from an applied ScimIntegration to a filled directory, until Ctrl-C. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { KubeIntegration } from '../../src/crd/integration-object.ts';
import { SCIM_INTEGRATIONS } from '../../src/crd/names.ts';
import { SECRETS } from '../../src/kube/resource.ts';
import { textOf } from '../../src/operator/checks.ts';
import type { Secret } from '../../src/operator/objects.ts';
import { playSequence } from '../../src/probe/player.ts';
import type { Sequence } from '../../src/probe/sequence.ts';
import {
  applyExample,
  type DemoCluster,
  EXAMPLE_FILE,
  installOperator,
  openCluster,
} from './cluster.ts';
import { type DemoOptions, operatorEnvironment, readOptions, shellExports } from './environment.ts';
import { OperatorProcess } from './operator-process.ts';
import { printDirectory, printNextSteps } from './report.ts';
import { ENTRA, OKTA } from './syncs.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const FOLDER = join(ROOT, '.demo');
const ENV_FILE = join(FOLDER, 'env');
const LOG_FILE = join(FOLDER, 'operator.log');
const READY_DEADLINE_MS = 60_000;

const say = (line = '') => process.stdout.write(`${line}\n`);
const started = performance.now();
const elapsed = () => `${((performance.now() - started) / 1000).toFixed(1)} s`;

interface Endpoint {
  readonly base: string;
  readonly token: string;
  readonly namespace: string;
  readonly name: string;
  readonly secretName: string;
}

const closing: (() => unknown)[] = [];

async function demo(stop: AbortSignal): Promise<void> {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  closing.push(() => rmSync(ENV_FILE, { force: true }));
  const options = await readOptions(`file:${join(FOLDER, 'directory.db')}`);

  const cluster = await openCluster(options.currentCluster, say);
  closing.push(cluster.stop);
  say(`✓ Kubernetes API: ${cluster.description} (${elapsed()})`);
  const kubeconfig = await installOperator(cluster, FOLDER);
  say(
    '✓ CRD applied, and a ServiceAccount with exactly the permissions that the operator ships with',
  );

  const operator = startOperator(options, kubeconfig, cluster);
  const endpoint = await Promise.race([becomeReady(cluster, stop), operator.failed]);
  writeEnvironment(endpoint, options, cluster, operator.pid);
  onRestart = () => writeEnvironment(endpoint, options, cluster, operator.pid);
  say(
    `✓ ${EXAMPLE_FILE} applied: ${endpoint.namespace}/${endpoint.name} is Ready (${elapsed()} since the start)`,
  );

  if (options.sync) for (const sequence of [OKTA, ENTRA]) await sync(sequence, endpoint);
  await printDirectory(endpoint, say);
  printNextSteps({ ...endpoint, envFile: relative(process.cwd(), ENV_FILE) || ENV_FILE }, say);
  await Promise.race([operator.failed, aborted(stop)]);
}

let onRestart: () => void = () => undefined;

function startOperator(options: DemoOptions, kubeconfig: string, _: DemoCluster): OperatorProcess {
  const operator = new OperatorProcess(
    operatorEnvironment(options, kubeconfig),
    LOG_FILE,
    (how) => {
      say(`  The operator ended (${how}) and was started again, as a kubelet would.`);
      onRestart();
    },
  );
  closing.push(() => operator.stop());
  return operator;
}

async function becomeReady({ client }: DemoCluster, stop: AbortSignal): Promise<Endpoint> {
  const deadline = performance.now() + READY_DEADLINE_MS;
  const { metadata } = await applyExample(client, deadline);
  const key = { namespace: metadata.namespace ?? '', name: metadata.name };
  for (;;) {
    const integration = await client.get<KubeIntegration>(SCIM_INTEGRATIONS, key);
    const { status } = integration;
    const ready = status?.conditions?.find(({ type }) => type === 'Ready');
    if (ready?.status === 'True' && status?.endpoint && status.tokenSecretRef) {
      const secretName = status.tokenSecretRef.name;
      const secret = await client.get<Secret>(SECRETS, {
        namespace: key.namespace,
        name: secretName,
      });
      return { ...key, secretName, base: status.endpoint, token: textOf(secret, 'token') ?? '' };
    }
    if (stop.aborted || performance.now() > deadline) {
      const why = ready?.message ?? 'the operator has not looked at it';
      throw new Error(`${key.namespace}/${key.name} did not become Ready: ${why}; see ${LOG_FILE}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

function writeEnvironment(
  { base, token }: Endpoint,
  { opsPort, databaseUrl }: DemoOptions,
  { kubeconfig }: DemoCluster,
  pid: number,
): void {
  const text = shellExports({
    KUBECONFIG: kubeconfig,
    SCIM_BASE: base,
    SCIM_TOKEN: token,
    METRICS_URL: `http://127.0.0.1:${opsPort}/metrics`,
    DATABASE_URL: databaseUrl,
    OPERATOR_PID: String(pid),
  });
  writeFileSync(ENV_FILE, text, { mode: 0o600 });
}

async function sync(sequence: Sequence, { base, token }: Endpoint): Promise<void> {
  say();
  say(`${sequence.client} syncs:`);
  for await (const { step, status, durationMs, problem } of playSequence(sequence, {
    baseUrl: base,
    token,
  })) {
    const { method, path } = step.request;
    const request = `${method} ${decodeURIComponent(path)}`;
    say(
      `  ${problem === undefined ? '✓' : '✗'} ${step.name.padEnd(54)} ${status}  ${durationMs.toFixed(0).padStart(3)} ms  ${request}`,
    );
    if (problem !== undefined) throw new Error(`${sequence.client} ${step.name}: ${problem}`);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve());
  });
}

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => stop.abort());

let exitCode = 0;
try {
  await demo(stop.signal);
} catch (error) {
  if (!stop.signal.aborted) {
    process.stderr.write(`\ndemo: ${error instanceof Error ? error.message : String(error)}\n`);
    exitCode = 1;
  }
}
say();
say('Stopping…');
for (const close of closing.reverse()) await close();
process.exit(exitCode);
