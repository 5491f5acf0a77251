/** The admission policy of ScimGroupBindings in a cluster. */
import { groupBindingPolicy } from '../../src/crd/group-binding-policy.ts';
import type { Client } from '../../src/kube/client.ts';
import type { KubeObject, ResourceDefinition } from '../../src/kube/resource.ts';

const admission = (plural: string, kind: string): ResourceDefinition => ({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  plural,
  kind,
  namespaced: false,
});
const RESOURCES = [
  admission('validatingadmissionpolicies', 'ValidatingAdmissionPolicy'),
  admission('validatingadmissionpolicybindings', 'ValidatingAdmissionPolicyBinding'),
];

export async function applyGroupBindingPolicy(client: Client, manager: string): Promise<void> {
  for (const object of groupBindingPolicy()) {
    const resource = RESOURCES.find(({ kind }) => kind === object.kind);
    if (resource) await client.apply<KubeObject>(resource, object, manager);
  }
}
