/** The programs of a Kubernetes control plane: found in KUBEBUILDER_ASSETS, or built from their Go modules into a cache outside the checkout. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export const PROGRAMS = ['etcd', 'kube-apiserver', 'kube-controller-manager'] as const;
export type Program = (typeof PROGRAMS)[number];

/** Paths of the programs. */
export type Binaries = Readonly<Record<Program, string>>;

/** The control plane can't be had here; the message says what to do about it. */
export class ControlPlaneUnavailableError extends Error {
  override readonly name = 'ControlPlaneUnavailableError';
}

const HERE = import.meta.dirname;

/** Answers once all programs are there. The first build takes minutes; `log` gets a line about every 15 seconds of it. */
export async function ensureBinaries(log: (line: string) => void): Promise<Binaries> {
  const folders = [process.env.KUBEBUILDER_ASSETS, cacheFolder()].filter(
    (each) => each !== undefined,
  );
  const found = PROGRAMS.map((program) => [
    program,
    folders.map((folder) => join(folder, program)).find((path) => existsSync(path)),
  ]) as [Program, string | undefined][];
  const missing = found.filter(([, path]) => path === undefined).map(([program]) => program);
  if (missing.length > 0) refuseWithoutGo(missing);
  for (const program of missing) await build(program, log);
  return Object.fromEntries(
    found.map(([program, path]) => [program, path ?? join(cacheFolder(), program)]),
  ) as Binaries;
}

function refuseWithoutGo(missing: readonly Program[]): void {
  if (spawnSync('go', ['version']).status === 0) return;
  throw new ControlPlaneUnavailableError(
    `${missing.join(', ')} can't be built: install Go 1.26, or let KUBEBUILDER_ASSETS name a folder with ${PROGRAMS.join(', ')}, or let KUBECONFIG name a cluster such as kind`,
  );
}

/** One folder for each pair of versions, so that another version never meets old programs. */
function cacheFolder(): string {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const versions = `kubernetes-${kubernetesVersion()}_etcd-${requiredVersion('etcd', 'go.etcd.io/etcd/server/v3')}`;
  return join(cache, 'scim-operator', versions);
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

async function build(program: Program, log: (line: string) => void): Promise<void> {
  const folder = cacheFolder();
  mkdirSync(folder, { recursive: true });
  const target = join(folder, program);
  // Renamed when whole: another process may build the same program at the same time.
  const unfinished = `${target}.${process.pid}`;
  const started = performance.now();
  const seconds = () => Math.round((performance.now() - started) / 1000);
  const package_ =
    program === 'etcd' ? 'go.etcd.io/etcd/server/v3' : `k8s.io/kubernetes/cmd/${program}`;
  log(`building ${program} from its Go module; the first time takes some minutes`);
  const progress = setInterval(() => log(`still building ${program}, ${seconds()} s`), 15_000);
  try {
    await go(program === 'etcd' ? 'etcd' : 'kube', [
      'build',
      '-buildvcs=false',
      '-ldflags',
      `-s -w ${versionFlags()}`,
      '-o',
      unfinished,
      package_,
    ]);
  } finally {
    clearInterval(progress);
  }
  renameSync(unfinished, target);
  log(`built ${program} in ${seconds()} s`);
}

function versionFlags(): string {
  const version = kubernetesVersion();
  const [major, minor] = version.slice(1).split('.');
  const variable = '-X k8s.io/component-base/version';
  return `${variable}.gitVersion=${version} ${variable}.gitMajor=${major} ${variable}.gitMinor=${minor}`;
}

function go(module: string, args: readonly string[]): Promise<void> {
  const child = spawn('go', args, {
    cwd: join(HERE, module),
    env: { ...process.env, GOFLAGS: '', GOWORK: 'off' },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) =>
      code === 0
        ? resolve()
        : reject(new ControlPlaneUnavailableError(`go build of ${module} ended with ${code}`)),
    );
  });
}
