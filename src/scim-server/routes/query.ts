/** The parameters of a search (RFC 7644 §3.4.2), from a URL or from the body of a `.search`. */

import type { Condition, SortKey } from '../../scim/condition.ts';
import { resolveFilter, resolveSort } from '../../scim/condition-resolver.ts';
import {
  invalidCount,
  invalidCursor,
  invalidFilter,
  invalidPath,
  invalidSyntax,
  invalidValue,
} from '../../scim/error.ts';
import { parseFilter } from '../../scim/filter-parser.ts';
import { isJsonObject, type JsonValue } from '../../scim/json.ts';
import { MAX_RESULTS } from '../../scim/limits.ts';
import { type Projection, parseProjection } from '../../scim/projection.ts';
import { withComparedReferences } from '../../scim/references.ts';
import type { ResourceType } from '../../scim/schema.ts';
import type { Answer, Body } from '../answer.ts';
import type { ScimRequest } from '../endpoint.ts';

export interface Search {
  readonly attributes: readonly string[] | undefined;
  readonly excludedAttributes: readonly string[] | undefined;
  readonly filter: string | undefined;
  readonly sortBy: string | undefined;
  readonly sortOrder: string | undefined;
  /** One-based, at least 1. */
  readonly startIndex: number;
  /** RFC 9865: empty for the first page. Undefined means paging by startIndex. */
  readonly cursor: string | undefined;
  readonly count: number;
}

const NAMES = [
  'attributes',
  'excludedAttributes',
  'filter',
  'sortBy',
  'sortOrder',
  'startIndex',
  'count',
  'cursor',
] as const;
type Name = (typeof NAMES)[number];

/** In any case, as the names of attributes (RFC 7643 §2.1). */
const BY_LOWER_CASE: ReadonlyMap<string, Name> = new Map(
  NAMES.map((name) => [name.toLowerCase(), name]),
);

const NO_PARAMETERS: ReadonlyMap<Name, readonly string[]> = new Map();

/**
 * The known parameters of a URL. Unknown ones are ignored, because identity providers append their
 * own, such as Entra's `aadOptscim062020`. Throws invalidValue for a name in two spellings.
 */
function parametersOf(request: ScimRequest): ReadonlyMap<Name, readonly string[]> {
  const queries = request.queries();
  if (queries.size === 0) return NO_PARAMETERS;
  const found = new Map<Name, readonly string[]>();
  for (const [key, values] of queries) {
    const name = BY_LOWER_CASE.get(key.toLowerCase());
    if (name === undefined) continue;
    if (found.has(name)) throw givenTwice(name);
    found.set(name, values);
  }
  return found;
}

const givenTwice = (name: Name) => invalidValue(`${name} is given more than once`);

/** Whether the parameter has a value. Throws invalidValue for a name in two spellings. */
export function isGiven(request: ScimRequest, name: Name): boolean {
  return (
    parametersOf(request)
      .get(name)
      ?.some((value) => value !== '') ?? false
  );
}

/** Throws invalidValue, invalidCount, or what MALFORMED names. */
export function searchOfUrl(request: ScimRequest): Search {
  const parameters = parametersOf(request);
  return readSearch((name) => {
    const values = parameters.get(name);
    return LISTS.has(name) ? givenNames(values) : single(name, values);
  }, 'is not percent-encoded UTF-8');
}

const LISTS: ReadonlySet<Name> = new Set<Name>(['attributes', 'excludedAttributes']);

/** A list that is given more than once is merged; an empty one counts as not given. */
function givenNames(values: readonly string[] = []): readonly string[] | undefined {
  const given = values.filter((each) => each !== '');
  return given.length === 0 ? undefined : given;
}

function single(name: Name, values: readonly string[] = []): string | undefined {
  const [value] = values;
  if (values.some((each) => each !== value)) throw givenTwice(name);
  return value === '' && name !== 'cursor' ? undefined : value;
}

/**
 * Reads the body of a `.search` (RFC 7644 §3.4.3), with names in any case. An unknown name is
 * refused: without a misspelled filter, the response would be the whole list. Throws invalidSyntax,
 * and as searchOfUrl.
 */
export function searchOfBody(body: unknown): Search {
  if (!isJsonObject(body)) throw invalidSyntax('the body must be a JSON object');
  const values = new Map<Name, JsonValue>();
  for (const [key, value] of Object.entries(body)) {
    const name = BY_LOWER_CASE.get(key.toLowerCase());
    const isGiven = name === 'cursor' ? value !== null : !isUnassigned(value);
    if (!isGiven || key.toLowerCase() === 'schemas') continue;
    if (name === undefined) throw unknownKey(key);
    if (values.has(name)) throw givenTwice(name);
    values.set(name, value);
  }
  return readSearch((name) => values.get(name), 'contains an unpaired surrogate');
}

const unknownKey = (key: string) =>
  invalidSyntax(
    `${JSON.stringify(key.slice(0, 64))} is not a key of a search; the keys are ${NAMES.join(', ')}`,
  );

/** RFC 7643 §2.5. An empty string is treated like an empty parameter in a URL. */
function isUnassigned(value: JsonValue): boolean {
  return value === null || value === '' || (Array.isArray(value) && value.length === 0);
}

/** `malformed` says what is wrong with text that is not well-formed. */
function readSearch(given: (name: Name) => JsonValue | undefined, malformed: string): Search {
  const list = (name: Name) => names(given(name), name);
  const text = (name: Name) => {
    const value = given(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'string') throw invalidValue(`${name} must be a string`);
    if (value.isWellFormed()) return value;
    throw (MALFORMED[name] ?? invalidValue)(`${name} ${malformed}`);
  };
  return {
    attributes: list('attributes'),
    excludedAttributes: list('excludedAttributes'),
    filter: text('filter'),
    sortBy: text('sortBy'),
    sortOrder: text('sortOrder'),
    startIndex: Math.max(1, wholeNumber(given('startIndex'), 'startIndex') ?? 1),
    cursor: text('cursor'),
    count: countOf(given('count'), given('cursor') !== undefined),
  };
}

/**
 * A filter that is not well-formed matches nothing, and the client would take an existing user for
 * missing. After invalidCursor, a client starts over (RFC 9865 §2.1).
 */
const MALFORMED: Partial<Record<Name, (detail: string) => Error>> = {
  filter: invalidFilter,
  sortBy: invalidPath,
  cursor: invalidCursor,
};

function names(value: JsonValue | undefined, name: string): readonly string[] | undefined {
  if (value === undefined) return undefined;
  const given = Array.isArray(value) ? value : [value];
  if (given.every((each) => typeof each === 'string')) {
    return given.flatMap((each) => each.split(',').map((one) => one.trim()));
  }
  throw invalidValue(`${name} must be a list of attribute names`);
}

/**
 * A count above the maximum is reduced to it, and a negative one counts as 0. In pages by cursor, a
 * negative one is an error (RFC 9865 §2.1).
 */
function countOf(given: JsonValue | undefined, byCursor: boolean): number {
  if (byCursor && given !== undefined && !/^\+?\d+$/.test(String(given).trim())) {
    throw invalidCount(`count must be a whole number from 0 to ${MAX_RESULTS}`);
  }
  return Math.min(MAX_RESULTS, Math.max(0, wholeNumber(given, 'count') ?? MAX_RESULTS));
}

/** Numbers beyond the exact integers are treated as the largest one. */
function wholeNumber(value: JsonValue | undefined, name: string): number | undefined {
  if (value === undefined) return undefined;
  if (Number.isInteger(value) || (typeof value === 'string' && /^[+-]?\d+$/.test(value.trim()))) {
    return Math.min(Number.MAX_SAFE_INTEGER, Number(value));
  }
  throw invalidValue(`${name} must be a whole number`);
}

/**
 * The projection of the resource in a response. Throws invalidValue, so that a write has to ask for
 * it before it changes anything.
 */
export function projectionOf(request: ScimRequest, type: ResourceType): Projection {
  const parameters = parametersOf(request);
  const list = (name: Name) => names(givenNames(parameters.get(name)), name);
  return parseProjection(list('attributes'), list('excludedAttributes'), type);
}

/** Throws invalidFilter. */
export function conditionOf(
  { filter }: Search,
  type: ResourceType,
  searched: readonly ResourceType[],
  baseUrl: string,
): Condition | undefined {
  if (filter === undefined) return undefined;
  return withComparedReferences(resolveFilter(parseFilter(filter), type, searched), baseUrl);
}

/** Throws invalidPath. */
export function sortOf({ sortBy, sortOrder }: Search, type: ResourceType): SortKey | undefined {
  return sortBy === undefined ? undefined : resolveSort(sortBy, sortOrder, type);
}

/**
 * RFC 7644 §3.4.2, RFC 9865 §2. `Resources` is present even if it is empty, because Entra tests its
 * connection with such a response. `place` contains the startIndex, or the cursor of the next page.
 */
export function listAnswer(
  total: number,
  place: { readonly startIndex: number } | { readonly nextCursor?: string },
  resources: readonly Body[],
): Answer {
  const head = JSON.stringify({
    schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'],
    totalResults: total,
    ...place,
    itemsPerPage: resources.length,
  });
  const before = `${head.slice(0, -1)},"Resources":[`;
  let bytes = 0;
  // To join the texts would copy them once more.
  let body: string | undefined = before;
  for (const [index, each] of resources.entries()) {
    const isText = typeof each === 'string';
    bytes += isText ? each.length : each.bytes;
    body = isText && body !== undefined ? `${body}${index > 0 ? ',' : ''}${each}` : undefined;
  }
  if (body !== undefined && bytes <= LONG_PART) return { status: 200, body: `${body}]}` };
  const parts = function* () {
    let part = before;
    for (const [index, each] of resources.entries()) {
      if (index > 0) part += ',';
      for (const piece of typeof each === 'string' ? [each] : each.parts()) {
        part += piece;
        if (part.length < LONG_PART) continue;
        yield part;
        part = '';
      }
    }
    yield `${part}]}`;
  };
  return { status: 200, long: { bytes, parts } };
}

/** Characters of a longer list that are sent at once. */
const LONG_PART = 512 * 1024;
