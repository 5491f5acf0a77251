/** The status of a ScimTenant: who uses it, by what the operator last told the integrations. */
import type { KubeGroupBinding } from '../crd/group-binding-object.ts';
import type { KubeIntegration } from '../crd/integration-object.ts';
import { CONDITION, REASON } from '../crd/names.ts';
import { MAX_LISTED_INTEGRATIONS, type ScimTenantStatus } from '../crd/scim-tenant.ts';
import type { KubeTenant } from '../crd/tenant-object.ts';
import { type NewCondition, setCondition } from '../kube/conditions.ts';
import { completeCondition } from './status.ts';

/** Those that ask for a tenant, refused ones included. */
export interface TenantUsers {
  readonly integrations: readonly KubeIntegration[];
  /** Undefined where the operator doesn't follow groups. */
  readonly groupBindings: readonly KubeGroupBinding[] | undefined;
}

export function buildTenantStatus(
  { metadata, status }: KubeTenant,
  { integrations, groupBindings }: TenantUsers,
  now: Date,
): ScimTenantStatus {
  const inUse = integrations
    .filter((each) => isInUse(each, metadata.name))
    .map(({ metadata: { namespace, name } }) => ({ namespace, name }))
    .toSorted((a, b) => compare(a.namespace, b.namespace) || compare(a.name, b.name));
  const ready: NewCondition = {
    type: CONDITION.Ready,
    status: 'True',
    reason: REASON.Succeeded,
    message: 'The namespaces that it names or selects may use the tenant, and no others',
    observedGeneration: metadata.generation,
  };
  const bound = groupBindings?.filter((each) => isInUse(each, metadata.name)).length;
  const present = status?.conditions?.map(completeCondition) ?? [];
  return {
    observedGeneration: metadata.generation,
    namespaces: new Set(inUse.map(({ namespace }) => namespace)).size,
    integrations: inUse.length,
    ...(bound === undefined ? {} : { groupBindings: bound }),
    integrationRefs: inUse.slice(0, MAX_LISTED_INTEGRATIONS),
    conditions: [...setCondition(present, ready, now)],
  };
}

/** Its status has the tenant once it had a right to it. */
function isInUse(
  { metadata, status }: KubeIntegration | KubeGroupBinding,
  tenant: string,
): boolean {
  const isRefused = status?.conditions?.some(({ reason }) => reason === REASON.TenantNotAllowed);
  return metadata.deletionTimestamp === undefined && status?.tenant === tenant && !isRefused;
}

/** Not by locale: the order is the same everywhere. */
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
