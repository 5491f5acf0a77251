/**
 * Decides, as a pure function, which namespace may use a tenant. The default is to deny. Otherwise,
 * anyone who may create objects in one namespace could write another tenant's directory.
 */

import type { KubeTenant } from '../../crd/objects.ts';
import { REASON } from '../../crd/reasons.ts';
import type { ScimTenantSpec } from '../../crd/scim-tenant.ts';
import type { TenantHistory } from '../../directory/store/integrations.ts';
import { matchesLabels } from '../../kube/label-selector.ts';
import type { KubeObject } from '../../kube/resource.ts';
import type { Obstacle } from '../obstacle.ts';
import { isGoing } from '../ownership.ts';

export interface TenantNamespace {
  readonly name: string;
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** How a namespace uses a tenant: it writes the directory, or only binds groups. */
type TenantUse = 'provision' | 'bind';

export interface TenancyInput {
  readonly tenant: string;
  readonly use: TenantUse;
  readonly namespace: TenantNamespace;
  /** The ScimTenant of the tenant's name; undefined if there is none or it may not be read. */
  readonly scimTenant: KubeTenant | undefined;
  readonly history: TenantHistory;
}

export function tenantNamespace({ metadata }: KubeObject): TenantNamespace {
  const { name, uid = '', labels = {} } = metadata;
  return { name, uid, labels };
}

/** A ScimTenant that is being deleted counts as gone. */
export function isGoverned({ scimTenant }: TenancyInput): boolean {
  return scimTenant !== undefined && !isGoing(scimTenant);
}

/**
 * Returns why the namespace may not use the tenant; undefined if it may.
 *
 * - With a ScimTenant, exactly the namespaces that it names or selects for this use may. Those that
 *   may provision may also bind.
 * - Without one, only the namespace of the tenant's own name may, unless a ScimTenant has ever
 *   governed the tenant, or another namespace of this name has used it (an earlier one, or one of
 *   another cluster). Data is never handed to another owner of a name.
 */
export function checkTenancy(input: TenancyInput): Obstacle | undefined {
  const { tenant, namespace, use, scimTenant, history } = input;
  if (scimTenant !== undefined && isGoverned(input)) {
    const { namespaces, bindingNamespaces = {} } = scimTenant.spec;
    const isAdmitted =
      admits(namespaces, namespace) || (use === 'bind' && admits(bindingNamespaces, namespace));
    return isAdmitted ? undefined : notAllowed(input);
  }
  if (tenant !== namespace.name) return notAllowed(input);
  if (history.governed) {
    return obstacle(
      `Tenant ${tenant} was governed by a ScimTenant that is gone; ask a cluster administrator ` +
        `for a ScimTenant ${tenant} that names or selects this namespace`,
    );
  }
  if (history.ownerUid !== undefined && history.ownerUid !== namespace.uid) {
    return obstacle(
      `Tenant ${tenant} belongs to another namespace of this name, an earlier one or one of ` +
        'another cluster; use another namespace, or ask a cluster administrator to allow this ' +
        `one in a ScimTenant ${tenant}`,
    );
  }
  return undefined;
}

/** Takes the union of names and selector. An absent selector selects none, an empty one all. */
export function admits(
  { names = [], selector }: ScimTenantSpec['namespaces'],
  { name, labels }: TenantNamespace,
): boolean {
  return names.includes(name) || (selector !== undefined && matchesLabels(selector, labels));
}

/** The same whether or not the tenant exists, so that nobody can find out. */
function notAllowed({ tenant, namespace, use }: TenancyInput): Obstacle {
  const field = use === 'bind' ? 'spec.bindingNamespaces or spec.namespaces' : 'spec.namespaces';
  return obstacle(
    `Namespace ${namespace.name} may not use tenant ${tenant}; ask a cluster administrator to ` +
      `allow it in ${field} of the ScimTenant ${tenant}`,
  );
}

const obstacle = (message: string): Obstacle => ({ reason: REASON.TenantNotAllowed, message });
