import {
  LABEL_MANAGED_BY,
  LABEL_TOKEN,
  MANAGED_BY,
  ROLE_NAME,
  SCIM_INTEGRATIONS,
  SCIM_TENANTS,
} from '../../../src/crd/names.ts';
import { Client } from '../../../src/kube/client.ts';
import { Connection, loadKubeConfig } from '../../../src/kube/connection.ts';
import type { Reconcile, Result } from '../../../src/kube/controller.ts';
import {
  type KubeObject,
  NAMESPACES,
  type ObjectKey,
  type ResourceDefinition,
  ROLE_BINDINGS,
  ROLES,
  SECRETS,
  SERVICE_ACCOUNTS,
} from '../../../src/kube/resource.ts';
import type { ObjectStore } from '../../../src/kube/store.ts';
import { createLogger } from '../../../src/logger.ts';
import type { Caches, OperatorContext } from '../../../src/operator/context.ts';
import type { IntegrationContext } from '../../../src/operator/integration/context.ts';
import { missingResources } from '../../../src/operator/integration/end.ts';
import { createReconcile } from '../../../src/operator/integration/reconcile.ts';
import { createRoleReconcile, type RoleState } from '../../../src/operator/integration/role.ts';
import { operatorContext } from './context.ts';
import { type Lifetime, MortalClient, mortalStore } from './crashing.ts';
import type { OperatorFixture } from './fixture.ts';

const MAX_ROUNDS = 10;

export interface ProcessOptions {
  readonly now?: () => Date;
  /**
   * Changes the cluster after the caches of the first round are filled. It may update the caches.
   */
  readonly behind?: (caches: Caches) => Promise<unknown>;
}

/**
 * Reconciles the namespace until a round writes nothing or the life is over. Returns when the last
 * round asks to be repeated. The caches of the first round don't show what `behind` changes.
 */
export async function runProcess(
  fixture: OperatorFixture,
  namespace: string,
  life: Lifetime,
  { now = () => new Date(), behind }: ProcessOptions = {},
): Promise<Result> {
  const connection = new Connection(loadKubeConfig(fixture.kubeconfig));
  const client = new Client(connection);
  const context = operatorContext({
    client: new MortalClient(connection, life),
    recorder: client,
    store: mortalStore(fixture.store, life),
    now,
  });
  const [integrations, role] = reconcilers(context);
  try {
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const before = life.writes.length;
      let result: Result = {};
      await fill(context.caches, client, namespace);
      if (round === 0) await behind?.(context.caches);
      for (const key of await keysIn(context, namespace))
        result = await attempt(integrations, key, life);
      await attempt(role, { namespace, name: ROLE_NAME }, life);
      if (life.isOver || life.writes.length === before) return result;
    }
    throw new Error(`still writing after ${MAX_ROUNDS} rounds: ${life.writes.join(', ')}`);
  } finally {
    await context.events.flush();
    await connection.close();
  }
}

function reconcilers(context: IntegrationContext): readonly [Reconcile, Reconcile] {
  const states = new Map<string, RoleState>();
  const roleStates = {
    get: (namespace: string) => states.get(namespace),
    set: (namespace: string, state: RoleState | undefined) => {
      if (state === undefined) states.delete(namespace);
      else states.set(namespace, state);
    },
  };
  return [
    createReconcile(context, roleStates, () => undefined),
    createRoleReconcile(context, roleStates),
  ];
}

/** Ignores errors of a process that has died. */
async function attempt(reconcile: Reconcile, key: ObjectKey, life: Lifetime): Promise<Result> {
  try {
    return await reconcile(key, { log: createLogger('silent') });
  } catch (error) {
    if (!life.isOver) throw error;
    return {};
  }
}

async function keysIn(context: OperatorContext, namespace: string): Promise<readonly ObjectKey[]> {
  const present = context.caches.integrations.list(namespace).map(({ metadata }) => ({
    namespace,
    name: metadata.name,
  }));
  const records = await context.store.integrations.list(context.clusterUid);
  const missing = missingResources(context, records);
  return [...present, ...missing.filter((key) => key.namespace === namespace)];
}

async function fill(caches: Caches, client: Client, namespace: string): Promise<void> {
  const labelSelector = `${LABEL_MANAGED_BY}=${MANAGED_BY}`;
  const load = async <T extends KubeObject>(
    cache: ObjectStore<T>,
    resource: ResourceDefinition,
    options: object = { labelSelector },
  ) => cache.replace((await client.list<T>(resource, { namespace, ...options })).items ?? []);
  const loadAll = async <T extends KubeObject>(
    cache: ObjectStore<T>,
    resource: ResourceDefinition,
  ) => cache.replace((await client.list<T>(resource)).items ?? []);
  await Promise.all([
    loadAll(caches.tenants, SCIM_TENANTS),
    loadAll(caches.namespaces, NAMESPACES),
    load(caches.integrations, SCIM_INTEGRATIONS, {}),
    load(caches.secrets, SECRETS, { labelSelector, metadataOnly: true }),
    load(caches.existingSecrets, SECRETS, {
      labelSelector: `${LABEL_TOKEN}=true`,
      metadataOnly: true,
    }),
    load(caches.serviceAccounts, SERVICE_ACCOUNTS),
    load(caches.roles, ROLES),
    load(caches.roleBindings, ROLE_BINDINGS),
  ]);
}
