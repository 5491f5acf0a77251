/** The example that the demo applies. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadAllYaml } from '@kubernetes/client-node';
import { SCIM_INTEGRATIONS } from '../../src/crd/names.ts';
import type { Client } from '../../src/kube/client.ts';
import { type KubeObject, NAMESPACES, type ResourceDefinition } from '../../src/kube/resource.ts';

/** The field manager of the demo. */
const MANAGER = 'scim-operator-demo';
export const EXAMPLE_FILE = 'examples/scimintegration.yaml';
/** Of the example, and the name of its tenant. */
export const EXAMPLE_NAMESPACE = 'acme';

/** In the order in which they are applied. */
export function exampleObjects(): [ResourceDefinition, KubeObject][] {
  const file = join(import.meta.dirname, '..', '..', EXAMPLE_FILE);
  return (loadAllYaml(readFileSync(file, 'utf8')) as KubeObject[]).map((object) => [
    object.kind === 'Namespace' ? NAMESPACES : SCIM_INTEGRATIONS,
    object,
  ]);
}

/** Applies the example and returns the integration. Retries, because the CRD may be brand new. */
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
