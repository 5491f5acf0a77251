/**
 * Starts a Kubernetes control plane on loopback: etcd, the API server and, on request, the
 * controller manager. It needs neither root nor containers.
 */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { type Child, startChild, sweepAfterDeath } from '../process/child.ts';
import { freePorts } from '../process/ports.ts';
import { ensureBinaries, type ProgramPaths, type Source } from './binaries.ts';
import type { Program } from './versions.ts';

export interface ControlPlane {
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  readonly server: string;
  readonly caFile: string;
  readonly dir: string;
  /** Process ids, for measuring each program. */
  readonly pids: () => Readonly<Partial<Record<Program, number>>>;
  /** The API server keeps its port and its data. */
  restartApiServer(): Promise<void>;
  stopApiServer(): Promise<void>;
  /** Does nothing without a controller manager. */
  restartControllerManager(): Promise<void>;
  stop(): Promise<void>;
}

export interface StartOptions {
  /** For garbage collection and the deletion of namespaces. */
  readonly controllerManager: boolean;
  readonly log: (line: string) => void;
  /** Aborts a download or build in progress. */
  readonly signal?: AbortSignal;
  /** Where missing programs come from. CONTROL_PLANE decides by default. */
  readonly sources?: readonly Source[];
  /**
   * Runs before the controller manager starts. Its garbage collector takes up to 30 s to notice
   * kinds that are added later.
   */
  readonly prepare?: (kubeconfig: string) => Promise<void>;
  /** Additional flags of kube-apiserver. */
  readonly apiServerFlags?: readonly string[];
}

const READY_DEADLINE_MS = 60_000;
const ATTEMPTS = 3;

/** The chosen port was taken before the program listened on it. */
class PortTakenError extends Error {}

/** Resolves when the API server is ready, after about three seconds. */
export async function startControlPlane(options: StartOptions): Promise<ControlPlane> {
  const programs: Program[] = ['etcd', 'kube-apiserver'];
  if (options.controllerManager) programs.push('kube-controller-manager');
  const paths = await ensureBinaries(programs, options.log, options);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await attemptStart(paths, options);
    } catch (error) {
      if (!(error instanceof PortTakenError) || attempt === ATTEMPTS) throw error;
    }
  }
}

async function attemptStart(paths: ProgramPaths, options: StartOptions): Promise<ControlPlane> {
  const dir = mkdtempSync(join(tmpdir(), 'scim-operator-control-plane-'));
  sweepAfterDeath(dir);
  const children: Child[] = [];
  const stop = async () => {
    // On SIGTERM, kube-apiserver waits up to a minute for its watches. Nothing here needs that.
    await Promise.all(children.map((child) => child.stop('SIGKILL')));
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    return await start(paths, dir, children, stop, options);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(
  paths: ProgramPaths,
  dir: string,
  children: Child[],
  stop: () => Promise<void>,
  { controllerManager, prepare, apiServerFlags = [] }: StartOptions,
): Promise<ControlPlane> {
  const [port] = await freePorts(1);
  // The sockets are in a folder of this user only: etcd has no authentication and holds every
  // Secret.
  const etcdUrl = `unix://${join(dir, 'etcd.sock')}`;
  const server = `https://127.0.0.1:${port}`;
  const token = randomBytes(24).toString('hex');
  const kubeconfig = join(dir, 'admin.kubeconfig');
  const caFile = join(dir, 'certs', 'apiserver.crt');
  writeSecrets(dir, token);

  const pids: Partial<Record<Program, number>> = {};
  const run = (program: Program, args: readonly string[]) => {
    const child = startChild(paths(program), args, join(dir, `${program}.log`));
    children.push(child);
    pids[program] = child.pid;
    return child;
  };
  const etcd = run('etcd', etcdArguments(dir, etcdUrl, `unix://${join(dir, 'peer.sock')}`));
  const startApiServer = async () => {
    const flags = [...apiServerArguments(dir, etcdUrl, String(port)), ...apiServerFlags];
    const child = run('kube-apiserver', flags);
    await waitUntilReady(dir, { etcd, 'kube-apiserver': child }, () =>
      isReady(server, token, caFile),
    );
    return child;
  };
  let apiServer = await startApiServer();
  writeFileSync(kubeconfig, kubeconfigText(server, caFile, token), { mode: 0o600 });
  await prepare?.(kubeconfig);
  const startControllerManager = () =>
    run('kube-controller-manager', controllerManagerArguments(dir, kubeconfig, caFile));
  let manager = controllerManager ? startControllerManager() : undefined;
  return {
    kubeconfig,
    server,
    caFile,
    dir,
    pids: () => pids,
    stop,
    stopApiServer: () => apiServer.stop('SIGKILL'),
    restartApiServer: async () => {
      await apiServer.stop('SIGKILL');
      apiServer = await startApiServer();
    },
    restartControllerManager: async () => {
      if (manager === undefined) return;
      await manager.stop('SIGKILL');
      manager = startControllerManager();
    },
  };
}

/** Writes the keys for service account tokens, and the administrator's token. */
function writeSecrets(dir: string, token: string): void {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  writeFileSync(join(dir, 'sa.key'), privateKey, { mode: 0o600 });
  writeFileSync(join(dir, 'sa.pub'), publicKey);
  writeFileSync(join(dir, 'tokens.csv'), `${token},admin,admin,"system:masters"\n`, {
    mode: 0o600,
  });
}

function etcdArguments(dir: string, client: string, peer: string): string[] {
  return [
    `--data-dir=${join(dir, 'etcd')}`,
    `--listen-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    // etcd requires addresses with a port, but nothing connects to those of a single member.
    '--advertise-client-urls=http://127.0.0.1:2379',
    '--initial-advertise-peer-urls=http://127.0.0.1:2380',
    '--initial-cluster=default=http://127.0.0.1:2380',
    '--unsafe-no-fsync',
    '--log-level=warn',
  ];
}

function apiServerArguments(dir: string, etcd: string, port: string): string[] {
  return [
    `--etcd-servers=${etcd}`,
    `--cert-dir=${join(dir, 'certs')}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    `--token-auth-file=${join(dir, 'tokens.csv')}`,
    `--service-account-key-file=${join(dir, 'sa.pub')}`,
    `--service-account-signing-key-file=${join(dir, 'sa.key')}`,
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    '--service-cluster-ip-range=10.0.0.0/24',
    '--authorization-mode=RBAC',
  ];
}

function controllerManagerArguments(dir: string, kubeconfig: string, caFile: string): string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    `--service-account-private-key-file=${join(dir, 'sa.key')}`,
    `--root-ca-file=${caFile}`,
    '--use-service-account-credentials=false',
    '--leader-elect=false',
    '--bind-address=127.0.0.1',
    '--secure-port=0',
  ];
}

function kubeconfigText(server: string, caFile: string, token: string): string {
  const name = 'scim-operator';
  return `${JSON.stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': name,
      clusters: [{ name, cluster: { server, 'certificate-authority': caFile } }],
      users: [{ name, user: { token } }],
      contexts: [{ name, context: { cluster: name, user: name } }],
    },
    null,
    2,
  )}\n`;
}

async function waitUntilReady(
  dir: string,
  children: Readonly<Record<string, Child>>,
  ready: () => Promise<boolean>,
): Promise<void> {
  const deadline = performance.now() + READY_DEADLINE_MS;
  while (performance.now() < deadline) {
    for (const [program, { running }] of Object.entries(children)) {
      if (running) continue;
      const log = readFileSync(join(dir, `${program}.log`), 'utf8');
      const message = `${program} exited: ${log.trimEnd().split('\n').slice(-5).join('\n')}`;
      throw log.includes('address already in use')
        ? new PortTakenError(message)
        : new Error(message);
    }
    if (await ready()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`kube-apiserver was not ready after ${READY_DEADLINE_MS / 1000} s`);
}

async function isReady(server: string, token: string, caFile: string): Promise<boolean> {
  if (!existsSync(caFile)) return false;
  const agent = new Agent({ connect: { ca: readFileSync(caFile) }, allowH2: false });
  try {
    const { statusCode, body } = await request(`${server}/readyz`, {
      dispatcher: agent,
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(2_000),
    });
    await body.dump();
    return statusCode === 200;
  } catch {
    return false;
  } finally {
    await agent.destroy();
  }
}
