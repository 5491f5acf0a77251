/** The reconcile of a ScimIntegration, step by step. */
import { isPaused } from '../crd/defaults.ts';
import type { KubeIntegration } from '../crd/integration-object.ts';
import { EVENT, REASON, ROLE_NAME, SCIM_INTEGRATIONS } from '../crd/names.ts';
import type { IntegrationRecord } from '../directory/store.ts';
import type { Reconcile, Result } from '../kube/controller.ts';
import {
  ApiError,
  isAlreadyExists,
  isConflict,
  isForbidden,
  isNamespaceTerminating,
} from '../kube/errors.ts';
import { REFRESH_MS } from './activity-cache.ts';
import { authorise } from './authorise.ts';
import type { Obstacle } from './checks.ts';
import { reconcileRoleBinding, reconcileServiceAccount } from './children.ts';
import { endIntegration } from './cleanup.ts';
import type { OperatorContext } from './context.ts';
import { endpointOf } from './objects.ts';
import type { RoleStates } from './role-controller.ts';
import { buildStatus, type Findings } from './status.ts';
import { reconcileToken } from './token.ts';
import { writeStatus } from './write-status.ts';

/** Somebody else's object may be gone by then. */
const CONFLICT_RETRY_MS = 30_000;
/** Somebody wrote in between; their event is on its way. */
const STALE_RETRY_MS = 100;

export function createReconcile(
  context: OperatorContext,
  roles: RoleStates,
  enqueueRole: (namespace: string) => void,
): Reconcile {
  return async (key, { log }) => {
    const integration = context.caches.integrations.get(key);
    if (integration === undefined || integration.metadata.deletionTimestamp !== undefined) {
      enqueueRole(key.namespace ?? '');
      return endIntegration(context, key, integration, log);
    }
    const { findings, error } = await work(context, integration, roles, enqueueRole);
    if (isNamespaceTerminating(error)) return {};
    if (isConflict(error) || isAlreadyExists(error)) return { requeueAfterMs: STALE_RETRY_MS };
    const status = buildStatus(integration, findings, context.now());
    const written = await writeStatus(context.client, SCIM_INTEGRATIONS, integration, status);
    if (error !== undefined) throw error;
    return written ? nextLook(findings, context.now()) : { requeueAfterMs: STALE_RETRY_MS };
  };
}

/** Each step's failure is kept for the status; the steps after it run all the same. */
async function work(
  context: OperatorContext,
  integration: KubeIntegration,
  roles: RoleStates,
  enqueueRole: (namespace: string) => void,
): Promise<{ findings: Findings; error: unknown }> {
  const { namespace } = integration.metadata;
  let findings: Findings = {};
  let error: unknown;
  const step = async (run: () => Promise<Findings>) => {
    try {
      findings = { ...findings, ...(await run()) };
    } catch (thrown) {
      error ??= thrown;
      findings = { ...findings, failure: findings.failure ?? obstacleFrom(thrown) };
    }
  };

  let record: IntegrationRecord | undefined;
  await step(async () => {
    const authorisation = await authorise(context, integration);
    record = authorisation.record;
    return { stalled: authorisation.stalled };
  });
  if (findings.stalled) announce(context, integration, findings.stalled);
  if (record === undefined) return { findings, error };
  const { id, tenant, allowed } = record;
  // Without a right nothing is made, but a token whose Secret is gone still ends.
  const paused = isPaused(integration) || !allowed;
  const endpoint = endpointOf(context.publicUrl, tenant, id);
  await step(async () => ({
    integrationId: id,
    endpoint,
    token: await reconcileToken(context, integration, id, endpoint, paused),
  }));
  if (!paused) {
    await step(async () => ({ rbac: await reconcileRbac(context, integration, roles) }));
    enqueueRole(namespace);
  }
  await step(async () => ({ activity: await context.activity.read(id) }));
  if (findings.token?.kind === 'obstacle') announce(context, integration, findings.token.obstacle);
  return { findings, error };
}

/** The API server takes a binding only when its role is there. */
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
    if (isForbidden(error)) return obstacleFrom(error);
    throw error;
  }
}

/** After a start the Role is known from the cache before its controller has looked at it. */
function ownsRole({ caches }: OperatorContext, { metadata }: KubeIntegration): boolean {
  const role = caches.roles.get({ namespace: metadata.namespace, name: ROLE_NAME });
  return role?.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid) === true;
}

/** Messages of the API and of the directory are safe to show; of any other error the log has more. */
export function obstacleFrom(error: unknown): Obstacle {
  if (isForbidden(error)) {
    return {
      reason: REASON.PermissionDenied,
      message: `The operator lacks a permission: ${error.message}`,
    };
  }
  const known = error instanceof ApiError || (error instanceof Error && error.name === 'ScimError');
  const message = known ? error.message : 'an unexpected error; the log of the operator says more';
  return { reason: REASON.ReconciliationFailed, message };
}

const ANNOUNCED = new Map<string, string>([
  [REASON.SecretConflict, EVENT.SecretConflict],
  [REASON.TenantNotAllowed, EVENT.TenantNotAllowed],
]);

/** Once, when it begins. */
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

function nextLook({ token, rbac, stalled }: Findings, now: Date): Result {
  const conflict = stalled !== undefined || token?.kind === 'obstacle' || typeof rbac === 'object';
  // When there may be news again; spread out, so that many integrations don't come at once.
  const usual = conflict ? CONFLICT_RETRY_MS : REFRESH_MS * (1 + 0.2 * Math.random());
  const due = token?.kind === 'issued' ? token.dueAt - now.getTime() : usual;
  return { requeueAfterMs: Math.max(1, Math.min(usual, due)) };
}
