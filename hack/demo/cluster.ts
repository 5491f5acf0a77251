/** The cluster of the demo: a control plane of its own, or the one of the current kubeconfig; with the CRD and the operator's permissions. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type KubeConfig, loadAllYaml } from '@kubernetes/client-node';
import { scimIntegrationCrd } from '../../src/crd/manifest.ts';
import { SCIM_INTEGRATIONS } from '../../src/crd/names.ts';
import { Client } from '../../src/kube/client.ts';
import { Connection, loadKubeConfig } from '../../src/kube/connection.ts';
import {
  CLUSTER_ROLE_BINDINGS,
  CLUSTER_ROLES,
  CUSTOM_RESOURCE_DEFINITIONS,
  type KubeObject,
  keyOf,
  NAMESPACES,
  type ResourceDefinition,
  SERVICE_ACCOUNTS,
} from '../../src/kube/resource.ts';
import { operatorManifests } from '../../src/operator/rbac.ts';
import { ControlPlaneUnavailableError } from '../control-plane/binaries.ts';
import { startControlPlane } from '../control-plane/start.ts';

const MANAGER = 'scim-operator-demo';
const NAMESPACE = 'scim-operator-system';
const NAME = 'scim-operator-demo';
const TOKEN_SECONDS = 24 * 3600;

export interface DemoCluster {
  readonly client: Client;
  /** The administrator's kubeconfig. */
  readonly kubeconfig: string;
  readonly description: string;
  stop(): Promise<void>;
}

/** Applies the CRD. */
export async function applyCrd(kubeconfig: string): Promise<void> {
  const client = new Client(new Connection(loadKubeConfig(kubeconfig)));
  await client.apply<KubeObject>(CUSTOM_RESOURCE_DEFINITIONS, scimIntegrationCrd(), MANAGER);
}

/** Starts a control plane, or with `current` uses the kubeconfig's cluster; that also where nothing can be built. */
export async function openCluster(
  current: boolean,
  log: (line: string) => void,
): Promise<DemoCluster> {
  if (current) return currentCluster();
  try {
    const controlPlane = await startControlPlane({
      controllerManager: true,
      log,
      prepare: applyCrd,
    });
    const { kubeconfig, stop } = controlPlane;
    const client = new Client(new Connection(loadKubeConfig(kubeconfig)));
    return { client, kubeconfig, description: 'a control plane of its own', stop };
  } catch (error) {
    if (!(error instanceof ControlPlaneUnavailableError) || !process.env.KUBECONFIG) throw error;
    log(`${error.message}; using the cluster that KUBECONFIG names`);
    return currentCluster();
  }
}

async function currentCluster(): Promise<DemoCluster> {
  const kubeconfig =
    process.env.KUBECONFIG?.split(':')[0] ?? join(process.env.HOME ?? '', '.kube/config');
  const config = loadKubeConfig(kubeconfig);
  const client = new Client(new Connection(config));
  await client.get(NAMESPACES, { name: 'kube-system' });
  return {
    client,
    kubeconfig,
    description: `the cluster of the context ${config.getCurrentContext()}`,
    stop: () => removeAll(client),
  };
}

/** What the demo applied, examples included; the CRD stays, since others may have resources of it. */
async function removeAll(client: Client): Promise<void> {
  const { clusterRole, clusterRoleBinding } = operatorManifests(NAMESPACE, NAME);
  const objects: [ResourceDefinition, KubeObject][] = [
    ...exampleObjects().filter(([resource]) => resource === NAMESPACES),
    [CLUSTER_ROLE_BINDINGS, clusterRoleBinding],
    [CLUSTER_ROLES, clusterRole],
    [NAMESPACES, { metadata: { name: NAMESPACE } }],
  ];
  for (const [resource, object] of objects) {
    await client.delete(resource, keyOf(object)).catch(() => undefined);
  }
}

/** The CRD, and the operator's ServiceAccount with exactly the permissions that the product ships. Answers its kubeconfig. */
export async function installOperator(cluster: DemoCluster, folder: string): Promise<string> {
  const { client } = cluster;
  await applyCrd(cluster.kubeconfig);
  await client.apply(NAMESPACES, { metadata: { name: NAMESPACE } }, MANAGER);
  const { serviceAccount, clusterRole, clusterRoleBinding } = operatorManifests(NAMESPACE, NAME);
  await client.apply(SERVICE_ACCOUNTS, serviceAccount, MANAGER);
  await client.apply(CLUSTER_ROLES, clusterRole, MANAGER);
  await client.apply(CLUSTER_ROLE_BINDINGS, clusterRoleBinding, MANAGER);
  const path = join(folder, 'operator.kubeconfig');
  const text = await serviceAccountKubeconfig(
    client,
    loadKubeConfig(cluster.kubeconfig),
    NAMESPACE,
    NAME,
  );
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

/** A kubeconfig with a token of the ServiceAccount, for the same cluster as `config`. */
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
    contexts: [{ name, context: { cluster: name, user: name } }],
  })}\n`;
}

export const EXAMPLE_FILE = 'examples/scimintegration.yaml';

function exampleObjects(): [ResourceDefinition, KubeObject][] {
  const file = join(import.meta.dirname, '..', '..', EXAMPLE_FILE);
  return (loadAllYaml(readFileSync(file, 'utf8')) as KubeObject[]).map((object) => [
    object.kind === 'Namespace' ? NAMESPACES : SCIM_INTEGRATIONS,
    object,
  ]);
}

/** Applies the example and answers the integration. The CRD may have been established a moment ago. */
export async function applyExample(client: Client, deadline: number): Promise<KubeObject> {
  for (;;) {
    try {
      let last: KubeObject | undefined;
      for (const [resource, object] of exampleObjects())
        last = await client.apply(resource, object, MANAGER);
      if (last !== undefined) return last;
      throw new Error(`${EXAMPLE_FILE} is empty`);
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
