/** Starts the built program as users run it, in a process of its own and without a cluster. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startChild } from '../../hack/process/child.ts';
import { imageSettings } from '../../hack/process/image-settings.ts';
import { freePorts } from '../../hack/process/ports.ts';
import { isPostgres } from '../../src/directory/database-url.ts';
import type { Directory } from '../directory/directory.ts';

/** An endpoint under load. */
export interface Target {
  readonly base: string;
  readonly token: string;
}

export interface ServerProcess extends Target {
  readonly pid: number;
  /** The port of metrics and probes; undefined for the ceiling, which has none. */
  readonly ops?: string;
  /** From the start of the process to the first response to a SCIM request. */
  readonly readyMs: number;
  stop(): Promise<void>;
}

export interface ServerOptions {
  /** Where the log is written. */
  readonly folder: string;
  /** A checkout with the built program; this one by default. */
  readonly tree?: string;
  /** Options of the program besides the defaults. */
  readonly options?: readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
}

const THIS_TREE = join(import.meta.dirname, '..', '..');
const DEADLINE_MS = 60_000;

/** Nothing listens on this port. The operator of `run` tries in vain to get its Lease. */
const NO_CLUSTER = `apiVersion: v1
kind: Config
clusters: [{ name: none, cluster: { server: 'http://127.0.0.1:9' } }]
users: [{ name: none, user: {} }]
contexts: [{ name: none, context: { cluster: none, user: none, namespace: none } }]
current-context: none
`;

let started = 0;

/**
 * Starts the program as the image does: `run`, which alone can use
 * SQLite, or `server` on PostgreSQL. Everything is on as by default, except that the rate limit is
 * the highest there is.
 */
export async function startServer(
  { url, path, token }: Directory,
  { folder, tree = THIS_TREE, options = [], environment }: ServerOptions,
): Promise<ServerProcess> {
  const program = join(tree, 'dist', 'scim-operator.js');
  if (!existsSync(program)) throw new Error(`${program} is missing: run make build`);
  const [port = 0, opsPort = 0] = await freePorts(2);
  const publicUrl = `http://127.0.0.1:${port}`;
  const log = join(folder, `server-${++started}.log`);
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, NO_CLUSTER);
  const command = isPostgres(url) ? ['server'] : ['run', `--kubeconfig=${kubeconfig}`];
  const flags = [
    `--public-url=${publicUrl}`,
    '--host=127.0.0.1',
    `--port=${port}`,
    `--ops-port=${opsPort}`,
    `--database-url=${url}`,
    '--rate-limit=1000000',
    ...options,
  ];
  const image = imageSettings(tree);
  const args = [...image.options, program, ...command, ...flags];
  const begun = performance.now();
  const child = startChild(process.execPath, args, log, {
    ...process.env,
    ...image.environment,
    // The image brings its cache along.
    NODE_COMPILE_CACHE: join(folder, 'compile-cache'),
    ...environment,
  });
  const base = `${publicUrl}${path}`;
  await untilResponding({ base, token }, child, log);
  return {
    base,
    token,
    pid: child.pid,
    ops: `http://127.0.0.1:${opsPort}`,
    readyMs: performance.now() - begun,
    stop: () => child.stop('SIGTERM', 25_000),
  };
}

/** Rejects with the end of the log if the process ends, or doesn't respond before the deadline. */
export async function untilResponding(
  target: Target,
  child: { readonly running: boolean },
  log: string,
): Promise<void> {
  const begun = performance.now();
  while (!(await responds(target))) {
    if (!child.running || performance.now() - begun > DEADLINE_MS)
      throw new Error(`the server did not start:\n${readFileSync(log, 'utf8').slice(-2_000)}`);
    await pause(2);
  }
}

async function responds({ base, token }: Target): Promise<boolean> {
  try {
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(`${base}/ServiceProviderConfig`, { headers });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}
