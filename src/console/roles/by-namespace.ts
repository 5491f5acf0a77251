/** Arranges the roles of a tenant's groups by namespace. Pure. */
import type { KubeGroupBinding } from '../../crd/objects.ts';
import type { RoleBinding } from '../../kube/objects.ts';
import { type GroupRole, roleGivenTo, roleOf } from './group-roles.ts';
import type { TenantRoles } from './tenant-roles.ts';

/** Who has a role: everybody of the tenant who signs in, or the members of a group. */
export type Receiver =
  | 'everybody'
  | { readonly id: string | undefined; readonly displayName: string }
  | { readonly externalId: string };

export interface GivenRole extends GroupRole {
  readonly receiver: Receiver;
}

export interface NamespaceRoles {
  readonly namespace: string;
  readonly roles: readonly GivenRole[];
}

/**
 * `everybody` is the Kubernetes group of all users of the tenant, whose groups begin with it.
 * `defaultRoles` are the ClusterRoles that it should have.
 */
export function rolesByNamespace(
  namespaces: readonly string[],
  { bindings, roleBindings }: TenantRoles,
  everybody: string | undefined,
  defaultRoles: readonly string[],
): readonly NamespaceRoles[] {
  const given =
    everybody === undefined ? [] : roleBindings.flatMap((each) => givenBy(each, everybody));
  const all = [...bindings.map(boundBy), ...given];
  const inEach = Map.groupBy(all, ({ namespace }) => namespace);
  return namespaces.map((namespace) => {
    const roles = inEach.get(namespace) ?? [];
    const missing = [...new Set(defaultRoles)]
      .filter((name) => !roles.some((each) => isDefault(each, name)))
      .map((name) => notBound(namespace, name));
    const sorted = [...roles, ...missing].toSorted((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
    return { namespace, roles: sorted };
  });
}

const isDefault = ({ receiver, role }: GivenRole, name: string): boolean =>
  receiver === 'everybody' && role.kind === 'ClusterRole' && role.name === name;

const notBound = (namespace: string, name: string): GivenRole => ({
  namespace,
  role: { kind: 'ClusterRole', name },
  receiver: 'everybody',
  binding: { kind: 'Identity provider', name: 'defaultRole' },
  state: 'ineffective',
  message:
    'The operator has not bound this role. If it stays like this, the operator may not bind it, or ' +
    'its RoleBinding has another author. The log of the operator says which.',
});

const orderOf = ({ role, binding }: GroupRole): string => [role.name, binding.name].join('\n');

function boundBy(binding: KubeGroupBinding): GivenRole {
  const { spec, status } = binding;
  const { displayName = status?.group?.displayName, externalId = '' } = spec.group;
  const receiver =
    displayName === undefined ? { externalId } : { id: status?.group?.id, displayName };
  return { ...roleOf(binding), receiver };
}

function givenBy(binding: RoleBinding, everybody: string): readonly GivenRole[] {
  return (binding.subjects ?? []).flatMap(({ kind, name }) => {
    const receiver = kind === 'Group' ? receiverOf(name, everybody) : undefined;
    const role = receiver && roleGivenTo(name, binding);
    return role === undefined || receiver === undefined ? [] : [{ ...role, receiver }];
  });
}

function receiverOf(kubernetesGroup: string, everybody: string): Receiver | undefined {
  if (kubernetesGroup === everybody) return 'everybody';
  if (!kubernetesGroup.startsWith(`${everybody}:`)) return undefined;
  return { id: undefined, displayName: kubernetesGroup.slice(everybody.length + 1) };
}
