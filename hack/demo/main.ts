/**
 * `make demo`: runs the operator on a real API server, from an applied ScimIntegration to a filled
 * directory, until Ctrl-C.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { playSequence } from '../../src/probe/player.ts';
import type { Sequence } from '../../src/probe/sequence.ts';
import { createAdministrator } from '../operator/administrator.ts';
import { BINDABLE_ROLES, installOperator } from '../operator/install.ts';
import { OperatorProcess } from '../operator/restarted.ts';
import { openCluster } from './cluster.ts';
import { type DemoOptions, operatorEnvironment, readOptions, shellExports } from './environment.ts';
import { EXAMPLE_FILE, EXAMPLE_NAMESPACE } from './examples.ts';
import { takeFolder } from './folder.ts';
import { becomeReady, type Endpoint } from './ready.ts';
import { isEmpty, printDirectory, printNextSteps } from './report.ts';
import { printConsole, startSignIn } from './sign-in.ts';
import { ENTRA, OKTA } from './syncs.ts';
import { followToken } from './token.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const FOLDER = process.env.DEMO_FOLDER || join(ROOT, '.demo');
const ENV_FILE = join(FOLDER, 'env');
const LOG_FILE = join(FOLDER, 'operator.log');

const say = (line = '') => process.stdout.write(`${line}\n`);
const started = performance.now();
const elapsed = () => `${((performance.now() - started) / 1000).toFixed(1)} s`;

const closing: (() => unknown)[] = [];

async function demo(stop: AbortSignal): Promise<void> {
  closing.push(takeFolder(FOLDER));
  closing.push(() => rmSync(ENV_FILE, { force: true }));
  const options = await readOptions(`file:${join(FOLDER, 'directory.db')}`, say);

  const cluster = await openCluster(
    { current: options.currentCluster, controlPlane: options.controlPlane, folder: FOLDER },
    say,
    stop,
  );
  closing.push(cluster.stop);
  say(`✓ Kubernetes API: ${cluster.description} (${elapsed()})`);
  const kubeconfig = await installOperator(cluster, FOLDER);
  say(
    '✓ CRDs applied, and a ServiceAccount with exactly the permissions that the operator ships with',
  );

  const adminToken = await createAdministrator(cluster.client, EXAMPLE_NAMESPACE, BINDABLE_ROLES);
  const signIn = options.signIn
    ? await startSignIn(FOLDER, options.publicUrl, EXAMPLE_NAMESPACE)
    : undefined;
  closing.push(() => signIn?.provider.close());
  const environment = operatorEnvironment(options, kubeconfig, signIn?.configFile);
  const operator = new OperatorProcess(environment, LOG_FILE);
  closing.push(() => operator.stop());
  const waiting = { ...options, logFile: LOG_FILE, say, stop };
  const endpoint = await Promise.race([becomeReady(cluster, waiting), operator.failed]);
  let { token } = endpoint;
  const writeEnvironment = () => {
    const variables = {
      ...variablesOf({ ...endpoint, token }, options),
      KUBECONFIG: cluster.kubeconfig,
      ADMIN_TOKEN: adminToken,
      OPERATOR_PID: String(operator.pid),
    };
    writeFileSync(ENV_FILE, shellExports(variables), { mode: 0o600 });
  };
  writeEnvironment();
  const unfollow = followToken(cluster.client, endpoint, (current) => {
    token = current;
    writeEnvironment();
  });
  closing.push(unfollow);
  operator.onRestart = (how) => {
    say(`  The operator exited (${how}) and was restarted, as a kubelet would do.`);
    writeEnvironment();
  };
  say(
    `✓ ${EXAMPLE_FILE} applied: ${endpoint.namespace}/${endpoint.name} is Ready (${elapsed()} since the start)`,
  );

  if (options.sync) await playSyncs(endpoint);
  await printDirectory(endpoint, say);
  const envFile = relative(process.cwd(), ENV_FILE) || ENV_FILE;
  printConsole(options, envFile, signIn, say);
  printNextSteps({ ...endpoint, envFile }, say);
  await Promise.race([operator.failed, aborted(stop)]);
}

async function playSyncs(endpoint: Endpoint): Promise<void> {
  if (!(await isEmpty(endpoint))) {
    say('  The directory already contains users or groups, so the syncs are skipped.');
    return;
  }
  for (const sequence of [OKTA, ENTRA]) await sync(sequence, endpoint);
}

function variablesOf(
  { base, token }: Endpoint,
  { opsPort, databaseUrl, publicUrl }: DemoOptions,
): Readonly<Record<string, string>> {
  return {
    SCIM_BASE: base,
    SCIM_TOKEN: token,
    CONSOLE_URL: `${publicUrl.replace(/\/+$/, '')}/console`,
    METRICS_URL: `http://127.0.0.1:${opsPort}/metrics`,
    DATABASE_URL: databaseUrl,
    SCIM_OPERATOR_DATABASE_URL: databaseUrl,
  };
}

async function sync(sequence: Sequence, { base, token }: Endpoint): Promise<void> {
  say();
  say(`${sequence.client} syncs:`);
  for await (const { step, answer, problem } of playSequence(sequence, { baseUrl: base, token })) {
    const { method, path } = step.request;
    const request = `${method} ${decodeURIComponent(path)}`;
    const received = `${answer?.status ?? '---'}  ${(answer?.durationMs ?? 0).toFixed(0).padStart(3)} ms`;
    say(`  ${problem === undefined ? '✓' : '✗'} ${step.name.padEnd(54)} ${received}  ${request}`);
    if (problem !== undefined) {
      const { expected, actual } = problem;
      throw new Error(`${sequence.client} ${step.name}: expected ${expected}, got ${actual}`);
    }
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
// If the terminal or the pipe is gone, nobody can read the output, but there is still work to stop.
process.stdout.on('error', () => stop.abort());

let exitCode = 0;
try {
  await demo(stop.signal);
} catch (error) {
  if (!stop.signal.aborted) {
    process.stderr.write(`\ndemo: ${error instanceof Error ? error.message : String(error)}\n`);
    exitCode = 1;
  }
}
if (closing.length > 0) {
  say();
  say('Stopping…');
}
for (const close of closing.reverse()) {
  try {
    await close();
  } catch (error) {
    process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n`);
    exitCode = 1;
  }
}
process.exit(exitCode);
