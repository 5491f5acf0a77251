/** Reconciles the Role SCIMProvisioner, which the integrations of a namespace share. */

import { isPaused } from '../../crd/defaults.ts';
import { ROLE_NAME } from '../../crd/names.ts';
import { EVENT, REASON } from '../../crd/reasons.ts';
import { getIfExists } from '../../kube/client.ts';
import type { Reconcile, Result } from '../../kube/controller.ts';
import { isAsDesired } from '../../kube/drift.ts';
import { isForbidden, isNamespaceTerminating, isRefused } from '../../kube/errors.ts';
import type { Role } from '../../kube/objects.ts';
import { ROLES } from '../../kube/resource.ts';
import { applyDesired } from '../apply-desired.ts';
import type { OperatorContext } from '../context.ts';
import { isLeftToAnother } from '../directory-marks.ts';
import { OBSTACLE_RETRY_MS, type Obstacle, obstacleFrom } from '../obstacle.ts';
import { isGoing, isOurRole } from '../ownership.ts';
import { goingObject } from './children.ts';
import { buildRole } from './objects.ts';

/** The state of the Role of a namespace, for the status of its integrations. */
export type RoleState =
  | { readonly kind: 'applied'; readonly contended?: string }
  | { readonly kind: 'obstacle'; readonly obstacle: Obstacle };

export interface RoleStates {
  get(namespace: string): RoleState | undefined;
  /** Enqueues the integrations of the namespace if the state has changed. */
  set(namespace: string, state: RoleState | undefined): void;
}

export function createRoleReconcile(context: OperatorContext, states: RoleStates): Reconcile {
  return async ({ namespace = '' }) => {
    const integrations = context.caches.integrations
      .list(namespace)
      .filter((each) => !isGoing(each));
    if (integrations.length === 0) {
      // The garbage collector deletes the Role when its last owner is gone.
      states.set(namespace, undefined);
      context.contentions.forget(roleOwner(namespace));
      return {};
    }
    if (integrations.every((each) => isPaused(each) || isLeftToAnother(context, each))) return {};
    try {
      const state = await ensureRole(context, buildRole(namespace, integrations));
      states.set(namespace, state);
      return nextLook(context, namespace, state);
    } catch (error) {
      if (isNamespaceTerminating(error)) return {};
      if (isForbidden(error) || isRefused(error)) {
        states.set(namespace, { kind: 'obstacle', obstacle: obstacleFrom(error) });
      }
      if (isRefused(error)) return { requeueAfterMs: OBSTACLE_RETRY_MS };
      throw error;
    }
  };
}

function nextLook({ contentions }: OperatorContext, namespace: string, state: RoleState): Result {
  const usual = state.kind === 'obstacle' ? OBSTACLE_RETRY_MS : Number.POSITIVE_INFINITY;
  const next = Math.min(usual, contentions.nextLookMs(roleOwner(namespace)) ?? usual);
  return Number.isFinite(next) ? { requeueAfterMs: next } : {};
}

async function ensureRole(context: OperatorContext, desired: Role): Promise<RoleState> {
  const { client, caches, events, contentions } = context;
  const namespace = desired.metadata.namespace ?? '';
  const key = { namespace, name: ROLE_NAME };
  const cached = caches.roles.get(key);
  const owner = roleOwner(namespace);
  const applied = (): RoleState => {
    const [contended] = contentions.of(owner);
    return contended === undefined ? { kind: 'applied' } : { kind: 'applied', contended };
  };
  if (cached && !isGoing(cached) && isAsDesired(cached, desired)) {
    contentions.settled(owner, ROLES, ROLE_NAME);
    return applied();
  }
  const live = await getIfExists<Role>(client, ROLES, key);
  if (live !== undefined && isGoing(live))
    return { kind: 'obstacle', obstacle: goingObject(ROLES, live) };
  if (live !== undefined && !isOurRole(live)) {
    const message = `Role ${ROLE_NAME} exists and was not created for an integration; delete it`;
    return { kind: 'obstacle', obstacle: { reason: REASON.ObjectConflict, message } };
  }
  if (live !== undefined && isAsDesired(live, desired)) {
    contentions.settled(owner, ROLES, ROLE_NAME);
    return applied();
  }
  const outcome = await applyDesired(context, owner, ROLES, live, desired);
  if (typeof outcome === 'object') return { kind: 'obstacle', obstacle: outcome };
  const drifted =
    outcome === 'corrected' &&
    live !== undefined &&
    !isAsDesired(live, { ...desired, metadata: { ...live.metadata } });
  const [integration] = caches.integrations.list(namespace);
  if (drifted && integration) {
    events.record(integration, {
      type: 'Normal',
      reason: EVENT.DriftCorrected,
      action: 'CorrectDrift',
      note: `Corrected the Role ${ROLE_NAME}`,
    });
  }
  return applied();
}

/** The Role belongs to no single integration. */
const roleOwner = (namespace: string): string => `namespace ${namespace}`;
