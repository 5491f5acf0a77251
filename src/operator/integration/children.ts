/**
 * ServiceAccount and RoleBinding of an integration: made, corrected, and left alone where they are
 * somebody else's.
 */

import type { KubeIntegration } from '../../crd/objects.ts';
import { EVENT, REASON } from '../../crd/reasons.ts';
import { deleteIfExists, getIfExists } from '../../kube/client.ts';
import { contains, isAsDesired } from '../../kube/drift.ts';
import {
  type KubeObject,
  keyOf,
  type ResourceDefinition,
  ROLE_BINDINGS,
  SERVICE_ACCOUNTS,
} from '../../kube/resource.ts';
import type { ObjectStore } from '../../kube/store.ts';
import { applyDesired } from '../apply-desired.ts';
import type { OperatorContext } from '../context.ts';
import type { Obstacle } from '../obstacle.ts';
import { isGoing, isOurChild, isOwnedBy, whatHolds } from '../ownership.ts';
import { buildRoleBinding, buildServiceAccount } from './objects.ts';

export async function reconcileServiceAccount(
  context: OperatorContext,
  integration: KubeIntegration,
): Promise<Obstacle | undefined> {
  const desired = buildServiceAccount(integration);
  return ensureChild(
    context,
    integration,
    SERVICE_ACCOUNTS,
    context.caches.serviceAccounts,
    desired,
  );
}

/**
 * The role of a binding can't be changed, so one with another role is deleted first; but only one
 * that says itself that it goes with the integration.
 */
export async function reconcileRoleBinding(
  context: OperatorContext,
  integration: KubeIntegration,
): Promise<Obstacle | undefined> {
  const desired = buildRoleBinding(integration);
  const key = keyOf(desired);
  const cached = context.caches.roleBindings.get(key);
  if (cached && !isGoing(cached) && !contains(cached.roleRef, desired.roleRef)) {
    if (!isOwnedBy(cached, integration.metadata.uid)) return foreign(ROLE_BINDINGS, key.name);
    await deleteIfExists(context.client, ROLE_BINDINGS, key, cached.metadata.uid);
  }
  return ensureChild(context, integration, ROLE_BINDINGS, context.caches.roleBindings, desired);
}

async function ensureChild<T extends KubeObject>(
  context: OperatorContext,
  integration: KubeIntegration,
  resource: ResourceDefinition,
  cache: ObjectStore<T>,
  desired: T,
): Promise<Obstacle | undefined> {
  const { client, contentions } = context;
  const key = keyOf(desired);
  const { uid } = integration.metadata;
  const cached = cache.get(key);
  const isRight = (child: T) =>
    !isGoing(child) && isOurChild(child, integration) && isAsDesired(child, desired);
  if (cached && isRight(cached)) return contentions.settled(uid, resource, key.name);
  // The cache holds labelled objects only and may be behind: before a write the server is asked.
  const live = await getIfExists<T>(client, resource, key);
  if (live !== undefined && isGoing(live)) return goingObject(resource, live);
  if (live !== undefined && !isOurChild(live, integration)) return foreign(resource, key.name);
  if (live !== undefined && isRight(live)) return contentions.settled(uid, resource, key.name);
  const outcome = await applyDesired(context, uid, resource, live, desired);
  if (outcome === 'corrected') {
    context.events.record(integration, {
      type: 'Normal',
      reason: EVENT.DriftCorrected,
      action: 'CorrectDrift',
      note: `Corrected the ${resource.kind} ${key.name}`,
    });
  }
  return typeof outcome === 'object' ? outcome : undefined;
}

function foreign({ kind }: ResourceDefinition, name: string): Obstacle {
  return {
    reason: REASON.ObjectConflict,
    message: `${kind} ${name} exists and was not created for this integration; delete it`,
  };
}

/** It counts as gone, but nothing can take its place yet. */
export function goingObject({ kind }: ResourceDefinition, object: KubeObject): Obstacle {
  return {
    reason: REASON.ObjectConflict,
    message:
      `${kind} ${object.metadata.name} ${whatHolds(object)}; it is recreated as soon as it is ` +
      'gone',
  };
}
