/** The programs of a Kubernetes control plane: found in KUBEBUILDER_ASSETS, or built from their Go modules into a cache outside the checkout. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../cache.ts';

export type Program = 'etcd' | 'kube-apiserver' | 'kube-controller-manager';

/** Where a program is. */
export type ProgramPaths = (program: Program) => string;

/** The control plane can't be had here; the message says what to do about it. */
export class ControlPlaneUnavailableError extends Error {
  override readonly name = 'ControlPlaneUnavailableError';
}

const HERE = import.meta.dirname;
const PROGRESS_MS = 15_000;

/**
 * Answers once the programs are there. What KUBEBUILDER_ASSETS lacks is built (setup-envtest brings no
 * kube-controller-manager): minutes the first time, with a line in `log` about every 15 seconds.
 */
export async function ensureBinaries(
  programs: readonly Program[],
  log: (line: string) => void,
  signal?: AbortSignal,
): Promise<ProgramPaths> {
  const folders = [process.env.KUBEBUILDER_ASSETS, programsFolder()].filter(Boolean) as string[];
  const find = (program: Program) =>
    folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
  const missing = programs.filter((program) => find(program) === undefined);
  if (missing.length > 0) refuseWithoutGo(missing);
  for (const program of missing) await build(program, log, signal);
  return (program) => find(program) ?? join(programsFolder(), program);
}

function refuseWithoutGo(missing: readonly Program[]): void {
  if (spawnSync('go', ['version']).status === 0) return;
  throw new ControlPlaneUnavailableError(
    `no Kubernetes control plane to run: install Go 1.26 or newer to build ${missing.join(', ')}, or let KUBEBUILDER_ASSETS name a folder that has what is missing, or let KUBECONFIG name a cluster such as kind`,
  );
}

function programsFolder(): string {
  const etcdVersion = requiredVersion('etcd', 'go.etcd.io/etcd/server/v3');
  return cacheFolder(`kubernetes-${kubernetesVersion()}_etcd-${etcdVersion}`);
}

function kubernetesVersion(): string {
  return requiredVersion('kube', 'k8s.io/kubernetes');
}

function requiredVersion(module: 'kube' | 'etcd', path: string): string {
  const text = readFileSync(join(HERE, module, 'go.mod'), 'utf8');
  const line = text.split('\n').find((each) => each.includes(`${path} v`));
  const version = line?.split(' ').find((word) => word.startsWith('v'));
  if (version === undefined) throw new Error(`${module}/go.mod requires no ${path}`);
  return version.trim();
}

async function build(
  program: Program,
  log: (line: string) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const folder = programsFolder();
  mkdirSync(folder, { recursive: true });
  const target = join(folder, program);
  // Renamed when whole: another process may build the same program at the same time.
  const unfinished = `${target}.${process.pid}`;
  const started = performance.now();
  const seconds = () => Math.round((performance.now() - started) / 1000);
  const main =
    program === 'etcd' ? 'go.etcd.io/etcd/server/v3' : `k8s.io/kubernetes/cmd/${program}`;
  log(`building ${program} from its Go module; the first time takes some minutes`);
  const progress = setInterval(() => log(`still building ${program}, ${seconds()} s`), PROGRESS_MS);
  try {
    const flags = `-s -w ${versionFlags()}`;
    const args = ['build', '-buildvcs=false', '-ldflags', flags, '-o', unfinished, main];
    await go(program === 'etcd' ? 'etcd' : 'kube', args, signal);
    renameSync(unfinished, target);
  } finally {
    clearInterval(progress);
    rmSync(unfinished, { force: true });
  }
  log(`built ${program} in ${seconds()} s`);
}

function versionFlags(): string {
  const version = kubernetesVersion();
  const [major, minor] = version.slice(1).split('.');
  const variable = '-X k8s.io/component-base/version';
  return `${variable}.gitVersion=${version} ${variable}.gitMajor=${major} ${variable}.gitMinor=${minor}`;
}

function go(
  module: string,
  args: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const child = spawn('go', args, {
    cwd: join(HERE, module),
    env: { ...process.env, GOFLAGS: '', GOWORK: 'off' },
    stdio: ['ignore', 'inherit', 'inherit'],
    ...(signal && { signal }),
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, by) => {
      if (code === 0) resolve();
      else
        reject(new ControlPlaneUnavailableError(`go build of ${module} ended with ${by ?? code}`));
    });
  });
}
