/**
 * The Kubernetes API or the directory didn't say whether something is allowed. This is neither a yes
 * nor a no: the caller responds with 503. The message is for users and has no secret.
 */
export class AccessError extends Error {
  override readonly name = 'AccessError';
  readonly status = 503;
}
