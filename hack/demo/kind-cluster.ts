/** Creates a kind cluster in Docker or podman for the demo, which deletes it on exit. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { Client } from '../../src/kube/client.ts';
import { Connection, loadKubeConfig } from '../../src/kube/connection.ts';
import { ControlPlaneUnavailableError } from '../control-plane/versions.ts';
import { ENGINE_MS, environmentOf, runningEngine } from '../kind/engine.ts';
import type { DemoCluster } from './current-cluster.ts';

/**
 * @param folder where the administrator's kubeconfig is written.
 * @throws {ControlPlaneUnavailableError} kind is not installed, no engine is running, or kind could
 *   not create the cluster.
 */
export async function openKindCluster(
  name: string,
  folder: string,
  log: (line: string) => void,
  signal: AbortSignal,
): Promise<DemoCluster> {
  await run('kind', ['version'], process.env, { timeout: ENGINE_MS });
  const engine = await runningEngine();
  if (engine === undefined) {
    throw new ControlPlaneUnavailableError('neither Docker nor podman is running');
  }
  const env = environmentOf(engine);
  const kind = (args: readonly string[], limits: Limits = {}) => run('kind', args, env, limits);
  const clusters = await kind(['get', 'clusters'], { timeout: ENGINE_MS });
  if (clusters.split('\n').includes(name)) {
    throw new Error(
      `the kind cluster ${name} already exists; stop the demo that uses it, or run: ` +
        `kind delete cluster --name ${name}`,
    );
  }
  const kubeconfig = join(folder, 'kind.kubeconfig');
  const remove = async () => {
    await kind(['delete', 'cluster', '--name', name, '--kubeconfig', kubeconfig]);
  };
  log(`creating a kind cluster in ${engine}; the first run pulls its image`);
  try {
    await kind(
      ['create', 'cluster', '--name', name, '--kubeconfig', kubeconfig, '--wait', '120s'],
      { signal },
    );
  } catch (error) {
    await remove().catch(() => undefined);
    throw error;
  }
  return {
    client: new Client(new Connection(loadKubeConfig(kubeconfig))),
    kubeconfig,
    description: `a kind cluster in ${engine}`,
    stop: remove,
  };
}

interface Limits {
  readonly timeout?: number;
  readonly signal?: AbortSignal;
}

/** Resolves with the output of the program. */
function run(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  limits: Limits,
): Promise<string> {
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'], ...limits });
  let output = '';
  let complaint = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    complaint += chunk;
  });
  return new Promise((resolve, reject) => {
    const refuse = (why: string) =>
      reject(new ControlPlaneUnavailableError(`${program} ${args[0]}: ${why}`));
    child.once('error', (error: NodeJS.ErrnoException) =>
      refuse(error.code === 'ENOENT' ? `${program} is not installed` : error.message),
    );
    child.once('close', (code, by) => {
      if (code === 0) return resolve(output);
      refuse(complaint.trim().split('\n').at(-1) || `exited with ${by ?? code}`);
    });
  });
}
