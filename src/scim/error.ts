/** The errors of the SCIM protocol (RFC 7644 §3.12) as values: status, scimType, detail. */

type ScimType =
  | 'invalidFilter'
  | 'tooMany'
  | 'uniqueness'
  | 'mutability'
  | 'invalidSyntax'
  | 'invalidPath'
  | 'noTarget'
  | 'invalidValue'
  | 'invalidVers'
  | 'sensitive'
  | 'invalidCursor'
  | 'expiredCursor'
  | 'invalidCount';

/**
 * An error that is reported to the SCIM client. Every other error is a defect and becomes a bare
 * 500.
 */
export class ScimError extends Error {
  override readonly name = 'ScimError';
  readonly status: number;
  readonly scimType: ScimType | undefined;
  /** Human-readable: says what is wrong and with which attribute, never a stored value. */
  readonly detail: string;
  /** Seconds for the `Retry-After` header. */
  readonly retryAfter: number | undefined;

  constructor(
    status: number,
    detail: string,
    scimType?: ScimType,
    options: { retryAfter?: number; cause?: unknown } = {},
  ) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.status = status;
    this.detail = detail;
    this.scimType = scimType;
    this.retryAfter = options.retryAfter;
  }
}

const badRequest = (scimType: ScimType) => (detail: string) => new ScimError(400, detail, scimType);

export const invalidFilter = badRequest('invalidFilter');
export const invalidSyntax = badRequest('invalidSyntax');
export const invalidPath = badRequest('invalidPath');
export const invalidValue = badRequest('invalidValue');
export const mutability = badRequest('mutability');
export const noTarget = badRequest('noTarget');
export const tooMany = badRequest('tooMany');
/** RFC 9865 §2.1 */
export const invalidCount = badRequest('invalidCount');

export const invalidCursor = (
  detail = 'the cursor was not issued to this integration for this filter and sort order; ' +
    'start again with an empty cursor',
): ScimError => badRequest('invalidCursor')(detail);

export const expiredCursor = (seconds: number): ScimError =>
  badRequest('expiredCursor')(
    `the cursor is older than ${seconds} seconds; start again with an empty cursor`,
  );

/** A value that must be unique is taken: 409 (RFC 7644 §3.3). */
export const uniqueness = (detail: string): ScimError => new ScimError(409, detail, 'uniqueness');

/** The version is not in If-Match, or it is in If-None-Match (RFC 7644 §3.14). */
export const preconditionFailed = (): ScimError =>
  new ScimError(
    412,
    "the resource's version doesn't satisfy If-Match or If-None-Match; read it again",
  );

export const notFound = (kind: string, id: string): ScimError =>
  new ScimError(404, `${kind} ${id} not found`);

export const forbidden = (detail: string): ScimError => new ScimError(403, detail);

/** The directory can't be reached now. The client should retry after `seconds`. */
export const unavailable = (cause: unknown, seconds = 5): ScimError =>
  new ScimError(503, 'the directory is unavailable; try again later', undefined, {
    retryAfter: seconds,
    cause,
  });

/** The directory is there, but other changes stand in the way. Nothing was changed. */
export const busy = (cause?: unknown): ScimError =>
  new ScimError(503, 'other changes are taking too long; try again later', undefined, {
    retryAfter: 5,
    cause,
  });

export const tooManyMembers = (limit: number): ScimError =>
  tooMany(
    `the groups of this page have more than ${limit.toLocaleString('en-US')} members; ask for ` +
      'fewer groups with count, or for none of their members with excludedAttributes=members',
  );

/** Searches of the integration, or of others, stand in the way. */
export const tooManySearches = (): ScimError =>
  new ScimError(
    429,
    'too many searches that read many resources are waiting; send them one after another, and ' +
      'wait as long as Retry-After says',
    undefined,
    { retryAfter: 5 },
  );

/** The search was ended. */
export const searchTooLong = (seconds: number): ScimError =>
  new ScimError(
    503,
    `the search took longer than ${seconds} seconds and was ended; narrow the filter by an ` +
      'attribute that is looked up, such as userName, or try again later',
    undefined,
    { retryAfter: 30 },
  );
