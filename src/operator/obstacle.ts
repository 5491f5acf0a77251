/** Explains a failed call to users, and says when a reconcile retries. */
import { REASON, type Reason } from '../crd/reasons.ts';
import { ApiError, isForbidden, isRefused, isUnavailable } from '../kube/errors.ts';
import { ScimError } from '../scim/error.ts';

/** Milliseconds; the other object or the rule that was in the way may be gone by then. */
export const OBSTACLE_RETRY_MS = 30_000;
/** Milliseconds; after a conflicting write, whose event is on its way. */
export const STALE_RETRY_MS = 100;

/** Shows the messages of the API and of the directory, which are safe, but of no other error. */
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
  const known = error instanceof ApiError || error instanceof ScimError;
  const message = known ? error.message : 'Unexpected error; see the log of the operator';
  return { reason: REASON.ReconciliationFailed, message };
}

/** The API server or the database is unreachable, and nothing is wrong with the task itself. */
export function isOutage(error: unknown): boolean {
  return isUnavailable(error) || (error instanceof ScimError && error.status === 503);
}

/** Why something could not be done, for a condition. */
export interface Obstacle {
  readonly reason: Reason;
  readonly message: string;
}
