/** What a failed call means to a user, and when a reconcile looks again. */
import { REASON, type Reason } from '../crd/reasons.ts';
import { ApiError, isForbidden, isRefused, isUnavailable } from '../kube/errors.ts';

/** Another's object, or a rule of the cluster, may be gone by then; milliseconds. */
export const OBSTACLE_RETRY_MS = 30_000;
/** Somebody wrote in between, and their event is on its way; milliseconds. */
export const STALE_RETRY_MS = 100;

/**
 * Messages of the API and of the directory are safe to show; of any other error the log has more.
 */
export function obstacleFrom(error: unknown): Obstacle {
  if (isForbidden(error)) {
    return {
      reason: REASON.PermissionDenied,
      message: `The operator lacks a permission: ${error.message}`,
    };
  }
  if (isRefused(error)) {
    return {
      reason: REASON.ReconciliationFailed,
      message: `Rejected by ${error.refusedBy}: ${error.message}`,
    };
  }
  const known = error instanceof ApiError || (error instanceof Error && error.name === 'ScimError');
  const message = known ? error.message : 'Unexpected error; see the log of the operator';
  return { reason: REASON.ReconciliationFailed, message };
}

/** The API server or the database is away: nothing is wrong with what was to be done. */
export function isOutage(error: unknown): boolean {
  const { name, status } = (error ?? {}) as { readonly name?: unknown; readonly status?: unknown };
  return isUnavailable(error) || (name === 'ScimError' && status === 503);
}

/** What stands in the way. */
export interface Obstacle {
  readonly reason: Reason;
  readonly message: string;
}
