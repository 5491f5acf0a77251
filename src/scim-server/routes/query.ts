/** The parameters of a search (RFC 7644 §3.4.2), from a URL or from the body of a `.search`. */

import type { Condition, SortKey } from '../../scim/condition.ts';
import { resolveFilter, resolveSort } from '../../scim/condition-resolver.ts';
import { invalidCount, invalidSyntax, invalidValue } from '../../scim/error.ts';
import { parseFilter } from '../../scim/filter-parser.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../scim/json.ts';
import { MAX_RESULTS } from '../../scim/limits.ts';
import { type Projection, parseProjection } from '../../scim/projection.ts';
import type { ResourceType } from '../../scim/schema.ts';
import type { Answer } from '../answer.ts';
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

/** Unknown parameters, such as Entra's `aadOptscim062020`, are ignored. Throws invalidValue. */
export function searchOfUrl(request: ScimRequest): Search {
  return readSearch((name) =>
    LISTS.has(name) ? listIn(request, name) : parameter(request, name, name === 'cursor'),
  );
}

const LISTS: ReadonlySet<string> = new Set(['attributes', 'excludedAttributes']);

/** Of a list that is given twice, all; without a name it is not given. */
function listIn(request: ScimRequest, name: string): readonly string[] | undefined {
  if (request.query(name) === undefined) return undefined;
  const given = request.queries(name)?.filter((each) => each !== '') ?? [];
  return given.length === 0 ? undefined : given;
}

function parameter(request: ScimRequest, name: string, mayBeEmpty: boolean): string | undefined {
  const value = request.query(name);
  if (value === undefined) return undefined;
  if (request.queries(name)?.some((each) => each !== value)) {
    throw invalidValue(`${name} is given more than once`);
  }
  return value === '' && !mayBeEmpty ? undefined : value;
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
];

/** RFC 7644 §3.4.3; names in any case. Throws invalidSyntax or invalidValue. */
export function searchOfBody(body: unknown): Search {
  if (!isJsonObject(body)) throw invalidSyntax('the body must be a JSON object');
  const values = new Map<string, JsonValue>();
  for (const [key, value] of Object.entries(body)) {
    const name = NAMES.find((each) => each.toLowerCase() === key.toLowerCase());
    const isGiven = name === 'cursor' ? value !== null : !isUnassigned(value);
    if (name === undefined || !isGiven) continue;
    if (values.has(name)) throw invalidValue(`${name} is given more than once`);
    values.set(name, value);
  }
  return readSearch((name) => values.get(name));
}

/** RFC 7643 §2.5. An empty string is treated like an empty parameter in a URL. */
function isUnassigned(value: JsonValue): boolean {
  return value === null || value === '' || (Array.isArray(value) && value.length === 0);
}

function readSearch(given: (name: string) => JsonValue | undefined): Search {
  const list = (name: string) => names(given(name), name);
  const text = (name: string) => {
    const value = given(name);
    if (value === undefined || typeof value === 'string') return value;
    throw invalidValue(`${name} must be a string`);
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

/** The projection that a request on a single resource asks for. */
export function projectionOf(request: ScimRequest, type: ResourceType): Projection {
  const list = (name: string) => names(listIn(request, name), name);
  return parseProjection(list('attributes'), list('excludedAttributes'), type);
}

/** Throws invalidFilter. */
export function conditionOf(
  { filter }: Search,
  type: ResourceType,
  searched?: readonly ResourceType[],
): Condition | undefined {
  return filter === undefined ? undefined : resolveFilter(parseFilter(filter), type, searched);
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
  resources: readonly JsonObject[],
): Answer {
  return {
    status: 200,
    body: {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'],
      totalResults: total,
      ...place,
      itemsPerPage: resources.length,
      Resources: resources,
    },
  };
}
