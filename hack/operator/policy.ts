/** Applies the admission policy of ScimGroupBindings to a cluster. */
import { groupBindingPolicy } from '../../src/crd/group-binding-policy.ts';
import type { Client } from '../../src/kube/client.ts';
import {
  ADMISSION_POLICIES,
  ADMISSION_POLICY_BINDINGS,
  type KubeObject,
  type ResourceDefinition,
} from '../../src/kube/resource.ts';

const RESOURCES = [ADMISSION_POLICIES, ADMISSION_POLICY_BINDINGS];

/** In the order in which they are applied. */
export function policyObjects(): readonly (readonly [ResourceDefinition, KubeObject])[] {
  return groupBindingPolicy().flatMap((object) =>
    RESOURCES.filter(({ kind }) => kind === object.kind).map((each) => [each, object] as const),
  );
}

export async function applyGroupBindingPolicy(client: Client, manager: string): Promise<void> {
  for (const [resource, object] of policyObjects()) await client.apply(resource, object, manager);
}
