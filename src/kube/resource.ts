/** Kubernetes objects, and the resources under which the API serves them. */

/** A resource of the API. `plural` is part of the URL. */
export interface ResourceDefinition {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
}

export interface ManagedFields {
  readonly manager: string;
  readonly operation?: string;
  readonly subresource?: string;
  readonly time?: string;
  readonly fieldsV1?: object;
}

interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly finalizers?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly managedFields?: readonly ManagedFields[];
}

export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: ObjectMeta;
}

/** Names an object; `namespace` is left out for cluster-scoped ones. */
export interface ObjectKey {
  readonly namespace?: string;
  readonly name: string;
}

export function apiVersionOf({ group, version }: ResourceDefinition): string {
  return group === '' ? version : `${group}/${version}`;
}

export function keyOf({ metadata: { namespace, name } }: KubeObject): ObjectKey {
  return namespace === undefined ? { name } : { namespace, name };
}

/** `namespace/name`, or the name alone. */
export function keyText({ namespace, name }: ObjectKey): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** Whether an object can have the name: only then is it a single segment of a path. */
export const isPathSegment = (name: string): boolean =>
  name !== '' && name !== '.' && name !== '..' && !/[/%]/.test(name);

/**
 * Returns the URL path of a collection, or of an object if `name` is given. Refuses names that no
 * object has: a DELETE without a name deletes the whole collection, and the API server decodes `%2F`
 * before it looks for subresources.
 */
export function urlPathOf(
  resource: ResourceDefinition,
  { namespace, name }: Partial<ObjectKey>,
  subresource?: string,
): string {
  for (const part of [namespace, name]) {
    if (part !== undefined && !isPathSegment(part))
      throw new TypeError(`no ${resource.kind} has the name or namespace ${JSON.stringify(part)}`);
  }
  if (name !== undefined && resource.namespaced && namespace === undefined) {
    throw new TypeError(`a ${resource.kind} without a namespace`);
  }
  const root = resource.group === '' ? '/api' : `/apis/${resource.group}`;
  const parts = [
    root,
    resource.version,
    ...(namespace === undefined ? [] : ['namespaces', encodeURIComponent(namespace)]),
    resource.plural,
    ...(name === undefined ? [] : [encodeURIComponent(name)]),
    ...(subresource === undefined ? [] : [subresource]),
  ];
  return parts.join('/');
}

const core = (plural: string, kind: string, namespaced = true): ResourceDefinition => ({
  group: '',
  version: 'v1',
  plural,
  kind,
  namespaced,
});
const rbac = (plural: string, kind: string, namespaced = true): ResourceDefinition => ({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  plural,
  kind,
  namespaced,
});

export const SECRETS = core('secrets', 'Secret');
export const SERVICE_ACCOUNTS = core('serviceaccounts', 'ServiceAccount');
export const NAMESPACES = core('namespaces', 'Namespace', false);
export const CONFIG_MAPS = core('configmaps', 'ConfigMap');
export const ROLES = rbac('roles', 'Role');
export const ROLE_BINDINGS = rbac('rolebindings', 'RoleBinding');
export const CLUSTER_ROLES = rbac('clusterroles', 'ClusterRole', false);
export const CLUSTER_ROLE_BINDINGS = rbac('clusterrolebindings', 'ClusterRoleBinding', false);
export const EVENTS: ResourceDefinition = {
  group: 'events.k8s.io',
  version: 'v1',
  plural: 'events',
  kind: 'Event',
  namespaced: true,
};
export const LEASES: ResourceDefinition = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
  namespaced: true,
};
const review = (group: string, plural: string, kind: string): ResourceDefinition => ({
  group,
  version: 'v1',
  plural,
  kind,
  namespaced: false,
});
export const SUBJECT_ACCESS_REVIEWS = review(
  'authorization.k8s.io',
  'subjectaccessreviews',
  'SubjectAccessReview',
);
export const TOKEN_REVIEWS = review('authentication.k8s.io', 'tokenreviews', 'TokenReview');
export const CUSTOM_RESOURCE_DEFINITIONS: ResourceDefinition = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
};
const admission = (plural: string, kind: string): ResourceDefinition => ({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  plural,
  kind,
  namespaced: false,
});
export const ADMISSION_POLICIES = admission(
  'validatingadmissionpolicies',
  'ValidatingAdmissionPolicy',
);
export const ADMISSION_POLICY_BINDINGS = admission(
  'validatingadmissionpolicybindings',
  'ValidatingAdmissionPolicyBinding',
);
