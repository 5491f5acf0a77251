/** The admission policies of ScimGroupBindings and of the operator itself, for a cluster. */
import { groupBindingPolicy } from '../../src/crd/group-binding-policy.ts';
import { confinementPolicies } from '../../src/crd/operator-policy.ts';
import type { Client } from '../../src/kube/client.ts';
import {
  ADMISSION_POLICIES,
  ADMISSION_POLICY_BINDINGS,
  type KubeObject,
  type ResourceDefinition,
} from '../../src/kube/resource.ts';

type PolicyObject = readonly [ResourceDefinition, KubeObject];

const RESOURCES = [ADMISSION_POLICIES, ADMISSION_POLICY_BINDINGS];

const withResources = (
  objects: readonly (KubeObject & { readonly kind: string })[],
): readonly PolicyObject[] =>
  objects.flatMap((object) =>
    RESOURCES.filter(({ kind }) => kind === object.kind).map((each) => [each, object] as const),
  );

/**
 * In the order in which they are applied. `operator` is the name of the operator's ServiceAccount
 * and of its namespace.
 */
export const policyObjects = (operator: string): readonly PolicyObject[] =>
  withResources([...groupBindingPolicy(), ...confinementOf(operator)]);

const confinementOf = (operator: string) =>
  confinementPolicies({ name: operator, user: `system:serviceaccount:${operator}:${operator}` });

export async function applyPolicies(client: Client, operator: string): Promise<void> {
  for (const [resource, object] of policyObjects(operator))
    await client.apply(resource, object, operator);
}

export async function applyGroupBindingPolicy(client: Client, manager: string): Promise<void> {
  for (const [resource, object] of withResources(groupBindingPolicy()))
    await client.apply(resource, object, manager);
}
