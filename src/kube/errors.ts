/** Errors of calls to the Kubernetes API, and what they mean. */

/**
 * `code` is the HTTP status, or 0 if there was no response. The message never contains the body of
 * the request.
 */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: number;
  /** metav1.StatusReason, or empty. */
  readonly reason: string;
  /** The object that the response is about. */
  readonly objectName: string | undefined;
  readonly causes: readonly string[];
  readonly retryAfterMs: number | undefined;
  /** The rule of the cluster that refused the request, such as `ResourceQuota small`. */
  readonly refusedBy: string | undefined;

  constructor(
    code: number,
    message: string,
    details: {
      reason?: string;
      objectName?: string | undefined;
      causes?: readonly string[];
      retryAfterMs?: number | undefined;
      refusedBy?: string | undefined;
      cause?: unknown;
    } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.reason = details.reason ?? '';
    this.objectName = details.objectName;
    this.causes = details.causes ?? [];
    this.retryAfterMs = details.retryAfterMs;
    this.refusedBy = details.refusedBy;
  }
}

/**
 * There are no credentials for the API server. The message is one line for users, without secrets.
 */
export class CredentialsError extends Error {
  override readonly name = 'CredentialsError';
}

/** The outcome of a call, for a log message. */
export type Outcome =
  | 'had no credentials'
  | 'was not reached'
  | 'refused the credentials'
  | 'refused the call'
  | 'responded unexpectedly';

/** Without a response, the API server was not reached. */
export function outcomeOf(error: unknown): Outcome {
  if (!(error instanceof ApiError)) return 'was not reached';
  if (error.cause instanceof CredentialsError) return 'had no credentials';
  if (error.code === 0) return 'was not reached';
  if (error.code === 401) return 'refused the credentials';
  return error.code === 403 ? 'refused the call' : 'responded unexpectedly';
}

const has = (error: unknown, test: (error: ApiError) => boolean): error is ApiError =>
  error instanceof ApiError && test(error);

/** The server says about this very object that it doesn't exist. */
export function isNotFound(error: unknown, name: string): error is ApiError {
  return has(error, (e) => e.code === 404 && e.reason === 'NotFound' && e.objectName === name);
}

/** The resource type isn't served: its CRD is missing or not established. */
export function isResourceTypeMissing(error: unknown): error is ApiError {
  return has(error, (e) => e.code === 404 && e.objectName === undefined);
}

/** Somebody else wrote in between. */
export const isConflict = (error: unknown): error is ApiError =>
  has(error, (e) => e.reason === 'Conflict');
export const isAlreadyExists = (error: unknown): error is ApiError =>
  has(error, (e) => e.reason === 'AlreadyExists');
export const isNamespaceTerminating = (error: unknown): error is ApiError =>
  has(error, (e) => e.causes.includes('NamespaceTerminating'));
/** The object may not have these values, regardless of who sends them. */
export const isInvalid = (error: unknown): error is ApiError => has(error, (e) => e.code === 422);
/** The API server refused the request and changed nothing. */
export const isDeclined = (error: unknown): error is ApiError =>
  has(error, (e) => (e.code >= 400 && e.code < 500) || e.refusedBy !== undefined);
/**
 * The operator's role lacks a permission. Excludes refusals because of a namespace that is being
 * deleted, or by a rule of the cluster.
 */
export const isForbidden = (error: unknown): error is ApiError =>
  has(
    error,
    (e) =>
      e.code === 403 && !e.causes.includes('NamespaceTerminating') && e.refusedBy === undefined,
  );
/** A quota, an admission policy or a webhook refused the request, so somebody must act. */
export const isRefused = (error: unknown): error is ApiError =>
  has(error, (e) => e.refusedBy !== undefined);
/** These responses don't say whether the request is allowed, only that it failed this time. */
const UNDECIDED: ReadonlySet<number> = new Set([401, 404, 408, 409, 410, 429]);
/**
 * A permission, a rule of the cluster or the object itself prevents the request. Unlike an outage,
 * this ends only when somebody changes something, and no watch reports such a change.
 */
export const isDenied = (error: unknown): error is ApiError =>
  isRefused(error) ||
  has(
    error,
    (e) =>
      e.code >= 400 &&
      e.code < 500 &&
      !UNDECIDED.has(e.code) &&
      !e.causes.includes('NamespaceTerminating'),
  );
/** A watch's resourceVersion, or a list's continue token, is too old. */
export const isExpired = (error: unknown): error is ApiError => has(error, (e) => e.code === 410);
/** There was no response, or one that asks to retry. */
export const isUnavailable = (error: unknown): error is ApiError =>
  has(error, (e) => e.code === 0 || e.code === 429 || e.code >= 500);
