/** The programs of a control plane, their versions and the cache that they are kept in. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../cache.ts';

export type Program = 'etcd' | 'kube-apiserver' | 'kube-controller-manager';

const WAYS_OUT =
  'install Go 1.26 or newer to build one, let KUBEBUILDER_ASSETS name a folder that has its programs, or let KUBECONFIG name a cluster such as kind';

/** There is no control plane to run here; the message says what to do about it. */
export class ControlPlaneUnavailableError extends Error {
  override readonly name = 'ControlPlaneUnavailableError';
  readonly reason: string;

  constructor(reason: string) {
    super(`no Kubernetes control plane to run (${reason}): ${WAYS_OUT}`);
    this.reason = reason;
  }
}

/** `v1.2.3`; the pinned Go modules decide it for the downloaded programs too. */
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
