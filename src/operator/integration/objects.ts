/**
 * Builds the objects of an integration, as pure functions. The integration's labels and annotations
 * are not copied.
 */

import { childNameOf } from '../../crd/defaults.ts';
import { LABEL_MANAGED_BY, MANAGED_BY, ROLE_NAME } from '../../crd/names.ts';
import type { KubeIntegration } from '../../crd/objects.ts';
import type { Role, RoleBinding, ServiceAccount } from '../../kube/objects.ts';
import { labelsFor, ownerReference } from '../ownership.ts';
import { SCIM_PROVISIONER_RULES } from '../rbac.ts';

export function endpointOf(publicUrl: string, tenant: string, integrationId: string): string {
  return `${publicUrl}/api/v1/${tenant}/integrations/${integrationId}/scim/v2`;
}

function childMetadata(integration: KubeIntegration) {
  return {
    namespace: integration.metadata.namespace,
    name: childNameOf(integration),
    labels: labelsFor(integration.metadata.name),
    ownerReferences: [ownerReference(integration)],
  };
}

export function buildServiceAccount(integration: KubeIntegration): ServiceAccount {
  return { metadata: childMetadata(integration), automountServiceAccountToken: false };
}

export function buildRoleBinding(integration: KubeIntegration): RoleBinding {
  const { namespace } = integration.metadata;
  return {
    metadata: childMetadata(integration),
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: ROLE_NAME },
    subjects: [{ kind: 'ServiceAccount', namespace, name: childNameOf(integration) }],
  };
}

/** One per namespace. Every live integration owns it, and none controls it. */
export function buildRole(namespace: string, integrations: readonly KubeIntegration[]): Role {
  const byName = integrations.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  return {
    metadata: {
      namespace,
      name: ROLE_NAME,
      labels: { [LABEL_MANAGED_BY]: MANAGED_BY },
      ownerReferences: byName.map(ownerReference),
    },
    rules: SCIM_PROVISIONER_RULES,
  };
}
