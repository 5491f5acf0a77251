/**
 * Decides, as a pure function, which namespace may use a tenant. The default is to deny. Otherwise,
 * anyone who may create objects in one namespace could write another tenant's directory.
 */

import { matchesLabels } from './matches-labels.ts';
import type { KubeTenant } from './objects.ts';
import { REASON, type Reason } from './reasons.ts';
import type { ScimTenantSpec } from './scim-tenant.ts';

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
  /** What the directory remembers. */
  readonly history: {
    /** UID of the namespace, in any cluster, that has the tenant under its own name. */
    readonly ownerUid: string | undefined;
    /** Whether a ScimTenant, in any cluster, has ever said who may use the tenant. */
    readonly governed: boolean;
  };
}

/** Why a namespace may not use a tenant. */
interface Refusal {
  readonly reason: Reason;
  readonly message: string;
}

export function tenantNamespace({
  metadata,
}: {
  readonly metadata: Partial<TenantNamespace> & Pick<TenantNamespace, 'name'>;
}): TenantNamespace {
  const { name, uid = '', labels = {} } = metadata;
  return { name, uid, labels };
}

/** A ScimTenant that is being deleted counts as gone. */
export function isGoverned({ scimTenant }: TenancyInput): boolean {
  return scimTenant !== undefined && scimTenant.metadata.deletionTimestamp === undefined;
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
export function checkTenancy(input: TenancyInput): Refusal | undefined {
  const { tenant, namespace, use, scimTenant, history } = input;
  if (scimTenant !== undefined && isGoverned(input)) {
    const { namespaces, bindingNamespaces = {} } = scimTenant.spec;
    const isAdmitted =
      admits(namespaces, namespace) || (use === 'bind' && admits(bindingNamespaces, namespace));
    return isAdmitted ? undefined : notAllowed(input);
  }
  if (tenant !== namespace.name) return notAllowed(input);
  if (history.governed) {
    return refusal(
      `Tenant ${tenant} was governed by a ScimTenant that is gone; ask a cluster administrator ` +
        `for a ScimTenant ${tenant} that names or selects this namespace`,
    );
  }
  if (history.ownerUid !== undefined && history.ownerUid !== namespace.uid) {
    return refusal(
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
function notAllowed({ tenant, namespace, use }: TenancyInput): Refusal {
  const field = use === 'bind' ? 'spec.bindingNamespaces or spec.namespaces' : 'spec.namespaces';
  return refusal(
    `Namespace ${namespace.name} may not use tenant ${tenant}; ask a cluster administrator to ` +
      `allow it in ${field} of the ScimTenant ${tenant}`,
  );
}

const refusal = (message: string): Refusal => ({ reason: REASON.TenantNotAllowed, message });
