/**
 * The permissions of the operator itself, as data, from which the chart, the demo and the tests
 * take them.
 */

import { SCIM_GROUP_BINDINGS, SCIM_INTEGRATIONS, SCIM_TENANTS } from '../crd/names.ts';
import { DIRECTORY_API_GROUP, PROVISIONER_RULES } from '../directory/permissions.ts';
import type { PolicyRule } from '../kube/objects.ts';
import {
  ADMISSION_POLICIES,
  ADMISSION_POLICY_BINDINGS,
  CLUSTER_ROLE_BINDINGS,
  CLUSTER_ROLES,
  type KubeObject,
  LEASES,
  type ObjectKey,
  SUBJECT_ACCESS_REVIEWS,
  TOKEN_REVIEWS,
} from '../kube/resource.ts';

/**
 * The permissions that SCIMProvisioner grants. The operator holds them itself, so that Kubernetes
 * lets it grant them without `bind` or `escalate`.
 */
export const SCIM_PROVISIONER_RULES: readonly PolicyRule[] = Object.entries(PROVISIONER_RULES).map(
  ([resource, verbs]) => ({ apiGroups: [DIRECTORY_API_GROUP], resources: [resource], verbs }),
);

const WATCH = ['get', 'list', 'watch'];
/** Server-side apply creates or patches. */
const APPLY = ['create', 'patch'];

/** For each namespace that the operator manages. */
const NAMESPACE_RULES: readonly PolicyRule[] = [
  { apiGroups: [SCIM_INTEGRATIONS.group], resources: ['scimintegrations'], verbs: WATCH },
  {
    apiGroups: [SCIM_INTEGRATIONS.group],
    resources: ['scimintegrations/status'],
    verbs: ['patch'],
  },
  // OpenShift requires this for setting an owner reference.
  {
    apiGroups: [SCIM_INTEGRATIONS.group],
    resources: ['scimintegrations/finalizers'],
    verbs: ['update'],
  },
  { apiGroups: [''], resources: ['secrets'], verbs: [...WATCH, ...APPLY, 'delete'] },
  { apiGroups: [''], resources: ['serviceaccounts'], verbs: [...WATCH, ...APPLY] },
  { apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles'], verbs: [...WATCH, ...APPLY] },
  // The role of a binding is immutable, so a wrong binding is deleted and recreated.
  {
    apiGroups: ['rbac.authorization.k8s.io'],
    resources: ['rolebindings'],
    verbs: [...WATCH, ...APPLY, 'delete'],
  },
  { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: APPLY },
  ...SCIM_PROVISIONER_RULES,
];

/** Optional. Without them, only the namespace of its own name may use a tenant. */
export const TENANT_RULES: readonly PolicyRule[] = [
  { apiGroups: [SCIM_TENANTS.group], resources: ['scimtenants'], verbs: WATCH },
  { apiGroups: [SCIM_TENANTS.group], resources: ['scimtenants/status'], verbs: ['patch'] },
];

/**
 * If a CRD is missing or being deleted, the absence of its resources means nothing. An older CRD
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

/** For an operator that manages every namespace. */
export const OPERATOR_RULES: readonly PolicyRule[] = [
  ...NAMESPACE_RULES,
  ...TENANT_RULES,
  // UIDs distinguish a namespace, and the cluster (kube-system), from another of the same name.
  // ScimTenants select namespaces by label.
  { apiGroups: [''], resources: ['namespaces'], verbs: WATCH },
  DEFINITION_RULE,
];

/**
 * For an operator with `--watch-namespaces`, in a Role in each of them. A Role can also permit
 * reading the namespace that it is in.
 */
export const WATCHED_NAMESPACE_RULES: readonly PolicyRule[] = [
  ...NAMESPACE_RULES,
  { apiGroups: [''], resources: ['namespaces'], verbs: ['get'] },
];

/**
 * What such an operator still needs from the cluster: its identity, and whether the CRD exists.
 */
export const CLUSTER_RULES: readonly PolicyRule[] = [
  { apiGroups: [''], resources: ['namespaces'], resourceNames: ['kube-system'], verbs: ['get'] },
  DEFINITION_RULE,
];

/**
 * Needed additionally to follow groups. Kubernetes requires `bind` for granting permissions that
 * the operator doesn't hold itself. It covers all Roles, but ClusterRoles only by name.
 */
export function groupBindingRules(clusterRoles: readonly string[] = []): readonly PolicyRule[] {
  const { group, plural } = SCIM_GROUP_BINDINGS;
  const bind = { apiGroups: ['rbac.authorization.k8s.io'], verbs: ['bind'] };
  return [
    { apiGroups: [group], resources: [plural], verbs: WATCH },
    { apiGroups: [group], resources: [`${plural}/status`], verbs: ['patch'] },
    { apiGroups: [group], resources: [`${plural}/finalizers`], verbs: ['update'] },
    { ...bind, resources: ['roles'] },
    // A rule without names would permit all of them.
    ...(clusterRoles.length > 0
      ? [{ ...bind, resources: ['clusterroles'], resourceNames: clusterRoles }]
      : []),
  ];
}

/**
 * Cluster-wide and optional, to follow groups. Without them, the operator can't tell whether
 * authors are prevented from granting too much.
 */
export const POLICY_RULES: readonly PolicyRule[] = [
  {
    apiGroups: [ADMISSION_POLICIES.group],
    resources: [ADMISSION_POLICIES.plural, ADMISSION_POLICY_BINDINGS.plural],
    verbs: WATCH,
  },
];

/**
 * Needed additionally for sign-in and the console, in each managed namespace. What people do there
 * is done by the operator, after the API server has been asked about their own permissions.
 */
export const CONSOLE_NAMESPACE_RULES: readonly PolicyRule[] = [
  {
    apiGroups: [SCIM_INTEGRATIONS.group],
    resources: [SCIM_INTEGRATIONS.plural],
    verbs: ['create', 'patch', 'delete'],
  },
  {
    apiGroups: [SCIM_GROUP_BINDINGS.group],
    resources: [SCIM_GROUP_BINDINGS.plural],
    verbs: ['get', 'list', 'create', 'delete'],
  },
];

/** The same, cluster-wide: who somebody is, what they may do, and which binding allows it. */
export const CONSOLE_CLUSTER_RULES: readonly PolicyRule[] = [
  { apiGroups: [TOKEN_REVIEWS.group], resources: [TOKEN_REVIEWS.plural], verbs: ['create'] },
  {
    apiGroups: [SUBJECT_ACCESS_REVIEWS.group],
    resources: [SUBJECT_ACCESS_REVIEWS.plural],
    verbs: ['create'],
  },
  {
    apiGroups: [CLUSTER_ROLES.group],
    resources: [CLUSTER_ROLES.plural, CLUSTER_ROLE_BINDINGS.plural],
    verbs: ['get', 'list'],
  },
];

export const CONSOLE_RULES: readonly PolicyRule[] = [
  ...CONSOLE_NAMESPACE_RULES,
  ...CONSOLE_CLUSTER_RULES,
];

/** For default roles, where they are bound. Without any, there is no rule: it would be for all. */
export const defaultRoleRules = (clusterRoles: readonly string[]): readonly PolicyRule[] =>
  clusterRoles.length === 0
    ? []
    : [
        {
          apiGroups: [CLUSTER_ROLES.group],
          resources: [CLUSTER_ROLES.plural],
          resourceNames: clusterRoles,
          verbs: ['bind'],
        },
      ];

/** In the operator's namespace. */
export const LEASE_NAME = 'scim-operator';

/**
 * For the Lease, only in its namespace. A rule for `create` can't be restricted to a name, because
 * the object doesn't exist yet.
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

/** A ServiceAccount with exactly the permissions of an operator that manages every namespace. */
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
 * A ServiceAccount with exactly the permissions of an operator that manages the namespaces
 * `watched`, which must exist. `clusterRules` may include TENANT_RULES.
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
