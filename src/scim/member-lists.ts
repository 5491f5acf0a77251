/**
 * Long lists of members. Only lists of members may be long, so whatever else a long list is, the
 * parser refuses or ignores it.
 */
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

/** Whether the value is the id of a member without anything that needs a check. */
export const isPlainId = (value: JsonValue): value is string =>
  typeof value === 'string' && PLAIN_ID.test(value);

/**
 * Replaces the elements of long lists in a parsed body by their ids, where that makes no
 * difference, and yields between the slices. The body is then parsed quickly. Elements that need a
 * closer look stay as they are.
 */
export function* shortenMembers(body: unknown, depth = 0): Generator<void, void> {
  if (depth > MAX_DEPTH) return;
  if (Array.isArray(body)) {
    if (body.length > MEMBERS_AT_ONCE) yield* shorten(body);
    else for (const each of body) yield* shortenMembers(each, depth + 1);
  } else if (typeof body === 'object' && body !== null) {
    for (const each of Object.values(body)) {
      if (typeof each === 'object') yield* shortenMembers(each, depth + 1);
    }
  }
}

function* shorten(list: JsonValue[]): Generator<void, void> {
  for (let start = 0; start < list.length; start += MEMBERS_AT_ONCE) {
    const end = Math.min(list.length, start + MEMBERS_AT_ONCE);
    for (let index = start; index < end; index++) {
      const element = list[index];
      if (isJsonObject(element) && isPlainMember(element)) list[index] = element.value;
    }
    yield;
  }
}

function isPlainMember(
  member: Readonly<Record<string, JsonValue>>,
): member is { readonly value: string } {
  if (member.value === undefined || !isPlainId(member.value)) return false;
  for (const key of Object.keys(member)) {
    const value = member[key];
    if (!SUB_ATTRIBUTES.has(key) || typeof value !== 'string' || !isShortText(value)) return false;
  }
  return true;
}

const isShortText = (text: string): boolean =>
  text.length <= SHORT && text.isWellFormed() && !text.includes('\0');
