/**
 * Installs the chart in a kind cluster (`make kind`): creates the cluster or uses the existing one,
 * builds the image, loads it, and waits until the pod is ready. The cluster becomes the current
 * context of the kubeconfig, and stays.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import packageJson from '../../package.json' with { type: 'json' };
import { GoBuildError } from '../go-program.ts';
import { helmProgram } from '../helm/programs.ts';
import { archiveFile, REPOSITORY } from '../image/names.ts';
import { environmentOf, type KindEngine, runningEngine } from './engine.ts';
import { kindProgram } from './program.ts';

const ROOT = join(import.meta.dirname, '../..');
/** As in cluster.yaml. */
const CLUSTER = 'scim-operator';
const RELEASE = 'scim-operator';
const { version } = packageJson;
const NEXT = `
Make its Service reachable at http://localhost:8080, and leave the command running:

  kubectl --namespace ${RELEASE} port-forward service/${RELEASE} 8080:80

Then create an integration, as in docs/guides/quick-start.md#the-first-integration.
`;
const log = (line: string) => process.stderr.write(`${line}\n`);

/** The message says what to do. */
class KindError extends Error {
  override readonly name = 'KindError';
}

try {
  await main();
} catch (error) {
  if (error instanceof GoBuildError) {
    log(
      `kind: ${error.message}; install Go 1.26 or newer, or let KIND and HELM_V4 name the programs`,
    );
  } else if (error instanceof KindError) log(`kind: ${error.message}`);
  else throw error;
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const engine = await runningEngine();
  if (engine === undefined) {
    throw new KindError(
      'a kind cluster needs docker or podman, and neither is running; start one of them, or test ' +
        'on a cluster whose nodes have the image: KUBECONFIG=… make e2e',
    );
  }
  const kind = await kindProgram(log);
  const helm = process.env.INSTALL === 'off' ? undefined : await helmProgram('v4', log);
  const env = environmentOf(engine);
  const archive = process.env.ARCHIVE || buildArchive(engine);
  ensureCluster(kind, env);
  run(kind, ['load', 'image-archive', archive, '--name', CLUSTER], { env });
  if (helm !== undefined) install(helm, archive);
  const prefix = engine === 'docker' ? '' : `KIND_EXPERIMENTAL_PROVIDER=${engine} `;
  report(helm !== undefined, `${prefix}${kind} delete cluster --name ${CLUSTER}`);
}

function buildArchive(ENGINE: KindEngine): string {
  const env = { ...process.env, ENGINE, IMAGE: '', PLATFORM: '' };
  run(process.execPath, [join(ROOT, 'hack/image/main.ts'), 'archive'], { env });
  return join(ROOT, archiveFile());
}

function ensureCluster(kind: string, env: NodeJS.ProcessEnv): void {
  const { stdout } = spawnSync(kind, ['get', 'clusters'], { env, encoding: 'utf8' });
  if (stdout?.split('\n').includes(CLUSTER)) {
    log(`using the kind cluster ${CLUSTER}, which exists`);
    run(kind, ['export', 'kubeconfig', '--name', CLUSTER], { env });
  } else {
    const config = join(import.meta.dirname, 'cluster.yaml');
    run(kind, ['create', 'cluster', '--config', config, '--wait', '180s'], { env });
  }
}

function install(helm: string, archive: string): void {
  const values = {
    publicUrl: 'http://localhost:8080',
    image: { repository: REPOSITORY, tag: version, pullPolicy: 'Never' },
    // The image of another build has the same name. The annotation replaces the pod.
    podAnnotations: {
      'scim-operator.dev/image-archive': createHash('sha256')
        .update(readFileSync(archive))
        .digest('hex'),
    },
  };
  log('installing the chart, and waiting until the pod is ready');
  const chart = join(ROOT, 'charts/scim-operator');
  const where = ['--namespace', RELEASE, '--create-namespace', '--kube-context', `kind-${CLUSTER}`];
  const wait = ['--wait', '--timeout', '5m', '--hide-notes', '--values', '-'];
  run(helm, ['upgrade', '--install', RELEASE, chart, ...where, ...wait], {
    input: JSON.stringify(values),
  });
}

function report(isInstalled: boolean, deletion: string): void {
  const what = isInstalled
    ? `scim-operator ${version} is ready`
    : `The image of scim-operator ${version} is`;
  console.log(`
${what} in the kind cluster ${CLUSTER}, the current context of your kubeconfig.
${isInstalled ? NEXT : 'Test it with: make e2e\n'}
Delete the cluster with:

  ${deletion}`);
}

interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Standard input. */
  readonly input?: string;
}

/** Its output goes to standard error, so that standard output is the report. */
function run(program: string, args: readonly string[], { env, input = '' }: RunOptions): void {
  const { status, error, signal } = spawnSync(program, args, {
    ...(env && { env }),
    input,
    stdio: ['pipe', 2, 2],
  });
  if (status === 0) return;
  // A program that ends before it has read its input is also an error, which says less.
  const why = status === null && error ? error.message : `exited with ${signal ?? status}`;
  throw new KindError(`${basename(program)} ${args[0]} failed: ${why}`);
}
