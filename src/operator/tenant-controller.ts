/** ScimTenants: remembered in the directory, lost rights ended, their integrations told of every change, and who uses them shown. */
import { tenantOf } from '../crd/defaults.ts';
import type { KubeIntegration } from '../crd/integration-object.ts';
import { SCIM_TENANTS } from '../crd/names.ts';
import type { KubeTenant } from '../crd/tenant-object.ts';
import { Controller, type ControllerOptions, type Reconcile } from '../kube/controller.ts';
import { keyOf } from '../kube/resource.ts';
import type { Change } from '../kube/store.ts';
import type { OperatorContext } from './context.ts';
import { enforceTenancy } from './enforce-tenancy.ts';
import { isOutage } from './failure.ts';
import { bindingTenantOf } from './group-members.ts';
import { TenantIndex } from './tenant-index.ts';
import { buildTenantStatus } from './tenant-status.ts';
import { writeStatus } from './write-status.ts';

/** Many integrations of one tenant that change together are one write of its status. */
const STATUS_DELAY_MS = 1_000;
const STALE_RETRY_MS = 100;

/** Also enqueues into `integrations` what a change of a ScimTenant or of a namespace touches. */
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
      if (isOfStatusOnly(change)) return;
      const { object } = change;
      controller.enqueue(keyOf(object));
      for (const { metadata } of index.integrationsOf(object.metadata.name))
        integrations.enqueue(metadata);
    }),
    caches.namespaces.onChange(({ object }) => {
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

/** Its own write, or that of an operator of other namespaces, with whom it would otherwise write in turns for ever. */
function isOfStatusOnly({ type, object: { metadata, status } }: Change<KubeTenant>): boolean {
  return type === 'modified' && status?.observedGeneration === metadata.generation;
}

function createTenantReconcile(
  context: OperatorContext,
  integrationsOf: (tenant: string) => readonly KubeIntegration[],
): Reconcile {
  const { client, store, caches, now } = context;
  return async ({ name }) => {
    const tenant = caches.tenants.get({ name });
    const isLive = tenant !== undefined && tenant.metadata.deletionTimestamp === undefined;
    const { governed } = await store.integrations.tenantHistory(name);
    if (isLive && !governed) await store.integrations.govern(name);
    await enforceTenancy(context, name);
    if (!isLive) return {};
    const groupBindings = context.followsGroups
      ? caches.groupBindings.list().filter((each) => bindingTenantOf(each) === name)
      : undefined;
    const users = { integrations: integrationsOf(name), groupBindings };
    const status = buildTenantStatus(tenant, users, now());
    const written = await writeStatus(client, SCIM_TENANTS, tenant, status);
    return written ? {} : { requeueAfterMs: STALE_RETRY_MS };
  };
}
