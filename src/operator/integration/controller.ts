/**
 * The controllers of ScimIntegrations and their Roles. Each change of these, or of an object that
 * they own or use, enqueues them.
 */
import { ANNOTATION_INTEGRATION_UID, LABEL_INTEGRATION, ROLE_NAME } from '../../crd/names.ts';
import { Controller, type ControllerOptions } from '../../kube/controller.ts';
import { type KubeObject, keyOf, type ObjectKey, ROLES } from '../../kube/resource.ts';
import type { ObjectChange } from '../../kube/store.ts';
import type { Caches, OperatorContext } from '../context.ts';
import { isOutage } from '../obstacle.ts';
import { ReadSecrets } from '../token/read-secrets.ts';
import { ActivityCache } from './activity-cache.ts';
import type { IntegrationContext } from './context.ts';
import { createReconcile } from './reconcile.ts';
import { createRoleReconcile, type RoleState, type RoleStates } from './role.ts';
import type { SeenEnds } from './seen-ends.ts';

interface IntegrationControllerOptions extends Pick<ControllerOptions, 'log' | 'metrics'> {
  readonly seenEnds: SeenEnds;
  /** Monotonic, in milliseconds. */
  readonly clock?: (() => number) | undefined;
}

interface IntegrationControllers {
  readonly integrations: Controller;
  readonly roles: Controller;
  detach(): void;
}

/** Creates two controllers: for integrations, and for the Role that those of a namespace share. */
export function createIntegrationControllers(
  shared: OperatorContext,
  { seenEnds, clock, ...options }: IntegrationControllerOptions,
): IntegrationControllers {
  const context: IntegrationContext = {
    ...shared,
    activity: new ActivityCache(shared.store.integrations, clock),
    readSecrets: new ReadSecrets(shared.caches.secrets),
    seenEnds,
  };
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
    ...options,
    name: 'scimintegration',
    reconcile: createReconcile(context, roleStates, enqueueRole),
    isOutage,
  });
  const roles = new Controller({
    ...options,
    name: 'scimprovisioner-role',
    reconcile: createRoleReconcile(context, roleStates),
    isOutage,
  });
  const enqueueParents = ({ object }: ObjectChange<KubeObject>) => {
    for (const key of parentsOf(object, caches)) integrations.enqueue(key);
  };
  const subscriptions = [
    caches.integrations.onChange(({ object }) => integrations.enqueue(keyOf(object))),
    caches.secrets.onChange(enqueueParents),
    caches.existingSecrets.onChange(({ object }) => {
      for (const key of usersOf(object, caches)) integrations.enqueue(key);
    }),
    caches.serviceAccounts.onChange(enqueueParents),
    caches.roleBindings.onChange(enqueueParents),
    caches.roles.onChange(({ object }) => enqueueRole(object.metadata.namespace ?? '')),
    context.unlabelled.onChange(({ kind }, object) => {
      if (kind === ROLES.kind) enqueueRole(object.metadata.namespace ?? '');
      else for (const key of parentsOf(object, caches)) integrations.enqueue(key);
    }),
  ];
  const detach = () => {
    for (const unsubscribe of subscriptions) unsubscribe();
  };
  return { integrations, roles, detach };
}

/** Finds integrations by label, owner and UID, because any of them may have drifted. */
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

/** Returns the integrations whose spec names this Secret. */
function usersOf({ metadata }: KubeObject, { integrations }: Caches): readonly ObjectKey[] {
  return integrations
    .list(metadata.namespace)
    .filter(({ spec }) => spec?.token?.existingSecret?.name === metadata.name)
    .map(keyOf);
}
