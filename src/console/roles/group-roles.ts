/** Which roles the groups of a tenant have, from what Kubernetes stores. Pure. */
import { bindingTenantOf } from '../../crd/defaults.ts';
import type { KubeGroupBinding } from '../../crd/objects.ts';
import { CONDITION } from '../../crd/reasons.ts';
import type { RoleBinding } from '../../kube/objects.ts';
import { fold } from '../../scim/text.ts';

interface RoleName {
  readonly kind: string;
  readonly name: string;
}

/** A role that a group has in a namespace. */
export interface GroupRole {
  readonly namespace: string;
  readonly role: RoleName;
  /** The object that gives the role. */
  readonly binding: {
    readonly kind: 'ScimGroupBinding' | 'RoleBinding' | 'Identity provider';
    readonly name: string;
  };
  readonly state: 'effective' | 'pending' | 'ineffective';
  /** Why the role is not in effect. */
  readonly message: string | undefined;
}

/** RoleBindings take effect at once, and ScimGroupBindings when the operator has applied them. */
export function roleOf(binding: KubeGroupBinding): GroupRole {
  const { metadata, spec } = binding;
  return {
    namespace: metadata.namespace,
    role: spec.roleRef,
    binding: { kind: 'ScimGroupBinding', name: metadata.name },
    ...stateOf(binding),
  };
}

function stateOf({ metadata, status }: KubeGroupBinding): Pick<GroupRole, 'state' | 'message'> {
  const ready = status?.conditions?.find(({ type }) => type === CONDITION.Ready);
  if (ready === undefined || status?.observedGeneration !== metadata.generation)
    return { state: 'pending', message: undefined };
  if (ready.status === 'True') return { state: 'effective', message: undefined };
  return { state: 'ineffective', message: ready.message };
}

/** Whether the binding is for the group: by its name, or by what the operator found. */
export function isFor(
  binding: KubeGroupBinding,
  tenant: string,
  group: { readonly id: string; readonly displayName: string },
): boolean {
  if (bindingTenantOf(binding) !== tenant) return false;
  const { displayName } = binding.spec.group;
  if (displayName !== undefined) return fold(displayName) === fold(group.displayName);
  return binding.status?.group?.id === group.id;
}

/** The role that a RoleBinding gives the Kubernetes group; undefined if it gives it none. */
export function roleGivenTo(
  kubernetesGroup: string,
  { metadata, roleRef, subjects = [] }: RoleBinding,
): GroupRole | undefined {
  const isSubject = subjects.some(({ kind, name }) => kind === 'Group' && name === kubernetesGroup);
  if (!isSubject || roleRef === undefined) return undefined;
  const { namespace = '', name } = metadata;
  return {
    namespace,
    role: { kind: roleRef.kind, name: roleRef.name },
    binding: { kind: 'RoleBinding', name },
    state: 'effective',
    message: undefined,
  };
}
