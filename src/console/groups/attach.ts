/**
 * Attaches and detaches roles. The operator writes, after the permissions of the visitor were
 * checked: like the author of a ScimGroupBinding, they may attach only a role that they may bind.
 */
import { SCIM_GROUP_BINDINGS } from '../../crd/names.ts';
import type { KubeGroupBinding } from '../../crd/objects.ts';
import type { GroupReference } from '../../directory/store/people.ts';
import { type Client, getIfExists } from '../../kube/client.ts';
import {
  ApiError,
  isAlreadyExists,
  isForbidden,
  isResourceTypeMissing,
} from '../../kube/errors.ts';
import {
  CLUSTER_ROLES,
  type KubeObject,
  type ObjectKey,
  type ResourceDefinition,
  ROLES,
} from '../../kube/resource.ts';
import { CONSOLE_FIELD_MANAGER } from '../field-manager.ts';
import type { TenantVisit } from '../tenant-visit.ts';
import { bindingName, isNameable, roleNameFault, specFor, type WantedRole } from './binding.ts';

/** Names end with five random characters, so that a second attempt is already unlikely. */
const ATTEMPTS = 3;

type Attached = { readonly binding: KubeGroupBinding } | { readonly refused: string };

/** Throws PageError without the permission to create ScimGroupBindings in the namespace. */
export async function attachRole(
  client: Client,
  tenant: TenantVisit,
  group: GroupReference,
  wanted: WantedRole,
): Promise<Attached> {
  const { kind, name, namespace } = wanted;
  await tenant.requireAction(namespace, 'create', 'scimgroupbindings');
  const fault = roleNameFault(name);
  if (fault !== undefined) return { refused: fault };
  if (!isNameable(group.displayName))
    return { refused: 'The displayName of the group is too long for a ScimGroupBinding.' };
  const resource = kind === 'Role' ? ROLES : CLUSTER_ROLES;
  const { group: apiGroup, plural } = resource;
  const [mayBind = false] = await tenant.visit.mayEach([
    { verb: 'bind', group: apiGroup, resource: plural, namespace, name },
  ]);
  if (!mayBind)
    return {
      refused:
        `You may not grant ${kind} ${name} in ${namespace}. This requires the permission to bind ` +
        'it there. Ask an administrator of the cluster.',
    };
  const key = kind === 'Role' ? { namespace, name } : { name };
  if (!(await exists(client, resource, key)))
    return { refused: `There is no ${kind} ${name}${kind === 'Role' ? ` in ${namespace}` : ''}.` };
  try {
    return { binding: await create(client, tenant.name, group, wanted) };
  } catch (error) {
    if (isResourceTypeMissing(error))
      return { refused: 'The cluster does not know ScimGroupBindings. Install their CRD.' };
    if (error instanceof ApiError && error.code >= 400 && error.code < 500)
      return { refused: `The cluster refused the ScimGroupBinding: ${error.message}` };
    throw error;
  }
}

/** True as well if the operator may not read roles. */
async function exists(
  client: Client,
  resource: ResourceDefinition,
  key: ObjectKey,
): Promise<boolean> {
  try {
    return (await getIfExists<KubeObject>(client, resource, key)) !== undefined;
  } catch (error) {
    if (isForbidden(error)) return true;
    throw error;
  }
}

async function create(
  client: Client,
  tenant: string,
  group: GroupReference,
  wanted: WantedRole,
): Promise<KubeGroupBinding> {
  const spec = specFor(tenant, group.displayName, wanted);
  for (let attempt = 1; ; attempt++) {
    const metadata = {
      namespace: wanted.namespace,
      name: bindingName(group.displayName, wanted.name),
    };
    try {
      const object = { metadata, spec } as KubeObject;
      const made = await client.create(SCIM_GROUP_BINDINGS, object, CONSOLE_FIELD_MANAGER);
      return made as KubeGroupBinding;
    } catch (error) {
      if (attempt === ATTEMPTS || !isAlreadyExists(error)) throw error;
    }
  }
}
