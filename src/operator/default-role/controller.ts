/**
 * The controller of default roles. It is concerned with every namespace of a tenant that has a
 * default role, and with every one that had any.
 */
import { admits, type TenantNamespace, tenantNamespace } from '../../crd/tenancy.ts';
import { pause } from '../../kube/backoff.ts';
import { Controller, type ControllerOptions } from '../../kube/controller.ts';
import type { ObjectKey } from '../../kube/resource.ts';
import type { OperatorContext } from '../context.ts';
import { isOutage } from '../obstacle.ts';
import { isGoing } from '../ownership.ts';
import { type DefaultRoleOptions, tenantNamedIn } from './objects.ts';
import { createDefaultRoleReconcile, MAKER_KIND } from './reconcile.ts';

/** After the tenants' namespaces could not be looked up. */
const RETRY_MS = 2_000;
/** In case a namespace was not noticed. */
const REFRESH_MS = 600_000;

const LOOK_UP_FAILED = 'default roles could not be looked up; retrying';

interface DefaultRoleController {
  readonly controller: Controller;
  /** Notices changes of the configuration until the signal aborts. */
  follow(signal: AbortSignal): Promise<void>;
  detach(): void;
}

/** `watched` are the only namespaces that are managed; undefined for all. */
export function createDefaultRoleController(
  context: OperatorContext,
  { naming, roles, onChange }: DefaultRoleOptions,
  watched: readonly string[] | undefined,
  options: Pick<ControllerOptions, 'log' | 'metrics'>,
): DefaultRoleController {
  const { caches } = context;
  const controller = new Controller({
    ...options,
    name: 'defaultrole',
    reconcile: createDefaultRoleReconcile(context, naming, roles),
    isOutage,
  });
  const enqueueTenants = async (isMeant: (tenant: string) => boolean) => {
    const tenants = new Set(roles().map(({ tenant }) => tenant));
    const keys = [...tenants]
      .filter(isMeant)
      .flatMap((tenant) =>
        namespacesOf(context, tenant, watched).map((namespace) => ({ namespace, name: tenant })),
      );
    for (const key of [...keys, ...(await madeIn(context))])
      if (isMeant(key.name)) controller.enqueue(key);
  };
  /** Aborts when somebody who is concerned was missed since the last look at everybody began. */
  let missed = new AbortController();
  const onTenant = (tenant: string) => {
    enqueueTenants((each) => each === tenant).catch((error: unknown) => {
      options.log.warn({ err: error, tenant }, LOOK_UP_FAILED);
      missed.abort();
    });
  };
  const subscriptions = [
    caches.roleBindings.onChange(({ object }) => {
      const tenant = tenantNamedIn(object);
      const { namespace } = object.metadata;
      if (tenant !== undefined && namespace !== undefined)
        controller.enqueue({ namespace, name: tenant });
    }),
    caches.tenants.onChange(({ object }) => {
      const { name } = object.metadata;
      if (roles().some(({ tenant }) => tenant === name)) onTenant(name);
    }),
    caches.namespaces.onChange(({ object }) => {
      const namespace = object.metadata.name;
      for (const { tenant } of roles()) controller.enqueue({ namespace, name: tenant });
    }),
  ];
  const follow = async (signal: AbortSignal) => {
    while (!signal.aborted) {
      const changed = new AbortController();
      missed = new AbortController();
      const unsubscribe = onChange(() => changed.abort());
      const isDone = await enqueueTenants(() => true).then(
        () => true,
        (err: unknown) => {
          if (!signal.aborted) options.log.warn({ err }, LOOK_UP_FAILED);
          return false;
        },
      );
      // After a failure, nothing shortens the wait but a change of the configuration.
      const signals = [signal, changed.signal, ...(isDone ? [missed.signal] : [])];
      await pause(isDone ? REFRESH_MS : RETRY_MS, AbortSignal.any(signals));
      unsubscribe();
    }
  };
  const detach = () => {
    for (const unsubscribe of subscriptions) unsubscribe();
  };
  return { controller, follow, detach };
}

/** Those that this operator has bound default roles in, each with the tenant's name. */
async function madeIn({
  store,
  clusterUid,
  installation,
}: OperatorContext): Promise<readonly ObjectKey[]> {
  const makers = await store.madeObjects.makers(clusterUid, MAKER_KIND);
  return makers
    .filter(({ operator }) => operator === installation)
    .map(({ namespace, name }) => ({ namespace, name }));
}

/** The namespaces that may be allowed to use the tenant, according to the caches. */
function namespacesOf(
  { caches }: OperatorContext,
  tenant: string,
  watched: readonly string[] | undefined,
): readonly string[] {
  // Without the permission to list them, none is known.
  if (caches.namespaces.size === 0) return watched ?? [];
  const scimTenant = caches.tenants.get({ name: tenant });
  const isCandidate = (namespace: TenantNamespace) =>
    scimTenant === undefined || isGoing(scimTenant)
      ? namespace.name === tenant
      : admits(scimTenant.spec.namespaces, namespace);
  return caches.namespaces
    .list()
    .map(tenantNamespace)
    .filter(isCandidate)
    .map(({ name }) => name);
}
