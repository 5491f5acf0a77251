/** The cluster of the current kubeconfig. It may be in use, so existing objects are left alone. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  DEFAULT_ROLE_BINDING_PREFIX,
  LABEL_INTEGRATION,
  SCIM_GROUP_BINDINGS,
  SCIM_INTEGRATIONS,
  SCIM_TENANTS,
} from '../../src/crd/names.ts';
import { Client } from '../../src/kube/client.ts';
import { Connection, loadKubeConfig } from '../../src/kube/connection.ts';
import { isNotFound, isResourceTypeMissing } from '../../src/kube/errors.ts';
import {
  CLUSTER_ROLE_BINDINGS,
  CLUSTER_ROLES,
  type KubeObject,
  keyOf,
  keyText,
  NAMESPACES,
  type ResourceDefinition,
  ROLE_BINDINGS,
  SECRETS,
} from '../../src/kube/resource.ts';
import { administratorObjects } from '../operator/administrator.ts';
import { VIEWER_ROLE } from '../operator/install.ts';
import { policyObjects } from '../operator/policy.ts';
import { EXAMPLE_NAMESPACE, exampleObjects } from './examples.ts';

export interface DemoCluster {
  readonly client: Client;
  /** The administrator's kubeconfig. */
  readonly kubeconfig: string;
  readonly description: string;
  stop(): Promise<void>;
}

/** `name` is the name of the demo's ServiceAccount, ClusterRole, ClusterRoleBinding and namespace. */
export async function openCurrentCluster(name: string): Promise<DemoCluster> {
  const kubeconfig =
    process.env.KUBECONFIG?.split(':')[0] || join(process.env.HOME ?? '', '.kube/config');
  if (!existsSync(kubeconfig))
    throw new Error(
      `${kubeconfig} doesn't exist; set KUBECONFIG to the kubeconfig of your cluster`,
    );
  const config = loadKubeConfig(kubeconfig);
  const client = new Client(new Connection(config));
  await client.get(NAMESPACES, { name: 'kube-system' }).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`the cluster of ${kubeconfig} can't be used: ${reason}; check KUBECONFIG`);
  });
  for (const resource of [SCIM_INTEGRATIONS, SCIM_TENANTS, SCIM_GROUP_BINDINGS])
    await refuseAny(client, resource);
  const examples = exampleObjects();
  const ours: (readonly [ResourceDefinition, KubeObject])[] = [
    [NAMESPACES, { metadata: { name } }],
    [CLUSTER_ROLES, { metadata: { name } }],
    [CLUSTER_ROLE_BINDINGS, { metadata: { name } }],
    ...administratorObjects(EXAMPLE_NAMESPACE, []),
    [
      ROLE_BINDINGS,
      {
        metadata: {
          name: `${DEFAULT_ROLE_BINDING_PREFIX}${EXAMPLE_NAMESPACE}:${VIEWER_ROLE}`,
          namespace: EXAMPLE_NAMESPACE,
        },
      },
    ],
  ];
  for (const [resource, object] of [...policyObjects(name), ...examples])
    if (!(await exists(client, resource, object))) ours.push([resource, object]);
  return {
    client,
    kubeconfig,
    description: `the cluster of the context ${config.getCurrentContext()}`,
    stop: () => remove(client, ours.reverse()),
  };
}

/** The demo's operator, with its empty directory, would take over existing resources. */
async function refuseAny(client: Client, resource: ResourceDefinition): Promise<void> {
  const { items } = await client.list(resource, { limit: 1 }).catch((error: unknown) => {
    if (isResourceTypeMissing(error)) return { items: null };
    throw error;
  });
  const [first] = items ?? [];
  if (first === undefined) return;
  throw new Error(
    `this cluster contains a ${resource.kind} (${keyText(keyOf(first))}), which the demo would take ` +
      'over; use a cluster without any',
  );
}

async function exists(
  client: Client,
  resource: ResourceDefinition,
  object: KubeObject,
): Promise<boolean> {
  try {
    await client.get(resource, keyOf(object));
    return true;
  } catch (error) {
    if (isNotFound(error, object.metadata.name) || isResourceTypeMissing(error)) return false;
    throw error;
  }
}

/**
 * Keeps the CRDs, because other users may have created resources by now. An object that can't be
 * deleted doesn't prevent the deletion of the others.
 */
async function remove(
  client: Client,
  objects: readonly (readonly [ResourceDefinition, KubeObject])[],
): Promise<void> {
  for (const [resource, object] of objects) {
    if (resource === SCIM_INTEGRATIONS) await removeTokens(client, object);
    await client.delete(resource, keyOf(object)).catch(() => undefined);
  }
}

/** The operator would have deleted the tokens, but it has already stopped. */
async function removeTokens(client: Client, { metadata }: KubeObject): Promise<void> {
  const { namespace, name } = metadata;
  if (namespace === undefined) return;
  const { items } = await client
    .list(SECRETS, { namespace, labelSelector: `${LABEL_INTEGRATION}=${name}` })
    .catch(() => ({ items: null }));
  for (const secret of items ?? [])
    await client.delete(SECRETS, { namespace, name: secret.metadata.name }).catch(() => undefined);
}
