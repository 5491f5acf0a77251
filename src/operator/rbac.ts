/**
 * The permissions of the operator itself, as data: the chart, the demo and the tests take them from
 * here.
 */

import { SCIM_GROUP_BINDINGS, SCIM_INTEGRATIONS, SCIM_TENANTS } from '../crd/names.ts';
import { DIRECTORY_API_GROUP, PROVISIONER_RULES } from '../directory/permissions.ts';
import type { PolicyRule } from '../kube/objects.ts';
import {
  ADMISSION_POLICIES,
  ADMISSION_POLICY_BINDINGS,
  type KubeObject,
  LEASES,
  type ObjectKey,
} from '../kube/resource.ts';

/**
 * What SCIMProvisioner grants. The operator holds the same, so that Kubernetes lets it grant them
 * without `bind` or `escalate`.
 */
export const SCIM_PROVISIONER_RULES: readonly PolicyRule[] = Object.entries(PROVISIONER_RULES).map(
  ([resource, verbs]) => ({ apiGroups: [DIRECTORY_API_GROUP], resources: [resource], verbs }),
);

const WATCH = ['get', 'list', 'watch'];
/** Server-side apply creates or patches. */
const APPLY = ['create', 'patch'];

/** What the operator does in a namespace that it looks after. */
const NAMESPACE_RULES: readonly PolicyRule[] = [
  { apiGroups: [SCIM_INTEGRATIONS.group], resources: ['scimintegrations'], verbs: WATCH },
  {
    apiGroups: [SCIM_INTEGRATIONS.group],
    resources: ['scimintegrations/status'],
    verbs: ['patch'],
  },
  // OpenShift asks for it of whoever sets an owner reference.
  {
    apiGroups: [SCIM_INTEGRATIONS.group],
    resources: ['scimintegrations/finalizers'],
    verbs: ['update'],
  },
  { apiGroups: [''], resources: ['secrets'], verbs: [...WATCH, ...APPLY, 'delete'] },
  { apiGroups: [''], resources: ['serviceaccounts'], verbs: [...WATCH, ...APPLY] },
  { apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles'], verbs: [...WATCH, ...APPLY] },
  // The role of a binding is immutable: a wrong binding is deleted and recreated.
  {
    apiGroups: ['rbac.authorization.k8s.io'],
    resources: ['rolebindings'],
    verbs: [...WATCH, ...APPLY, 'delete'],
  },
  { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: APPLY },
  ...SCIM_PROVISIONER_RULES,
];

/** Optional: without it only the namespace with its own name may use a tenant. */
export const TENANT_RULES: readonly PolicyRule[] = [
  { apiGroups: [SCIM_TENANTS.group], resources: ['scimtenants'], verbs: WATCH },
  { apiGroups: [SCIM_TENANTS.group], resources: ['scimtenants/status'], verbs: ['patch'] },
];

/**
 * A CRD that is missing or ending means that its resources say nothing by being gone; an older one
 * drops fields.
 */
const DEFINITION_RULE: PolicyRule = {
  apiGroups: ['apiextensions.k8s.io'],
  resources: ['customresourcedefinitions'],
  resourceNames: [SCIM_INTEGRATIONS, SCIM_TENANTS, SCIM_GROUP_BINDINGS].map(
    ({ plural, group }) => `${plural}.${group}`,
  ),
  verbs: ['get'],
};

/** For an operator that looks after every namespace. */
export const OPERATOR_RULES: readonly PolicyRule[] = [
  ...NAMESPACE_RULES,
  ...TENANT_RULES,
  // Their UIDs tell a namespace, and the cluster (kube-system), from another of the same name;
  // ScimTenants select them by labels.
  { apiGroups: [''], resources: ['namespaces'], verbs: WATCH },
  DEFINITION_RULE,
];

/**
 * For an operator with `--watch-namespaces`, in a Role of each of them. A Role lets read the very
 * namespace that it is in.
 */
export const WATCHED_NAMESPACE_RULES: readonly PolicyRule[] = [
  ...NAMESPACE_RULES,
  { apiGroups: [''], resources: ['namespaces'], verbs: ['get'] },
];

/**
 * What such an operator needs of the cluster all the same: its identity, and whether the CRD is
 * there.
 */
export const CLUSTER_RULES: readonly PolicyRule[] = [
  { apiGroups: [''], resources: ['namespaces'], resourceNames: ['kube-system'], verbs: ['get'] },
  DEFINITION_RULE,
];
/**
 * On top, where groups are followed. Kubernetes asks for `bind` of whoever gives a role that they
 * don't have: for Roles in general, for ClusterRoles by name only.
 */
export function groupBindingRules(clusterRoles: readonly string[] = []): readonly PolicyRule[] {
  const { group, plural } = SCIM_GROUP_BINDINGS;
  const bind = { apiGroups: ['rbac.authorization.k8s.io'], verbs: ['bind'] };
  return [
    { apiGroups: [group], resources: [plural], verbs: WATCH },
    { apiGroups: [group], resources: [`${plural}/status`], verbs: ['patch'] },
    { apiGroups: [group], resources: [`${plural}/finalizers`], verbs: ['update'] },
    { ...bind, resources: ['roles'] },
    // Without names the rule would be for all of them.
    ...(clusterRoles.length > 0
      ? [{ ...bind, resources: ['clusterroles'], resourceNames: clusterRoles }]
      : []),
  ];
}

/**
 * Of the cluster, where groups are followed; optional: without it the operator can't tell whether
 * authors are kept from giving too much.
 */
export const POLICY_RULES: readonly PolicyRule[] = [
  {
    apiGroups: [ADMISSION_POLICIES.group],
    resources: [ADMISSION_POLICIES.plural, ADMISSION_POLICY_BINDINGS.plural],
    verbs: WATCH,
  },
];

/** In the operator's namespace. */
export const LEASE_NAME = 'scim-operator';

/**
 * For the Lease, in its namespace only. What doesn't exist yet has no name that a rule for `create`
 * could be held against.
 */
export const ELECTION_RULES: readonly PolicyRule[] = [
  { apiGroups: [LEASES.group], resources: [LEASES.plural], verbs: ['create'] },
  {
    apiGroups: [LEASES.group],
    resources: [LEASES.plural],
    resourceNames: [LEASE_NAME],
    verbs: ['get', 'patch'],
  },
];

type RoleObject = KubeObject & { readonly rules: readonly PolicyRule[] };

export interface OperatorManifests {
  readonly serviceAccount: KubeObject;
  readonly clusterRole: RoleObject;
  readonly clusterRoleBinding: KubeObject;
  /** For the Lease, and in each watched namespace. */
  readonly roles: readonly RoleObject[];
  readonly roleBindings: readonly KubeObject[];
}

/**
 * A ServiceAccount with exactly the permissions of an operator that looks after every namespace.
 */
export function operatorManifests(
  namespace: string,
  name: string,
  rules: readonly PolicyRule[] = OPERATOR_RULES,
  electionRules: readonly PolicyRule[] = ELECTION_RULES,
): OperatorManifests {
  const roles = [{ metadata: { namespace, name }, rules: electionRules }];
  return manifestsOf({ namespace, name }, rules, roles);
}

/**
 * A ServiceAccount with exactly the permissions of an operator that looks after `watched`, which
 * exist. `clusterRules` may have TENANT_RULES too.
 */
export function namespacedManifests(
  namespace: string,
  name: string,
  watched: readonly string[],
  {
    rules = WATCHED_NAMESPACE_RULES,
    clusterRules = CLUSTER_RULES,
  }: { readonly rules?: readonly PolicyRule[]; readonly clusterRules?: readonly PolicyRule[] } = {},
): OperatorManifests {
  const roles = watched.map((each) => ({
    metadata: { namespace: each, name: `${name}-watch` },
    rules,
  }));
  const election = { metadata: { namespace, name }, rules: ELECTION_RULES };
  return manifestsOf({ namespace, name }, clusterRules, [election, ...roles]);
}

function manifestsOf(
  { namespace, name }: Required<ObjectKey>,
  rules: readonly PolicyRule[],
  roles: readonly RoleObject[],
): OperatorManifests {
  const subjects = [{ kind: 'ServiceAccount', namespace, name }];
  const bindingOf = (kind: string, { metadata }: KubeObject) => {
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind, name: metadata.name };
    return { metadata, roleRef, subjects } as KubeObject;
  };
  const clusterRole = { metadata: { name }, rules };
  return {
    serviceAccount: { metadata: { namespace, name } },
    clusterRole,
    clusterRoleBinding: bindingOf('ClusterRole', clusterRole),
    roles,
    roleBindings: roles.map((role) => bindingOf('Role', role)),
  };
}
