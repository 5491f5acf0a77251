/** Reads which roles the groups of a tenant have. */
import { bindingTenantOf } from '../../crd/defaults.ts';
import { LABEL_GROUP_BINDING, SCIM_GROUP_BINDINGS } from '../../crd/names.ts';
import type { KubeGroupBinding } from '../../crd/objects.ts';
import { groupSubject } from '../../directory/kubernetes-names.ts';
import type { RoleBinding } from '../../kube/objects.ts';
import { ROLE_BINDINGS } from '../../kube/resource.ts';
import type { ConsoleContext } from '../context.ts';
import { listIn, listInIfAllowed } from '../list-in.ts';
import type { TenantVisit } from '../tenant-visit.ts';
import { type GroupRole, isFor, roleGivenTo, roleOf } from './group-roles.ts';

export interface TenantRoles {
  /** The ScimGroupBindings of the tenant. */
  readonly bindings: readonly KubeGroupBinding[];
  /** RoleBindings that the operator did not create for a ScimGroupBinding. */
  readonly roleBindings: readonly RoleBinding[];
}

/** In the namespaces in which the visitor may list ScimGroupBindings. */
export async function tenantRoles(
  { client }: Pick<ConsoleContext, 'client'>,
  tenant: TenantVisit,
): Promise<TenantRoles> {
  const namespaces = await tenant.allowed('list', 'scimgroupbindings');
  const [bindings, roleBindings] = await Promise.all([
    listIn<KubeGroupBinding>(client, SCIM_GROUP_BINDINGS, namespaces),
    listInIfAllowed<RoleBinding>(client, ROLE_BINDINGS, namespaces, `!${LABEL_GROUP_BINDING}`),
  ]);
  return {
    bindings: bindings.filter((each) => bindingTenantOf(each) === tenant.name),
    roleBindings,
  };
}

/** The roles of one group, in the order of namespaces and roles. */
export function rolesOfGroup(
  { naming }: Pick<ConsoleContext, 'naming'>,
  tenant: string,
  group: { readonly id: string; readonly displayName: string },
  { bindings, roleBindings }: TenantRoles,
): readonly GroupRole[] {
  const kubernetesGroup = groupSubject(naming, tenant, group.displayName);
  const given =
    kubernetesGroup === undefined
      ? []
      : roleBindings.flatMap((each) => roleGivenTo(kubernetesGroup, each) ?? []);
  const bound = bindings.filter((each) => isFor(each, tenant, group)).map(roleOf);
  return [...bound, ...given].toSorted((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
}

const orderOf = ({ namespace, role, binding }: GroupRole): string =>
  [namespace, role.name, binding.name].join('\n');
