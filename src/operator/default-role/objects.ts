/** Builds the RoleBinding of a default role, as a pure function, and reads its name. */
import { DEFAULT_ROLE_BINDING_PREFIX, LABEL_MANAGED_BY, MANAGED_BY } from '../../crd/names.ts';
import type { NamingRule } from '../../directory/kubernetes-names.ts';
import type { RoleBinding } from '../../kube/objects.ts';

const RBAC = 'rbac.authorization.k8s.io';

/** A ClusterRole that everybody who signs in to the tenant has in its namespaces. */
export interface DefaultRole {
  readonly tenant: string;
  readonly clusterRole: string;
}

export interface DefaultRoleOptions {
  /** Who everybody in a tenant is to Kubernetes. */
  readonly naming: NamingRule;
  /** The current ones. They may change at any time. */
  readonly roles: () => readonly DefaultRole[];
  /** Calls the listener after each change, until the returned function is called. */
  readonly onChange: (listener: () => void) => () => void;
}

/** `group` is the Kubernetes group of everybody in the tenant. */
export function buildDefaultRoleBinding(
  namespace: string,
  { tenant, clusterRole }: DefaultRole,
  group: string,
): RoleBinding {
  return {
    metadata: {
      namespace,
      name: `${prefixOf(tenant)}${clusterRole}`,
      labels: { [LABEL_MANAGED_BY]: MANAGED_BY },
    },
    roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: clusterRole },
    subjects: [{ apiGroup: RBAC, kind: 'Group', name: group }],
  };
}

const prefixOf = (tenant: string): string => `${DEFAULT_ROLE_BINDING_PREFIX}${tenant}:`;

/** The ClusterRole that the name of a RoleBinding for the tenant ends with. */
export const clusterRoleNamedIn = (name: string, tenant: string): string =>
  name.slice(prefixOf(tenant).length);

/** The tenant that the name of a RoleBinding belongs to; undefined if it has another form. */
export function tenantNamedIn({ metadata: { name } }: RoleBinding): string | undefined {
  if (!name.startsWith(DEFAULT_ROLE_BINDING_PREFIX)) return undefined;
  const rest = name.slice(DEFAULT_ROLE_BINDING_PREFIX.length);
  return /^([a-z0-9-]+):./.exec(rest)?.[1];
}
