/** Builds and reads the RoleBindings of a ScimGroupBinding, as pure functions. */

import {
  GROUP,
  GROUP_ROLE_BINDING_PREFIX,
  LABEL_GROUP_BINDING,
  LABEL_MANAGED_BY,
  MANAGED_BY,
  SCIM_GROUP_BINDINGS,
  VERSION,
} from '../../crd/names.ts';
import type { KubeGroupBinding } from '../../crd/objects.ts';
import { contains } from '../../kube/drift.ts';
import type { RoleBinding } from '../../kube/objects.ts';
import type { OwnerReference } from '../../kube/resource.ts';
import { isOwnedBy } from '../ownership.ts';
import type { Shard } from './shards.ts';

const RBAC = 'rbac.authorization.k8s.io';

function groupBindingLabels(name: string): Record<string, string> {
  return { [LABEL_MANAGED_BY]: MANAGED_BY, [LABEL_GROUP_BINDING]: name };
}

const nameOf = ({ metadata }: KubeGroupBinding, index: number): string =>
  `${GROUP_ROLE_BINDING_PREFIX}${metadata.name}:${index}`;

/** Returns the name of the ScimGroupBinding that a RoleBinding of this name would belong to. */
export function groupBindingNamedIn(name: string): string | undefined {
  return /^scim:group:([a-z0-9-]+):(?:0|[1-9][0-9]{0,5})$/.exec(name)?.[1];
}

/** Whether it has a name that only RoleBindings of this ScimGroupBinding should have. */
export function isNamedFor({ metadata }: RoleBinding, binding: KubeGroupBinding): boolean {
  return indexOf(metadata.name, binding) !== undefined;
}

/** Without blockOwnerDeletion: deleting a ScimGroupBinding never waits. */
function ownerReference({ metadata: { name, uid } }: KubeGroupBinding): OwnerReference {
  return { apiVersion: `${GROUP}/${VERSION}`, kind: SCIM_GROUP_BINDINGS.kind, name, uid };
}

/** `subjects` are names of Kubernetes users. */
export function buildMembersBinding(
  binding: KubeGroupBinding,
  { index, subjects }: Shard,
): RoleBinding {
  const { kind, name } = binding.spec.roleRef;
  return {
    metadata: {
      namespace: binding.metadata.namespace,
      name: nameOf(binding, index),
      labels: groupBindingLabels(binding.metadata.name),
      ownerReferences: [ownerReference(binding)],
    },
    roleRef: { apiGroup: RBAC, kind, name },
    subjects: subjects.map((user) => ({ apiGroup: RBAC, kind: 'User', name: user })),
  };
}

/**
 * Whether the RoleBinding belongs to this very ScimGroupBinding, according to its owner and its
 * name. Labels don't count, because anybody may write them.
 */
export function isOfBinding(object: RoleBinding, binding: KubeGroupBinding): boolean {
  return isOwnedBy(object, binding.metadata.uid) && isNamedFor(object, binding);
}

function indexOf(name: string, binding: KubeGroupBinding): number | undefined {
  const prefix = nameOf(binding, 0).slice(0, -1);
  if (!name.startsWith(prefix)) return undefined;
  const index = name.slice(prefix.length);
  return /^(0|[1-9][0-9]{0,5})$/.test(index) ? Number(index) : undefined;
}

/** The role of a RoleBinding is immutable, so one with another role must be recreated. */
export function hasRoleOf({ roleRef }: RoleBinding, binding: KubeGroupBinding): boolean {
  return contains(roleRef, buildMembersBinding(binding, { index: 0, subjects: [] }).roleRef);
}

/** Whether it binds a subject of any kind that is not in the shard. */
export function givesMore({ subjects = [] }: RoleBinding, shard: Shard): boolean {
  const users = new Set(shard.subjects);
  return subjects.some(({ kind, name }) => kind !== 'User' || !users.has(name));
}

export function shardOf(object: RoleBinding, binding: KubeGroupBinding): Shard {
  const index = indexOf(object.metadata.name, binding) ?? 0;
  const subjects = (object.subjects ?? []).map(({ name }) => name);
  const built = buildMembersBinding(binding, { index, subjects });
  const { ownerReferences = [], labels } = built.metadata;
  const isDrifted =
    !contains(object.metadata.labels, labels) ||
    !contains(object.subjects ?? [], built.subjects) ||
    !ownerReferences.every((wanted) =>
      object.metadata.ownerReferences?.some((owner) => contains(owner, wanted)),
    );
  return { index, subjects, isDrifted };
}
