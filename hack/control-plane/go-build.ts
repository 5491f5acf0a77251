/** Builds a program of the control plane from its Go module. */
import { buildGoProgram, GoBuildError } from '../go-program.ts';
import {
  ControlPlaneUnavailableError,
  kubernetesVersion,
  moduleOf,
  type Program,
} from './versions.ts';

/** @throws {ControlPlaneUnavailableError} Go is not installed, or the build failed. */
export async function buildProgram(
  program: Program,
  target: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const main =
    program === 'etcd' ? 'go.etcd.io/etcd/server/v3' : `k8s.io/kubernetes/cmd/${program}`;
  const module = moduleOf(program === 'etcd' ? 'etcd' : 'kube');
  try {
    await buildGoProgram({ name: program, module, main, flags: versionFlags() }, target, signal);
  } catch (error) {
    if (!(error instanceof GoBuildError)) throw error;
    throw new ControlPlaneUnavailableError(error.message);
  }
}

function versionFlags(): string {
  const version = kubernetesVersion();
  const [major, minor] = version.slice(1).split('.');
  const variable = '-X k8s.io/component-base/version';
  return `${variable}.gitVersion=${version} ${variable}.gitMajor=${major} ${variable}.gitMinor=${minor}`;
}
