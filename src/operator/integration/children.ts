/**
 * The ServiceAccount and the RoleBinding of an integration: created, corrected, and left alone if
 * they belong to somebody else.
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
 * The role of a binding is immutable, so a binding with another role is deleted first, but only if
 * its owner reference says that it is to be deleted with the integration.
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
  // The cache only has labelled objects and may be behind, so a live read precedes any write.
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

/** For an object that counts as gone but can't be replaced yet. */
export function goingObject({ kind }: ResourceDefinition, object: KubeObject): Obstacle {
  return {
    reason: REASON.ObjectConflict,
    message:
      `${kind} ${object.metadata.name} ${whatHolds(object)}; it is recreated as soon as it is ` +
      'gone',
  };
}
