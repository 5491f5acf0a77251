/** What happens if it can't be found out who may do what. */
import { isForbidden } from '../kube/errors.ts';
import { BusyError } from './concurrency-limit.ts';

/**
 * The Kubernetes API didn't say whether something is allowed. This is neither a yes nor a no: the
 * caller responds with 503. The message is for users and has no secret.
 */
export class AccessError extends Error {
  override readonly name = 'AccessError';
  readonly status = 503;
}

/** `action` completes "scim-operator may not …". */
export function accessError(cause: unknown, action: string): AccessError {
  return new AccessError(messageOf(cause, action), { cause });
}

function messageOf(cause: unknown, action: string): string {
  if (cause instanceof BusyError) return `${cause.message}; try again in a moment`;
  if (isForbidden(cause))
    return `scim-operator may not ${action}; give its ClusterRole this permission`;
  return 'the Kubernetes API could not be asked for permissions; try again in a moment';
}
