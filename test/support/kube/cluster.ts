/** The cluster of the tests: the administrator's client, new namespaces, and the CRDs. */
import { randomUUID } from 'node:crypto';
import { inject } from 'vitest';
import { allCrds, scimIntegrationCrd } from '../../../src/crd/manifest.ts';
import { Client } from '../../../src/kube/client.ts';
import { Connection, loadKubeConfig } from '../../../src/kube/connection.ts';
import {
  CUSTOM_RESOURCE_DEFINITIONS,
  type KubeObject,
  NAMESPACES,
  type ResourceDefinition,
} from '../../../src/kube/resource.ts';
import { eventually } from '../eventually.ts';

export const TEST_MANAGER = 'test';

/** The default is the cluster of the test run. */
export function adminClient(kubeconfig = inject('kubeconfig')): Client {
  return new Client(new Connection(loadKubeConfig(kubeconfig)));
}

/** The UID in the records of the cluster's integrations. */
export async function clusterUid(client: Client): Promise<string> {
  const { metadata } = await client.get<KubeObject>(NAMESPACES, { name: 'kube-system' });
  return metadata.uid ?? '';
}

/** Creates a new namespace, so that tests don't affect each other. */
export async function createNamespace(
  client: Client,
  prefix: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<string> {
  const name = `${prefix}-${randomUUID().slice(0, 8)}`;
  await client.create(NAMESPACES, { metadata: { name, labels } }, TEST_MANAGER);
  return name;
}

interface Crd extends KubeObject {
  readonly spec: {
    readonly group: string;
    readonly scope: string;
    readonly names: { readonly plural: string; readonly kind: string };
    readonly versions: readonly { readonly name: string; readonly served: boolean }[];
  };
  readonly status?: { readonly conditions?: readonly { type: string; status: string }[] };
}

/** Applies all CRDs and waits until they are served. */
export async function applyCrds(client: Client): Promise<void> {
  for (const crd of allCrds()) await applyCrd(client, crd);
}

/** Applies a CRD, by default ScimIntegration, and waits until it is served. */
export async function applyCrd(
  client: Client,
  crd: KubeObject = scimIntegrationCrd(),
): Promise<Crd> {
  await client.apply(CUSTOM_RESOURCE_DEFINITIONS, crd, TEST_MANAGER);
  return eventually(async () => {
    const applied = await client.get<Crd>(CUSTOM_RESOURCE_DEFINITIONS, { name: crd.metadata.name });
    const established = applied.status?.conditions?.find(({ type }) => type === 'Established');
    if (established?.status !== 'True') throw new Error('the CRD is not established');
    // The API server serves it a moment after it says so.
    for (const resource of servedResources(applied)) await client.list(resource, { limit: 1 });
    return applied;
  });
}

function servedResources({ spec: { group, scope, names, versions } }: Crd): ResourceDefinition[] {
  const namespaced = scope === 'Namespaced';
  return versions
    .filter(({ served }) => served)
    .map(({ name: version }) => ({ group, version, ...names, namespaced }));
}
