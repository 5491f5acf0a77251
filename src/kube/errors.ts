/** Errors of calls to the Kubernetes API, and what they mean. */

/**
 * `code` is the HTTP status, 0 when there was no answer. The message never holds a body that was
 * sent.
 */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: number;
  /** metav1.StatusReason, empty without one. */
  readonly reason: string;
  /** The object that the answer is about. */
  readonly objectName: string | undefined;
  readonly causes: readonly string[];
  readonly retryAfterMs: number | undefined;
  /** Which rule of the cluster refused it, such as `ResourceQuota small`. */
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
 * There is nothing to call the API server with; the message is one line for a person, without
 * anything secret.
 */
export class CredentialsError extends Error {
  override readonly name = 'CredentialsError';
}

/** What became of a call, for the message of a log. */
export type Outcome =
  | 'had no credentials'
  | 'was not reached'
  | 'refused the credentials'
  | 'refused the call'
  | 'responded unexpectedly';

/** Only what never came to an answer wasn't reached. */
export function outcomeOf(error: unknown): Outcome {
  if (!(error instanceof ApiError)) return 'was not reached';
  if (error.cause instanceof CredentialsError) return 'had no credentials';
  if (error.code === 0) return 'was not reached';
  if (error.code === 401) return 'refused the credentials';
  return error.code === 403 ? 'refused the call' : 'responded unexpectedly';
}

const has = (error: unknown, test: (error: ApiError) => boolean): error is ApiError =>
  error instanceof ApiError && test(error);

/** The object with this name doesn't exist: said by the server about this very object. */
export function isNotFound(error: unknown, name: string): error is ApiError {
  return has(error, (e) => e.code === 404 && e.reason === 'NotFound' && e.objectName === name);
}

/** The resource type isn't served: its CRD is missing or not established. */
export function isResourceTypeMissing(error: unknown): error is ApiError {
  return has(error, (e) => e.code === 404 && e.objectName === undefined);
}

/** Someone else wrote in between. */
export const isConflict = (error: unknown): error is ApiError =>
  has(error, (e) => e.reason === 'Conflict');
export const isAlreadyExists = (error: unknown): error is ApiError =>
  has(error, (e) => e.reason === 'AlreadyExists');
export const isNamespaceTerminating = (error: unknown): error is ApiError =>
  has(error, (e) => e.causes.includes('NamespaceTerminating'));
/** What was sent is not allowed for this object, whoever sends it. */
export const isInvalid = (error: unknown): error is ApiError => has(error, (e) => e.code === 422);
/** The API server has refused it: nothing of it was done. */
export const isDeclined = (error: unknown): error is ApiError =>
  has(error, (e) => (e.code >= 400 && e.code < 500) || e.refusedBy !== undefined);
/**
 * The operator's role lacks something; nothing to do with a namespace that is ending, or with rules
 * of the cluster.
 */
export const isForbidden = (error: unknown): error is ApiError =>
  has(
    error,
    (e) =>
      e.code === 403 && !e.causes.includes('NamespaceTerminating') && e.refusedBy === undefined,
  );
/** A quota, an admission policy or a webhook rejects it: somebody must change something. */
export const isRefused = (error: unknown): error is ApiError =>
  has(error, (e) => e.refusedBy !== undefined);
/**
 * Answers that say nothing about whether the request is allowed: who asks, who was quicker, or
 * when.
 */
const UNDECIDED: ReadonlySet<number> = new Set([401, 404, 408, 409, 410, 429]);
/**
 * The API server rejects it as things are: a permission, a rule of the cluster or the object itself
 * prevents it. Unlike an outage, that ends when somebody changes something, and no watch tells of
 * such a change.
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
/** No answer, or one that says to come back. */
export const isUnavailable = (error: unknown): error is ApiError =>
  has(error, (e) => e.code === 0 || e.code === 429 || e.code >= 500);
