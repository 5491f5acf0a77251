/**
 * Every limit that a SCIM client can meet; the table in docs/reference/scim.md is generated from
 * them.
 */

/** The largest body of a user, a search, and everything else but groups and Bulk. */
export const MAX_BODY_BYTES = 1024 * 1024;

/** The largest body of a group and of a Bulk. */
export const MAX_PAYLOAD_BYTES = 16 * 1024 * 1024;

/** The request line counts as well. Filters come in the URL; 20 kB of one have been seen. */
export const MAX_HEADER_BYTES = 65_536;

/** Milliseconds until a request's head, and until a whole request, must have arrived. */
export const HEAD_TIMEOUT_MS = 10_000;
export const REQUEST_TIMEOUT_MS = 60_000;

/** Milliseconds without any progress of a response: its client does not read. */
export const STALL_TIMEOUT_MS = 60_000;

/** Seconds of the rate (`--rate-limit`) that an idle integration may send at once. */
export const RATE_BURST_SECONDS = 2;

/** Operations in one PATCH, and in one Bulk. */
export const MAX_OPERATIONS = 1000;

/**
 * The largest page, and the default one: clients that read only the first page must see everybody.
 */
export const MAX_RESULTS = 1000;

/** Seconds that a cursor is good for (RFC 9865 §2.1). */
export const CURSOR_TIMEOUT = 3600;

/** No body of SCIM needs more than 8 levels. */
export const MAX_JSON_DEPTH = 32;

/**
 * No honest filter comes near these; they bound the stack and the work. The length is in UTF-16
 * units.
 */
export const MAX_FILTER_LENGTH = 8192;
export const MAX_FILTER_DEPTH = 32;
export const MAX_FILTER_TERMS = 200;

/** Each is a recursive query, of which SQLite takes fewer than 200 in a statement. */
export const MAX_TERMS_ON_GROUPS = 50;

/** Characters that all operations of one PATCH may compare: half a second's work. */
export const MAX_COMPARED = 64 * 1024 * 1024;

/** Comparisons in one PATCH that are made for every member of the group while other writes wait. */
export const MAX_MEMBER_COMPARISONS = 20;

/** Characters of all attributes as JSON: a PUT must be able to send back what a PATCH made. */
export const MAX_RESOURCE = 1024 * 1024;

/** Elements of a multi-valued attribute; `members` is bounded by the size of the body alone. */
export const MAX_VALUES = 1000;

/** The attributes that resources are looked up by. */
export const KEY_ATTRIBUTES = ['userName', 'displayName', 'externalId', 'emails.value'] as const;

/** Bytes of the text of a key attribute, and of any other. */
export const MAX_KEY_BYTES = 1024;
export const MAX_TEXT_BYTES = 65_536;

/**
 * Combining marks in a row, in UTF-16 units. NFC sorts them in a time that grows with the square of
 * their number.
 */
export const MAX_MARKS = 256;
