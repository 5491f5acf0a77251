/** The programs of a control plane and kubectl, their versions and the cache folder. */
import { join } from 'node:path';
import { cacheFolder } from '../cache.ts';
import { requiredVersion } from '../go-program.ts';

export type Program = 'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kubectl';

const WAYS_OUT =
  'install Go 1.26 or newer to build one, set KUBEBUILDER_ASSETS to a folder with its programs, or ' +
  'set KUBECONFIG to use a cluster such as kind';
/** By what CONTROL_PLANE demands. */
const OF_CHOICES: Readonly<Record<string, string>> = {
  build: 'install Go 1.26 or newer',
  download:
    'check the network and the proxy, or set KUBERNETES_RELEASES and ETCD_RELEASES to mirrors of ' +
    'the releases',
  kind: 'install kind (https://kind.sigs.k8s.io), and start Docker or podman',
};

function wayOut(): string {
  const chosen = OF_CHOICES[process.env.CONTROL_PLANE ?? ''];
  return chosen === undefined ? WAYS_OUT : `${chosen}; without CONTROL_PLANE, other ways are tried`;
}

/** No control plane can run here. The message says what to do. */
export class ControlPlaneUnavailableError extends Error {
  override readonly name = 'ControlPlaneUnavailableError';
  readonly reason: string;

  constructor(reason: string) {
    super(`no Kubernetes control plane can run here (${reason}): ${wayOut()}`);
    this.reason = reason;
  }
}

/** A variable that chooses the control plane has a value that can't be used. */
export class ControlPlaneChoiceError extends Error {
  override readonly name = 'ControlPlaneChoiceError';
}

/** `v1.2.3`. The pinned Go modules also determine the version of the downloaded programs. */
export const kubernetesVersion = (): string =>
  requiredVersion(moduleOf('kube'), 'k8s.io/kubernetes');
export const etcdVersion = (): string =>
  requiredVersion(moduleOf('etcd'), 'go.etcd.io/etcd/server/v3');

export function programsFolder(): string {
  return cacheFolder(`kubernetes-${kubernetesVersion()}_etcd-${etcdVersion()}`);
}

/** Folder of the go.mod that pins a program. */
export const moduleOf = (module: 'kube' | 'etcd'): string => join(import.meta.dirname, module);
