/** Reconciles a ScimIntegration, step by step. */

import { isPaused } from '../../crd/defaults.ts';
import { ROLE_NAME, SCIM_INTEGRATIONS } from '../../crd/names.ts';
import type { KubeIntegration } from '../../crd/objects.ts';
import { EVENT, REASON } from '../../crd/reasons.ts';
import type { ScimIntegrationStatus } from '../../crd/scim-integration.ts';
import type { IntegrationRecord } from '../../directory/store/integrations.ts';
import type { Reconcile, Result } from '../../kube/controller.ts';
import {
  isAlreadyExists,
  isConflict,
  isForbidden,
  isNamespaceTerminating,
  isRefused,
} from '../../kube/errors.ts';
import { keyText, type ObjectKey } from '../../kube/resource.ts';
import { writeStatus } from '../../kube/write-status.ts';
import type { Logger } from '../../logger.ts';
import type { OperatorContext } from '../context.ts';
import { isLeftToAnother } from '../directory-marks.ts';
import { type Obstacle, obstacleFrom, STALE_RETRY_MS } from '../obstacle.ts';
import { FIELD_MANAGER, isGoing, isOwnedBy } from '../ownership.ts';
import { reconcileToken } from '../token/reconcile.ts';
import { authorise } from './authorise.ts';
import { reconcileRoleBinding, reconcileServiceAccount } from './children.ts';
import type { IntegrationContext } from './context.ts';
import { endIntegration, endPredecessor } from './end.ts';
import { nextLookMs, refusedLookMs } from './next-look.ts';
import { endpointOf } from './objects.ts';
import type { RoleStates } from './role.ts';
import { buildStatus, buildTerminatingStatus, type Findings } from './status.ts';

export function createReconcile(
  context: IntegrationContext,
  roles: RoleStates,
  enqueueRole: (namespace: string) => void,
): Reconcile {
  return async (key, { log }) => {
    const integration = context.caches.integrations.get(key);
    if (integration === undefined && !context.sees(key.namespace ?? '')) return {};
    if (integration === undefined || isGoing(integration)) {
      enqueueRole(key.namespace ?? '');
      return end(context, key, integration, log);
    }
    if (isLeftToAnother(context, integration)) return {};
    return reconcileLiving(context, integration, roles, enqueueRole, log);
  };
}

async function reconcileLiving(
  context: IntegrationContext,
  integration: KubeIntegration,
  roles: RoleStates,
  enqueueRole: (namespace: string) => void,
  log: Logger,
): Promise<Result> {
  const { findings, error } = await work(context, integration, roles, enqueueRole, log);
  if (isNamespaceTerminating(error)) return {};
  if (isConflict(error) || isAlreadyExists(error)) return { requeueAfterMs: STALE_RETRY_MS };
  const status = buildStatus(integration, findings, context.now());
  const written = await writeOwnStatus(context, integration, status);
  if (isRefused(error)) return { requeueAfterMs: refusedLookMs(context, findings) };
  if (error !== undefined) throw error;
  if (!written) return { requeueAfterMs: STALE_RETRY_MS };
  return { requeueAfterMs: nextLookMs(context, integration.metadata.uid, findings) };
}

/** A finalizer may hold a resource with a deletionTimestamp for a long time. */
async function end(
  context: IntegrationContext,
  key: ObjectKey,
  integration: KubeIntegration | undefined,
  log: Logger,
): Promise<Result> {
  context.unwritable.delete(keyText(key));
  const isLeft = integration !== undefined && isLeftToAnother(context, integration);
  if (!isLeft) context.marks.forget(SCIM_INTEGRATIONS.kind, key);
  if (integration !== undefined) context.contentions.forget(integration.metadata.uid);
  const result = await endIntegration(context, key, integration, log);
  // If another installation took over, this record is a remnant, and the status is no longer ours.
  if (integration === undefined || isLeft) return result;
  const hasEnded = result.requeueAfterMs === undefined;
  const status = buildTerminatingStatus(integration, hasEnded, context.now());
  const written = await writeStatus(
    context.client,
    SCIM_INTEGRATIONS,
    integration,
    status,
    FIELD_MANAGER,
  );
  return written ? result : { requeueAfterMs: STALE_RETRY_MS };
}

/** If the status may not be written, no condition can say so, and the probes must. */
async function writeOwnStatus(
  { client, unwritable, marks }: OperatorContext,
  integration: KubeIntegration,
  status: ScimIntegrationStatus,
): Promise<boolean> {
  const key = keyText(integration.metadata);
  try {
    const written = await writeStatus(
      client,
      SCIM_INTEGRATIONS,
      integration,
      status,
      FIELD_MANAGER,
    );
    unwritable.delete(key);
    if (written) marks.hold(integration);
    return written;
  } catch (error) {
    if (isForbidden(error)) unwritable.add(key);
    throw error;
  }
}

/** The failure of a step is kept for the status. The following steps run nevertheless. */
async function work(
  context: IntegrationContext,
  integration: KubeIntegration,
  roles: RoleStates,
  enqueueRole: (namespace: string) => void,
  log: Logger,
): Promise<{ findings: Findings; error: unknown }> {
  const { namespace } = integration.metadata;
  let findings: Findings = { directory: context.marks.ours };
  let error: unknown;
  const step = async (run: () => Promise<Findings>) => {
    try {
      findings = { ...findings, ...(await run()) };
    } catch (thrown) {
      error ??= thrown;
      findings = { ...findings, failure: findings.failure ?? obstacleFrom(thrown) };
    }
  };

  await step(async () => {
    await endPredecessor(context, integration, log);
    return {};
  });
  // This integration must not get what its predecessor left behind.
  if (error !== undefined) return { findings, error };
  let record: IntegrationRecord | undefined;
  await step(async () => {
    const authorisation = await authorise(context, integration);
    record = authorisation.record;
    return { stalled: authorisation.stalled };
  });
  if (findings.stalled) announce(context, integration, findings.stalled);
  if (record === undefined) return { findings, error };
  const { id, tenant, allowed } = record;
  // Without a right nothing is created, but a token whose Secret is gone is still revoked.
  const paused = isPaused(integration) || !allowed;
  const endpoint = endpointOf(context.publicUrl, tenant, id);
  await step(async () => ({
    integrationId: id,
    endpoint,
    token: await reconcileToken(
      { context, readSecrets: context.readSecrets, integration, integrationId: id, paused },
      endpoint,
    ),
  }));
  const failed = findings.token?.error;
  if (failed !== undefined) {
    error ??= failed;
    findings = { ...findings, failure: findings.failure ?? obstacleFrom(failed) };
  }
  if (!paused) {
    await step(async () => ({ rbac: await reconcileRbac(context, integration, roles) }));
    enqueueRole(namespace);
  }
  await step(async () => ({
    activity: await context.activity.read(id),
    contended: contendedOf(context, integration, roles),
  }));
  if (findings.token?.kind === 'obstacle') announce(context, integration, findings.token.obstacle);
  const [message] = findings.contended ?? [];
  if (message) announce(context, integration, { reason: REASON.ChangedByOthers, message });
  return { findings, error };
}

/** For its own objects, and for the Role that it shares. */
function contendedOf(
  { contentions }: OperatorContext,
  { metadata }: KubeIntegration,
  roles: RoleStates,
): readonly string[] {
  const role = roles.get(metadata.namespace);
  const own = contentions.of(metadata.uid);
  if (role?.kind === 'applied') return role.contended ? [...own, role.contended] : own;
  const shared = role?.obstacle;
  return shared?.reason === REASON.ChangedByOthers ? [...own, shared.message] : own;
}

/** The API server accepts a binding only if its role exists. */
async function reconcileRbac(
  context: OperatorContext,
  integration: KubeIntegration,
  roles: RoleStates,
): Promise<NonNullable<Findings['rbac']>> {
  try {
    const obstacle = await reconcileServiceAccount(context, integration);
    if (obstacle !== undefined) return obstacle;
    const state = roles.get(integration.metadata.namespace);
    if (state?.kind === 'obstacle') return state.obstacle;
    if (state === undefined && !ownsRole(context, integration)) return 'pending';
    return (await reconcileRoleBinding(context, integration)) ?? 'applied';
  } catch (error) {
    if (isForbidden(error) || isRefused(error)) return obstacleFrom(error);
    throw error;
  }
}

/** After a start, the cache has the Role before the Role's controller has reconciled it. */
function ownsRole({ caches }: OperatorContext, { metadata }: KubeIntegration): boolean {
  const role = caches.roles.get({ namespace: metadata.namespace, name: ROLE_NAME });
  return role !== undefined && !isGoing(role) && isOwnedBy(role, metadata.uid);
}

const ANNOUNCED = new Map<string, string>([
  [REASON.SecretConflict, EVENT.SecretConflict],
  [REASON.TenantNotAllowed, EVENT.TenantNotAllowed],
  [REASON.ChangedByOthers, EVENT.Contended],
]);

/** Records an event once, when the obstacle begins. */
function announce(
  { events }: OperatorContext,
  integration: KubeIntegration,
  { reason, message }: Obstacle,
): void {
  const event = ANNOUNCED.get(reason);
  const conditions = integration.status?.conditions ?? [];
  if (event === undefined || conditions.some((condition) => condition.reason === reason)) return;
  events.record(integration, {
    type: 'Warning',
    reason: event,
    action: 'Reconcile',
    note: message,
  });
}
