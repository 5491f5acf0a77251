/** The status of a ScimTenant: who uses it, by what the operator last told the integrations. */

import { SCIM_TENANTS } from '../../crd/names.ts';
import type { KubeGroupBinding, KubeIntegration, KubeTenant } from '../../crd/objects.ts';
import { CONDITION, REASON, WHILE_TRUE } from '../../crd/reasons.ts';
import { MAX_LISTED_INTEGRATIONS, type ScimTenantStatus } from '../../crd/scim-tenant.ts';
import { mergeConditions, type NewCondition } from '../../kube/conditions.ts';
import { annotationNotices, terminating } from '../notices.ts';
import { isGoing } from '../ownership.ts';

/** Those that ask for a tenant, refused ones included. */
interface TenantUsers {
  readonly integrations: readonly KubeIntegration[];
  /** Undefined where the operator doesn't follow groups. */
  readonly groupBindings: readonly KubeGroupBinding[] | undefined;
  /** No namespace that exists may. */
  readonly isForNobody: boolean;
}

export function buildTenantStatus(
  tenant: KubeTenant,
  { integrations, groupBindings, isForNobody }: TenantUsers,
  now: Date,
): ScimTenantStatus {
  const { metadata } = tenant;
  const inUse = integrations
    .filter((each) => isInUse(each, metadata.name))
    .map(({ metadata: { namespace, name } }) => ({ namespace, name }))
    .toSorted((a, b) => compare(a.namespace, b.namespace) || compare(a.name, b.name));
  const bound = groupBindings?.filter((each) => isInUse(each, metadata.name)).length;
  const conditions = [
    isForNobody ? FOR_NOBODY : IN_FORCE,
    ...annotationNotices(SCIM_TENANTS.kind, metadata),
  ];
  return {
    observedGeneration: metadata.generation,
    namespaces: new Set(inUse.map(({ namespace }) => namespace)).size,
    integrations: inUse.length,
    ...(bound === undefined ? {} : { groupBindings: bound }),
    integrationRefs: inUse.slice(0, MAX_LISTED_INTEGRATIONS),
    conditions: [...mergeConditions(tenant, conditions, WHILE_TRUE, now)],
  };
}

const IN_FORCE: NewCondition = {
  type: CONDITION.Ready,
  status: 'True',
  reason: REASON.Succeeded,
  message: 'Only the namespaces that it names or selects may use the tenant',
};

/** In force as well; that may be what is wanted until a namespace is made. */
const FOR_NOBODY: NewCondition = {
  ...IN_FORCE,
  reason: REASON.NobodySelected,
  message: 'No namespace may use the tenant, because none that exists is named or selected',
};

/** Of a ScimTenant that is being deleted: it counts as gone. */
export function buildTerminatingTenantStatus(tenant: KubeTenant, now: Date): ScimTenantStatus {
  const { metadata, status } = tenant;
  const condition = terminating(metadata, 'it no longer allows the use of the tenant');
  return {
    ...status,
    observedGeneration: metadata.generation,
    conditions: [...mergeConditions(tenant, [condition], WHILE_TRUE, now)],
  };
}

/** Its status has the tenant once it had a right to it. */
function isInUse(user: KubeIntegration | KubeGroupBinding, tenant: string): boolean {
  const { status } = user;
  const isRefused = status?.conditions?.some(({ reason }) => reason === REASON.TenantNotAllowed);
  return !isGoing(user) && status?.tenant === tenant && !isRefused;
}

/** Not by locale: the order is the same everywhere. */
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
