/** Builds a program of the control plane from its Go module. */
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ControlPlaneUnavailableError, kubernetesVersion, type Program } from './versions.ts';

/** @throws {ControlPlaneUnavailableError} Go is not installed, or the build failed. */
export async function buildProgram(
  program: Program,
  target: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (spawnSync('go', ['version']).status !== 0) {
    throw new ControlPlaneUnavailableError('Go is not installed');
  }
  const module = program === 'etcd' ? 'etcd' : 'kube';
  const main =
    program === 'etcd' ? 'go.etcd.io/etcd/server/v3' : `k8s.io/kubernetes/cmd/${program}`;
  const flags = `-s -w ${versionFlags()}`;
  const args = ['build', '-buildvcs=false', '-ldflags', flags, '-o', target, main];
  const child = spawn('go', args, {
    cwd: join(import.meta.dirname, module),
    env: { ...process.env, GOFLAGS: '', GOWORK: 'off' },
    stdio: ['ignore', 'inherit', 'inherit'],
    ...(signal && { signal }),
  });
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, by) => {
      if (code === 0) resolve();
      else {
        const how = by ?? code;
        reject(new ControlPlaneUnavailableError(`go build of ${program} exited with ${how}`));
      }
    });
  });
}

function versionFlags(): string {
  const version = kubernetesVersion();
  const [major, minor] = version.slice(1).split('.');
  const variable = '-X k8s.io/component-base/version';
  return `${variable}.gitVersion=${version} ${variable}.gitMajor=${major} ${variable}.gitMinor=${minor}`;
}
