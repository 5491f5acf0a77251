/** Wires reflectors and controllers to the directory. */
import { randomUUID } from 'node:crypto';
import type { Registry } from 'prom-client';
import type { KubeIntegration } from '../crd/integration-object.ts';
import {
  ANNOTATION_INTEGRATION_UID,
  GROUP,
  LABEL_INTEGRATION,
  LABEL_MANAGED_BY,
  MANAGED_BY,
  ROLE_NAME,
  SCIM_INTEGRATIONS,
  SCIM_TENANTS,
} from '../crd/names.ts';
import type { KubeTenant } from '../crd/tenant-object.ts';
import type { Store } from '../directory/store.ts';
import { Backoff, pause } from '../kube/backoff.ts';
import { Client } from '../kube/client.ts';
import type { Connection } from '../kube/connection.ts';
import { Controller } from '../kube/controller.ts';
import { EventRecorder } from '../kube/events.ts';
import { Manager } from '../kube/manager.ts';
import { createKubeMetrics } from '../kube/metrics.ts';
import { Reflector } from '../kube/reflector.ts';
import {
  type KubeObject,
  keyOf,
  NAMESPACES,
  type ObjectKey,
  type ResourceDefinition,
  ROLE_BINDINGS,
  ROLES,
  SECRETS,
  SERVICE_ACCOUNTS,
} from '../kube/resource.ts';
import type { Logger } from '../logger.ts';
import { ActivityCache } from './activity-cache.ts';
import { missingResources, purgeEnded } from './cleanup.ts';
import type { Caches, OperatorContext } from './context.ts';
import type { Role, RoleBinding, ServiceAccount } from './objects.ts';
import { createReconcile } from './reconcile.ts';
import { createRoleReconcile, type RoleState, type RoleStates } from './role-controller.ts';
import { createTenantController } from './tenant-controller.ts';

export interface OperatorOptions {
  readonly connection: Connection;
  readonly store: Store;
  /** Without a trailing slash. */
  readonly publicUrl: string;
  /** Between the end of an integration with deletionPolicy Delete and that of its users and groups. */
  readonly deprovisionDelayMs: number;
  readonly log: Logger;
  readonly registry: Registry;
  readonly now?: () => Date;
  /** How often records without a resource are looked for. */
  readonly sweepIntervalMs?: number;
}

export interface Operator {
  /** Returns at once; an API server that is away is waited for. */
  start(): void;
  /** Finishes what is being reconciled. */
  stop(): Promise<void>;
  /** Why the process should be started anew; undefined while everything goes on trying. */
  stuck(): string | undefined;
}

const SWEEP_INTERVAL_MS = 60_000;
const NO_TENANTS =
  'ScimTenants can not be read: only the namespace with its own name may use a tenant';
const NO_NAMESPACES =
  'namespaces can not be listed: changes of their labels are noticed within a minute or so';

export function createOperator(options: OperatorOptions): Operator {
  const { connection, log, registry } = options;
  const metrics = createKubeMetrics(registry);
  const client = new Client(connection, metrics);
  const stop = new AbortController();
  let manager: Manager | undefined;
  let running: Promise<void> | undefined;

  const run = async () => {
    const clusterUid = await readClusterUid(client, log, stop.signal);
    if (clusterUid === undefined) return;
    const built = build(options, client, metrics, clusterUid);
    manager = built.manager;
    manager.start();
    await built.sweep(stop.signal);
    await manager.stop();
    await built.events.flush();
  };
  return {
    start: () => {
      running = run();
    },
    stop: async () => {
      stop.abort();
      await running;
      await connection.close();
    },
    stuck: () => manager?.stuck(),
  };
}

/** The UID of kube-system stands for the cluster. Undefined when the signal came first. */
async function readClusterUid(
  client: Client,
  log: Logger,
  signal: AbortSignal,
): Promise<string | undefined> {
  const backoff = new Backoff(200, 10_000);
  let told = false;
  while (!signal.aborted) {
    try {
      const namespace = await client.get<KubeObject>(NAMESPACES, { name: 'kube-system' });
      if (told) log.info('Kubernetes API was reached');
      return namespace.metadata.uid;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (!told) log.warn({ reason }, 'Kubernetes API was not reached; trying again until it is');
      told = true;
      await pause(backoff.next(), signal);
    }
  }
  return undefined;
}

function build(
  options: OperatorOptions,
  client: Client,
  metrics: ReturnType<typeof createKubeMetrics>,
  clusterUid: string,
) {
  const { log } = options;
  const labelSelector = `${LABEL_MANAGED_BY}=${MANAGED_BY}`;
  const reflect = <T extends KubeObject>(resource: ResourceDefinition, more: object = {}) =>
    new Reflector<T>({ client, resource, log, metrics, ...more });
  const reflectors = {
    integrations: reflect<KubeIntegration>(SCIM_INTEGRATIONS),
    tenants: reflect<KubeTenant>(SCIM_TENANTS, { whenRefused: NO_TENANTS }),
    namespaces: reflect<KubeObject>(NAMESPACES, { metadataOnly: true, whenRefused: NO_NAMESPACES }),
    secrets: reflect<KubeObject>(SECRETS, { labelSelector, metadataOnly: true }),
    serviceAccounts: reflect<ServiceAccount>(SERVICE_ACCOUNTS, { labelSelector }),
    roles: reflect<Role>(ROLES, { labelSelector }),
    roleBindings: reflect<RoleBinding>(ROLE_BINDINGS, { labelSelector }),
  };
  const caches: Caches = {
    integrations: reflectors.integrations.store,
    tenants: reflectors.tenants.store,
    namespaces: reflectors.namespaces.store,
    secrets: reflectors.secrets.store,
    serviceAccounts: reflectors.serviceAccounts.store,
    roles: reflectors.roles.store,
    roleBindings: reflectors.roleBindings.store,
  };
  const controller = `${GROUP}/operator`;
  const events = new EventRecorder({
    client,
    controller,
    instance: `operator-${randomUUID()}`,
    log,
  });
  const now = options.now ?? (() => new Date());
  const context: OperatorContext = {
    client,
    store: options.store,
    caches,
    events,
    activity: new ActivityCache(options.store.integrations, now),
    publicUrl: options.publicUrl,
    clusterUid,
    mayReadTenants: () => !reflectors.tenants.isRefused,
    now,
  };
  const controllers = createControllers(context, log, metrics);
  return {
    events,
    manager: new Manager(Object.values(reflectors), Object.values(controllers)),
    sweep: async (signal: AbortSignal) => {
      await Promise.race([
        Promise.all(Object.values(reflectors).map(({ synced }) => synced)),
        new Promise((resolve) => signal.addEventListener('abort', resolve)),
      ]);
      while (!signal.aborted) {
        await sweep(context, controllers.integrations, options);
        await pause(options.sweepIntervalMs ?? SWEEP_INTERVAL_MS, signal);
      }
    },
  };
}

function createControllers(
  context: OperatorContext,
  log: Logger,
  metrics: ReturnType<typeof createKubeMetrics>,
) {
  const { caches } = context;
  const states = new Map<string, RoleState>();
  const roleStates: RoleStates = {
    get: (namespace) => states.get(namespace),
    set: (namespace, state) => {
      const same = JSON.stringify(states.get(namespace)) === JSON.stringify(state);
      if (state === undefined) states.delete(namespace);
      else states.set(namespace, state);
      if (same) return;
      for (const { metadata } of caches.integrations.list(namespace))
        integrations.enqueue(metadata);
    },
  };
  const enqueueRole = (namespace: string) => roles.enqueue({ namespace, name: ROLE_NAME });
  const integrations = new Controller({
    name: 'scimintegration',
    reconcile: createReconcile(context, roleStates, enqueueRole),
    log,
    metrics,
  });
  const roles = new Controller({
    name: 'scimprovisioner-role',
    reconcile: createRoleReconcile(context, roleStates),
    log,
    metrics,
  });
  caches.integrations.onChange(({ object }) => integrations.enqueue(keyOf(object)));
  for (const children of [caches.secrets, caches.serviceAccounts, caches.roleBindings]) {
    children.onChange(({ object }) => {
      for (const key of parentsOf(object, caches)) integrations.enqueue(key);
    });
  }
  caches.roles.onChange(({ object }) => enqueueRole(object.metadata.namespace ?? ''));
  const tenants = createTenantController(context, integrations, { log, metrics });
  return { integrations, roles, tenants };
}

/** By label, owner and UID, since any of them may be what drifted. */
function parentsOf({ metadata }: KubeObject, { integrations }: Caches): readonly ObjectKey[] {
  const { namespace = '', labels, ownerReferences = [] } = metadata;
  const labelled = labels?.[LABEL_INTEGRATION];
  const uids = new Set([
    ...ownerReferences.map(({ uid }) => uid),
    metadata.annotations?.[ANNOTATION_INTEGRATION_UID],
  ]);
  const known = integrations.list(namespace).filter((each) => uids.has(each.metadata.uid));
  const names = new Set(known.map((each) => each.metadata.name));
  if (labelled !== undefined) names.add(labelled);
  return [...names].map((name) => ({ namespace, name }));
}

/** What no event tells: resources deleted while nobody watched, and users whose time has come. */
async function sweep(
  context: OperatorContext,
  controller: Controller,
  { deprovisionDelayMs, log }: OperatorOptions,
): Promise<void> {
  try {
    for (const key of await missingResources(context)) controller.enqueue(key);
    await purgeEnded(context, deprovisionDelayMs, log);
  } catch (error) {
    log.warn({ err: error }, 'sweep failed and is tried again');
  }
}
