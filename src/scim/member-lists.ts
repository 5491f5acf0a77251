/**
 * Long lists of members. Only lists of members may be long, so whatever else a long list is, the
 * parser refuses or ignores it.
 */
import { ScimError } from './error.ts';
import { isJsonObject, type JsonValue } from './json.ts';

/** Members that are handled in one go, in a few milliseconds. A longer list is a long one. */
export const MEMBERS_AT_ONCE = 1_000;

/** The list in parts of at most so many. */
export function* inSlices<T>(list: readonly T[]): Generator<readonly T[], void> {
  if (list.length <= MEMBERS_AT_ONCE) {
    if (list.length > 0) yield list;
    return;
  }
  for (let start = 0; start < list.length; start += MEMBERS_AT_ONCE) {
    yield list.slice(start, start + MEMBERS_AT_ONCE);
  }
}

/** Deeper than in any body that has members: those of a group in a Bulk, in a PATCH. */
const MAX_DEPTH = 8;

const PLAIN_ID = /^[\w-]{1,64}$/;
const SUB_ATTRIBUTES = new Set(['value', 'display', 'type', '$ref']);
/** Shorter text can't be over any limit. */
const SHORT = 256;

const isPlainId = (value: JsonValue | undefined): value is string =>
  typeof value === 'string' && PLAIN_ID.test(value);

/** The id of a member without anything that needs a check; undefined for any other element. */
export function plainMemberId(element: JsonValue): string | undefined {
  if (isPlainId(element)) return element;
  return isJsonObject(element) && isPlainMember(element) ? element.value : undefined;
}

/** The element of a long list, or its id where that makes no difference. */
export const shortMember = (element: unknown): unknown =>
  plainMemberId(element as JsonValue) ?? element;

/** Returns the element in the form of the schema, or undefined for one without content. */
type Normalize = (element: JsonValue) => JsonValue | undefined;

/** A list whose elements have the form of the schema, up to the one that is refused. */
interface CheckedList {
  /** Undefined if none is. */
  readonly refused?: { readonly element: JsonValue };
}

const checkedLists = new WeakMap<readonly JsonValue[], CheckedList>();

/** What is known of a long list of members; undefined if its elements were not checked yet. */
export const checkedMembers = (list: readonly JsonValue[]): CheckedList | undefined =>
  checkedLists.get(list);

/**
 * Brings the elements of long lists in a parsed body into the form of the schema, or replaces them
 * by their ids where that makes no difference, and yields between the slices. The body is then
 * parsed quickly. `normalize` throws ScimError for an element that is refused.
 */
export function* shortenMembers(
  body: unknown,
  normalize: Normalize,
  depth = 0,
): Generator<void, void> {
  if (depth > MAX_DEPTH) return;
  if (Array.isArray(body)) {
    if (body.length > MEMBERS_AT_ONCE) yield* shorten(body, normalize);
    else
      for (const each of body) {
        if (hasNested(each)) yield* shortenMembers(each, normalize, depth + 1);
      }
  } else if (typeof body === 'object' && body !== null) {
    for (const each of Object.values(body)) {
      if (typeof each === 'object') yield* shortenMembers(each, normalize, depth + 1);
    }
  }
}

/** Most elements have nothing but text. */
function hasNested(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  for (const each of Object.values(value)) if (typeof each === 'object') return true;
  return false;
}

function* shorten(list: JsonValue[], normalize: Normalize): Generator<void, void> {
  let known: CheckedList = {};
  for (let start = 0; start < list.length; start += MEMBERS_AT_ONCE) {
    const end = Math.min(list.length, start + MEMBERS_AT_ONCE);
    for (let index = start; index < end; index++) {
      const element = list[index] ?? null;
      const short = shortened(element, normalize);
      // An element without content is refused unless there is a worse one.
      if (short === undefined || short === REFUSED) known = { refused: { element } };
      else list[index] = short;
      if (short !== REFUSED) continue;
      checkedLists.set(list, known);
      return;
    }
    yield;
  }
  checkedLists.set(list, known);
}

const REFUSED = Symbol('refused');

/** Undefined for an element without content. An id stays text: it may be part of another list. */
function shortened(
  element: JsonValue,
  normalize: Normalize,
): JsonValue | typeof REFUSED | undefined {
  const id = plainMemberId(element);
  if (id !== undefined) return id;
  try {
    const normal = normalize(element);
    return normal !== undefined && isJsonObject(normal) && normal.value === element
      ? element
      : normal;
  } catch (error) {
    if (error instanceof ScimError) return REFUSED;
    throw error;
  }
}

function isPlainMember(
  member: Readonly<Record<string, JsonValue>>,
): member is { readonly value: string } {
  if (!isPlainId(member.value)) return false;
  for (const key of Object.keys(member)) {
    if (key === 'value') continue;
    const value = member[key];
    if (!SUB_ATTRIBUTES.has(key) || typeof value !== 'string' || !isShortText(value)) return false;
  }
  return true;
}

const isShortText = (text: string): boolean =>
  text.length <= SHORT && text.isWellFormed() && !text.includes('\0');
