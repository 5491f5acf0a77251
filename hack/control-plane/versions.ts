/** The programs of a control plane, their versions and the cache folder. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../cache.ts';

export type Program = 'etcd' | 'kube-apiserver' | 'kube-controller-manager';

const WAYS_OUT =
  'install Go 1.26 or newer to build one, set KUBEBUILDER_ASSETS to a folder with its programs, or ' +
  'set KUBECONFIG to use a cluster such as kind';

/** No control plane can run here. The message says what to do. */
export class ControlPlaneUnavailableError extends Error {
  override readonly name = 'ControlPlaneUnavailableError';
  readonly reason: string;

  constructor(reason: string) {
    super(`no Kubernetes control plane can run here (${reason}): ${WAYS_OUT}`);
    this.reason = reason;
  }
}

/** `v1.2.3`. The pinned Go modules determine the version of the downloaded programs as well. */
export const kubernetesVersion = (): string => requiredVersion('kube', 'k8s.io/kubernetes');
export const etcdVersion = (): string => requiredVersion('etcd', 'go.etcd.io/etcd/server/v3');

export function programsFolder(): string {
  return cacheFolder(`kubernetes-${kubernetesVersion()}_etcd-${etcdVersion()}`);
}

function requiredVersion(module: 'kube' | 'etcd', path: string): string {
  const text = readFileSync(join(import.meta.dirname, module, 'go.mod'), 'utf8');
  const line = text.split('\n').find((each) => each.includes(`${path} v`));
  const version = line?.split(' ').find((word) => word.startsWith('v'));
  if (version === undefined) throw new Error(`${module}/go.mod requires no ${path}`);
  return version.trim();
}
