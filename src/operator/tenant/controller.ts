/**
 * The controller of ScimTenants. It records them in the directory, ends lost rights, enqueues their
 * integrations on every change, and shows in the status who uses them.
 */

import { bindingTenantOf, tenantOf } from '../../crd/defaults.ts';
import { SCIM_TENANTS } from '../../crd/names.ts';
import type { KubeIntegration, KubeTenant } from '../../crd/objects.ts';
import { CONDITION, REASON } from '../../crd/reasons.ts';
import { admits, tenantNamespace } from '../../crd/tenancy.ts';
import { completeCondition, findCondition } from '../../kube/conditions.ts';
import { Controller, type ControllerOptions, type Reconcile } from '../../kube/controller.ts';
import { type KubeObject, keyOf } from '../../kube/resource.ts';
import type { ObjectChange } from '../../kube/store.ts';
import { writeStatus } from '../../kube/write-status.ts';
import { annotationConditions } from '../conditions.ts';
import type { Caches, OperatorContext } from '../context.ts';
import { isOutage, STALE_RETRY_MS } from '../obstacle.ts';
import { FIELD_MANAGER, isGoing } from '../ownership.ts';
import { enforceTenancy } from './enforce.ts';
import { TenantIndex } from './integrations-by-tenant.ts';
import { buildTenantStatus, buildTerminatingTenantStatus } from './status.ts';

/** Combines changes of many integrations of a tenant into one write of its status. */
const STATUS_DELAY_MS = 1_000;

/** Also enqueues the integrations that a change of a ScimTenant or a namespace affects. */
export function createTenantController(
  context: OperatorContext,
  integrations: Controller,
  options: Pick<ControllerOptions, 'log' | 'metrics'>,
): { readonly controller: Controller; detach(): void } {
  const { caches } = context;
  const index = new TenantIndex(caches.integrations);
  const controller = new Controller({
    ...options,
    name: 'scimtenant',
    isOutage,
    reconcile: createTenantReconcile(context, (tenant) => index.integrationsOf(tenant)),
  });
  const subscriptions = [
    index.close,
    caches.integrations.onChange(({ object }) => {
      const name = tenantOf(object);
      if (caches.tenants.get({ name })) controller.enqueueAfter({ name }, STATUS_DELAY_MS);
    }),
    caches.groupBindings.onChange(({ object }) => {
      const name = bindingTenantOf(object);
      if (caches.tenants.get({ name })) controller.enqueueAfter({ name }, STATUS_DELAY_MS);
    }),
    caches.tenants.onChange((change) => {
      if (isStatusOnly(change)) return;
      const { object } = change;
      controller.enqueue(keyOf(object));
      for (const { metadata } of index.integrationsOf(object.metadata.name))
        integrations.enqueue(metadata);
    }),
    caches.namespaces.onChange((change) => {
      const { object } = change;
      for (const tenant of tenantsAffectedBy(change, caches))
        controller.enqueueAfter(keyOf(tenant), STATUS_DELAY_MS);
      for (const integration of caches.integrations.list(object.metadata.name)) {
        const name = tenantOf(integration);
        if (caches.tenants.get({ name })) controller.enqueue({ name });
        integrations.enqueue(integration.metadata);
      }
    }),
  ];
  const detach = () => {
    for (const unsubscribe of subscriptions) unsubscribe();
  };
  return { controller, detach };
}

/**
 * Whether the change is the operator's own write, or that of an operator of other namespaces. The
 * two would otherwise overwrite each other forever.
 */
function isStatusOnly({ type, object: { metadata, status } }: ObjectChange<KubeTenant>): boolean {
  const [condition] = annotationConditions(SCIM_TENANTS.kind, metadata);
  const told = status?.conditions?.find((each) => each.type === CONDITION.InvalidAnnotation);
  return (
    type === 'modified' &&
    status?.observedGeneration === metadata.generation &&
    told?.message === condition?.message
  );
}

const scopesOf = ({ spec }: KubeTenant) => [spec.namespaces, spec.bindingNamespaces ?? {}];

const isAdmitted = (tenant: KubeTenant, namespace: KubeObject): boolean =>
  scopesOf(tenant).some((scope) => admits(scope, tenantNamespace(namespace)));

/** If namespaces may not be listed, any name or selector is assumed to match a namespace. */
function admitsNobody(tenant: KubeTenant, { namespaces }: Caches): boolean {
  const scopes = scopesOf(tenant);
  const names = scopes.flatMap((scope) => scope.names ?? []);
  if (names.length === 0 && scopes.every(({ selector }) => selector === undefined)) return true;
  if (namespaces.size === 0 || names.some((name) => namespaces.get({ name }) !== undefined))
    return false;
  return !namespaces.list().some((each) => isAdmitted(tenant, each));
}

/** ScimTenants that matched no namespace and may now match this one, or the other way round. */
function tenantsAffectedBy(
  { type, object }: ObjectChange<KubeObject>,
  { tenants }: Caches,
): readonly KubeTenant[] {
  return tenants.list().filter((tenant) => {
    const { status } = tenant;
    const isIn = type !== 'deleted' && isAdmitted(tenant, object);
    const ready = findCondition(status?.conditions?.map(completeCondition), CONDITION.Ready);
    if (isIn) return ready?.reason === REASON.NobodySelected;
    return ready?.reason === REASON.Succeeded && status?.integrations === 0;
  });
}

function createTenantReconcile(
  context: OperatorContext,
  integrationsOf: (tenant: string) => readonly KubeIntegration[],
): Reconcile {
  const { client, store, caches, now } = context;
  return async ({ name }) => {
    const tenant = caches.tenants.get({ name });
    const isLive = tenant !== undefined && !isGoing(tenant);
    const { governed } = await store.integrations.tenantHistory(name);
    if (isLive && !governed) await store.integrations.govern(name);
    await enforceTenancy(context, name);
    if (tenant === undefined) return {};
    const groupBindings = context.followsGroups
      ? caches.groupBindings.list().filter((each) => bindingTenantOf(each) === name)
      : undefined;
    const isForNobody = admitsNobody(tenant, caches);
    const users = { integrations: integrationsOf(name), groupBindings, isForNobody };
    const status = isLive
      ? buildTenantStatus(tenant, users, now())
      : buildTerminatingTenantStatus(tenant, now());
    const written = await writeStatus(client, SCIM_TENANTS, tenant, status, FIELD_MANAGER);
    return written ? {} : { requeueAfterMs: STALE_RETRY_MS };
  };
}
