/** The cluster of the demo, with the CRDs and the operator's permissions. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node';
import { allCrds } from '../../src/crd/manifest.ts';
import { Client } from '../../src/kube/client.ts';
import { Connection, loadKubeConfig } from '../../src/kube/connection.ts';
import {
  CLUSTER_ROLE_BINDINGS,
  CLUSTER_ROLES,
  CUSTOM_RESOURCE_DEFINITIONS,
  type KubeObject,
  NAMESPACES,
  ROLE_BINDINGS,
  ROLES,
  SERVICE_ACCOUNTS,
} from '../../src/kube/resource.ts';
import {
  groupBindingRules,
  OPERATOR_RULES,
  operatorManifests,
  POLICY_RULES,
} from '../../src/operator/rbac.ts';
import type { Source } from '../control-plane/binaries.ts';
import { startControlPlane } from '../control-plane/start.ts';
import { ControlPlaneUnavailableError } from '../control-plane/versions.ts';
import { applyGroupBindingPolicy } from '../operator/policy.ts';
import { type DemoCluster, openCurrentCluster } from './current-cluster.ts';
import type { ControlPlaneChoice } from './environment.ts';
import { MANAGER } from './examples.ts';
import { openKindCluster } from './kind-cluster.ts';

/** Names the operator's ServiceAccount, namespace and ClusterRole. No real installation uses it. */
export const NAME = 'scim-operator-demo';
/** The ClusterRoles that the example grants. */
const BINDABLE_CLUSTER_ROLES = ['view'];
const TOKEN_SECONDS = 24 * 3600;

/** Applies the CRDs. */
export async function applyCrds(kubeconfig: string): Promise<void> {
  const client = new Client(new Connection(loadKubeConfig(kubeconfig)));
  for (const crd of allCrds())
    await client.apply<KubeObject>(CUSTOM_RESOURCE_DEFINITIONS, crd, MANAGER);
}

export interface ClusterChoice {
  /** Use the cluster of the kubeconfig. */
  readonly current: boolean;
  readonly controlPlane: ControlPlaneChoice;
  /** Where the kubeconfig of a kind cluster is written. */
  readonly folder: string;
}

type Open = () => Promise<DemoCluster>;

/**
 * Opens the current cluster if it was chosen, otherwise the first of these that is available:
 * 1. a control plane with cached or official programs
 * 2. a kind cluster
 * 3. a control plane built with Go
 * 4. the cluster that KUBECONFIG names
 */
export async function openCluster(
  { current, controlPlane, folder }: ClusterChoice,
  log: (line: string) => void,
  signal: AbortSignal,
): Promise<DemoCluster> {
  if (current) return openCurrentCluster(NAME);
  const own = (source: Source) => () => openOwnCluster(source, log, signal);
  const ways: Readonly<Record<Exclude<ControlPlaneChoice, 'auto'>, Open>> = {
    download: own('download'),
    kind: () => openKindCluster(NAME, folder, log, signal),
    build: own('build'),
  };
  if (controlPlane !== 'auto') return ways[controlPlane]();
  for (const way of [ways.download, ways.kind]) {
    try {
      return await way();
    } catch (error) {
      if (!isUnavailable(error, signal)) throw error;
      log(error.reason);
    }
  }
  try {
    return await ways.build();
  } catch (error) {
    if (!isUnavailable(error, signal) || !process.env.KUBECONFIG) throw error;
    log(`${error.message}; using the cluster that KUBECONFIG names`);
    return openCurrentCluster(NAME);
  }
}

function isUnavailable(error: unknown, signal: AbortSignal): error is ControlPlaneUnavailableError {
  return error instanceof ControlPlaneUnavailableError && !signal.aborted;
}

async function openOwnCluster(
  source: Source,
  log: (line: string) => void,
  signal: AbortSignal,
): Promise<DemoCluster> {
  const { kubeconfig, stop } = await startControlPlane({
    controllerManager: true,
    log,
    signal,
    sources: [source],
    prepare: applyCrds,
  });
  const client = new Client(new Connection(loadKubeConfig(kubeconfig)));
  return { client, kubeconfig, description: 'a control plane of its own', stop };
}

/**
 * Applies the CRDs, and a ServiceAccount with exactly the permissions that the operator ships with.
 * Returns the kubeconfig of that ServiceAccount.
 */
export async function installOperator(cluster: DemoCluster, folder: string): Promise<string> {
  const { client } = cluster;
  await applyCrds(cluster.kubeconfig);
  await applyGroupBindingPolicy(client, MANAGER);
  await client.apply(NAMESPACES, { metadata: { name: NAME } }, MANAGER);
  const { serviceAccount, clusterRole, clusterRoleBinding, roles, roleBindings } =
    operatorManifests(NAME, NAME, [
      ...OPERATOR_RULES,
      ...groupBindingRules(BINDABLE_CLUSTER_ROLES),
      ...POLICY_RULES,
    ]);
  await client.apply(SERVICE_ACCOUNTS, serviceAccount, MANAGER);
  await client.apply(CLUSTER_ROLES, clusterRole, MANAGER);
  await client.apply(CLUSTER_ROLE_BINDINGS, clusterRoleBinding, MANAGER);
  for (const role of roles) await client.apply(ROLES, role, MANAGER);
  for (const binding of roleBindings) await client.apply(ROLE_BINDINGS, binding, MANAGER);
  const path = join(folder, 'operator.kubeconfig');
  const text = await serviceAccountKubeconfig(
    client,
    loadKubeConfig(cluster.kubeconfig),
    NAME,
    NAME,
  );
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

/**
 * Returns a kubeconfig for the cluster of `config`, with a token and namespace of the
 * ServiceAccount.
 */
export async function serviceAccountKubeconfig(
  client: Client,
  config: KubeConfig,
  namespace: string,
  name: string,
): Promise<string> {
  const request = { spec: { expirationSeconds: TOKEN_SECONDS } };
  const answer = await client.createSubresource<{ status: { token: string } }>(
    SERVICE_ACCOUNTS,
    { namespace, name },
    'token',
    request,
  );
  const known = config.getCurrentCluster();
  const cluster = {
    server: known?.server,
    'certificate-authority': known?.caFile,
    'certificate-authority-data': known?.caData,
    'insecure-skip-tls-verify': known?.skipTLSVerify || undefined,
    'tls-server-name': known?.tlsServerName,
  };
  return `${JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [{ name, cluster }],
    users: [{ name, user: { token: answer.status.token } }],
    contexts: [{ name, context: { cluster: name, user: name, namespace } }],
  })}\n`;
}
