/**
 * Every limit that a SCIM client can reach. The table in docs/reference/scim.md is generated from
 * this file.
 */

/** The largest body of any request except groups and Bulk. */
export const MAX_BODY_BYTES = 1024 * 1024;

/** The largest body of a group and of a Bulk. */
export const MAX_PAYLOAD_BYTES = 16 * 1024 * 1024;

/** Bodies up to this size are not counted for the following two limits. */
export const SMALL_BODY_BYTES = 64 * 1024;

/** Bodies in memory at one time: of one integration, which is the largest body, and of all. */
export const MAX_BODIES_OF_INTEGRATION = MAX_PAYLOAD_BYTES;
export const MAX_BODIES = 64 * 1024 * 1024;

/**
 * Bytes of large groups in memory at one time, from when they are read until they are sent: of one
 * integration, and of all. One group may be larger.
 */
export const MAX_ANSWERS_OF_INTEGRATION = 48 * 1024 * 1024;
export const MAX_ANSWERS = 128 * 1024 * 1024;

/** Members of all groups of one page. */
export const MAX_LISTED_MEMBERS = 100_000;

/** Requests that are processed at one time, of all callers and of one. The others wait. */
export const MAX_AT_ONCE = 96;
export const MAX_AT_ONCE_OF_CALLER = 64;

/**
 * Requests of one connection that are being answered at one time. Each further one has its head and
 * up to 64 kB of its body in memory.
 */
export const MAX_PIPELINED = 8;

/**
 * A caller whose first waiting request has waited for longer, in milliseconds, and who has at least
 * this many waiting, is refused more of them.
 */
export const MAX_QUEUE_MS = 40;
export const MIN_QUEUE = 64;

/**
 * One that has waited for longer, in milliseconds, is refused while so many others wait behind it.
 */
export const MAX_WAIT_MS = 60;

/**
 * For a second after that, a caller may have so many waiting. Otherwise most would wait only to be
 * refused, which takes the time in which others could be served.
 */
export const MAX_QUEUE = 250;
export const OVERLOAD_MS = 1_000;

/** Includes the request line. Filters are part of it, and clients have sent filters of 20 kB. */
export const MAX_HEADER_BYTES = 65_536;

/** Milliseconds within which the head of a request, and the whole request, must arrive. */
export const HEAD_TIMEOUT_MS = 10_000;
export const REQUEST_TIMEOUT_MS = 60_000;

/**
 * Milliseconds after which a response that makes no progress is aborted: its client doesn't read
 * it.
 */
export const STALL_TIMEOUT_MS = 60_000;

/** Seconds' worth of the rate (`--rate-limit`) that an idle integration may send at once. */
export const RATE_BURST_SECONDS = 2;

/** Operations in one PATCH, and in one Bulk. */
export const MAX_OPERATIONS = 1000;

/**
 * The largest and the default page: clients that read only the first page should see everything.
 */
export const MAX_RESULTS = 1000;

/**
 * Bytes of the attributes of the resources of one page, as JSON. The page ends with the resource
 * that reaches them.
 */
export const MAX_PAGE_BYTES = 8 * 1024 * 1024;

/** Seconds for which a cursor is valid (RFC 9865 §2.1). */
export const CURSOR_TIMEOUT = 3600;

/** No SCIM body needs more than 8 levels. */
export const MAX_JSON_DEPTH = 32;

/** Keys of one object in a body. */
export const MAX_JSON_KEYS = 10_000;

/**
 * Real filters stay far below these limits, which bound the stack and the work. The length is in
 * UTF-16 units.
 */
export const MAX_FILTER_LENGTH = 8192;
export const MAX_FILTER_DEPTH = 32;
export const MAX_FILTER_TERMS = 200;

/**
 * Each comparison is a recursive query, and SQLite accepts fewer than 200 of them in a statement.
 */
export const MAX_TERMS_ON_GROUPS = 50;

/**
 * Comparisons of one search that no index helps: the tenant's resources times the comparisons for
 * each. One of a multi-valued attribute, or of one whose values are in other tables, takes as long
 * as this many of a simple one, and so does reading a resource.
 */
export const MAX_SEARCH_WORK = 25_000_000;
export const SEARCH_WEIGHTS = { resource: 4, multiValued: 8, relation: 20 } as const;

/**
 * Searches that may be long: those of one integration that wait while one of them runs,
 * milliseconds that each waits for its turn, and milliseconds after which it is ended.
 */
export const MAX_WAITING_SEARCHES = 4;
export const SEARCH_PATIENCE_MS = 20_000;
export const SEARCH_TIMEOUT_MS = 20_000;

/** Reads of large groups of one integration that wait while one of them runs. */
export const MAX_WAITING_READS = 64;

/** Characters that all operations of one PATCH may compare, which takes about half a second. */
export const MAX_COMPARED = 64 * 1024 * 1024;

/** Comparisons in one PATCH that run over every member of the group while other writes wait. */
export const MAX_MEMBER_COMPARISONS = 20;

/** Characters of all attributes as JSON. A PUT must be able to send back the result of a PATCH. */
export const MAX_RESOURCE = 1024 * 1024;

/** Elements of a multi-valued attribute. `members` is limited only by the size of the body. */
export const MAX_VALUES = 1000;

/** The attributes that resources are looked up by. */
export const KEY_ATTRIBUTES = ['userName', 'displayName', 'externalId', 'emails.value'] as const;

/** Bytes of the text of a key attribute, and of any other. */
export const MAX_KEY_BYTES = 1024;
export const MAX_TEXT_BYTES = 65_536;

/** Combining marks in a row, in UTF-16 units. NFC takes quadratic time to sort them. */
export const MAX_MARKS = 256;
