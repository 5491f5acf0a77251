/** The status of a ScimTenant: who uses it, according to the status of its users. */

import { SCIM_TENANTS } from '../../crd/names.ts';
import type { KubeGroupBinding, KubeIntegration, KubeTenant } from '../../crd/objects.ts';
import { CONDITION, REASON, WHILE_TRUE } from '../../crd/reasons.ts';
import { MAX_LISTED_INTEGRATIONS, type ScimTenantStatus } from '../../crd/scim-tenant.ts';
import { mergeConditions, type NewCondition } from '../../kube/conditions.ts';
import { annotationConditions, terminating } from '../conditions.ts';
import { isGoing } from '../ownership.ts';

/** The objects that name a tenant, including those that are refused. */
interface TenantUsers {
  readonly integrations: readonly KubeIntegration[];
  /** Undefined if the operator doesn't follow groups. */
  readonly groupBindings: readonly KubeGroupBinding[] | undefined;
  /** Whether no existing namespace may use the tenant. */
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
    ...annotationConditions(SCIM_TENANTS.kind, metadata),
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

/** Also in force, which may be intended until a namespace is created. */
const FOR_NOBODY: NewCondition = {
  ...IN_FORCE,
  reason: REASON.NobodySelected,
  message: 'No namespace may use the tenant, because none that exists is named or selected',
};

/** For a ScimTenant that is being deleted, which counts as gone. */
export function buildTerminatingTenantStatus(tenant: KubeTenant, now: Date): ScimTenantStatus {
  const { metadata, status } = tenant;
  const condition = terminating(metadata, 'it no longer allows the use of the tenant');
  return {
    ...status,
    observedGeneration: metadata.generation,
    conditions: [...mergeConditions(tenant, [condition], WHILE_TRUE, now)],
  };
}

/** The status names the tenant once the object has had a right to it. */
function isInUse(user: KubeIntegration | KubeGroupBinding, tenant: string): boolean {
  const { status } = user;
  const isRefused = status?.conditions?.some(({ reason }) => reason === REASON.TenantNotAllowed);
  return !isGoing(user) && status?.tenant === tenant && !isRefused;
}

/** Independent of the locale, so that the order is the same everywhere. */
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
