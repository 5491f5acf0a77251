/** An admission rule that rejects writes of a kind in one namespace until it is removed. */
import type { Client } from '../../../src/kube/client.ts';
import {
  ADMISSION_POLICIES,
  ADMISSION_POLICY_BINDINGS,
  type KubeObject,
  type ResourceDefinition,
} from '../../../src/kube/resource.ts';
import { unique } from '../operator/fixture.ts';
import { TEST_MANAGER } from './cluster.ts';

export interface AdmissionRule {
  readonly name: string;
  remove(): Promise<void>;
}

/** Waits until the API server enforces the rule. */
export async function denyWrites(
  admin: Client,
  namespace: string,
  { group, version, plural }: ResourceDefinition,
  operations: readonly ('CREATE' | 'UPDATE' | 'DELETE')[],
): Promise<AdmissionRule> {
  const name = unique('denied');
  const rule = { apiGroups: [group], apiVersions: [version], resources: [plural], operations };
  const policy = {
    metadata: { name },
    spec: {
      matchConstraints: { resourceRules: [rule] },
      validations: [{ expression: 'false', message: 'not here' }],
    },
  } as KubeObject;
  const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': namespace } };
  const binding = {
    metadata: { name },
    spec: {
      policyName: name,
      validationActions: ['Deny'],
      matchResources: { namespaceSelector },
    },
  } as KubeObject;
  await admin.create(ADMISSION_POLICIES, policy, TEST_MANAGER);
  await admin.create(ADMISSION_POLICY_BINDINGS, binding, TEST_MANAGER);
  return {
    name,
    remove: async () => {
      await admin.delete(ADMISSION_POLICY_BINDINGS, { name });
      await admin.delete(ADMISSION_POLICIES, { name });
    },
  };
}
