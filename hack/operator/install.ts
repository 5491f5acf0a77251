/** Installs the CRDs and the operator's permissions, without the operator. */
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
  CONSOLE_RULES,
  groupBindingRules,
  OPERATOR_RULES,
  operatorManifests,
  POLICY_RULES,
} from '../../src/operator/rbac.ts';
import { applyPolicies } from './policy.ts';

/** Names the operator's ServiceAccount, namespace and ClusterRole. No real installation uses it. */
export const NAME = 'scim-operator-demo';
/** The default role of everybody who signs in. */
export const VIEWER_ROLE = `${NAME}-viewer`;
/** The ClusterRoles that the example and the console may grant. */
export const BINDABLE_ROLES: readonly string[] = ['view', 'edit', VIEWER_ROLE];
const TOKEN_SECONDS = 24 * 3600;
const MANAGER = NAME;

/** Applies the CRDs. */
export async function applyCrds(kubeconfig: string): Promise<void> {
  const client = new Client(new Connection(loadKubeConfig(kubeconfig)));
  for (const crd of allCrds())
    await client.apply<KubeObject>(CUSTOM_RESOURCE_DEFINITIONS, crd, MANAGER);
}

/**
 * Applies the CRDs, the admission policies, and a ServiceAccount with exactly the permissions that
 * the operator ships with.
 * Returns the kubeconfig of that ServiceAccount.
 */
export async function installOperator(
  cluster: { readonly client: Client; readonly kubeconfig: string },
  folder: string,
): Promise<string> {
  const { client } = cluster;
  await applyCrds(cluster.kubeconfig);
  await applyPolicies(client, NAME);
  await client.apply(NAMESPACES, { metadata: { name: NAME } }, MANAGER);
  const { serviceAccount, clusterRole, clusterRoleBinding, roles, roleBindings } =
    operatorManifests(NAME, NAME, [
      ...OPERATOR_RULES,
      ...groupBindingRules(BINDABLE_ROLES),
      ...POLICY_RULES,
      ...CONSOLE_RULES,
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
