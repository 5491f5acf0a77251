/**
 * Normalises the values that clients send to the form of the schema; null and [] mean absent (RFC
 * 7643 §2.5).
 */

import { instant } from './comparable.ts';
import { distinct } from './element-set.ts';
import { invalidValue } from './error.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';
import { KEY_ATTRIBUTES, MAX_KEY_BYTES, MAX_MARKS, MAX_TEXT_BYTES, MAX_VALUES } from './limits.ts';
import { checkedMembers, plainMemberId } from './member-lists.ts';
import { complexFromJson } from './quirks/json-text.ts';
import {
  booleanFromText,
  clearedFromEmpty,
  complexFromText,
  listFromSingle,
  nullFromEmptyText,
  singleFromList,
  valueFromObject,
} from './quirks/values.ts';
import { type Attribute, findAttribute } from './schema.ts';
import { MEMBERS_ATTRIBUTE } from './schemas/group.ts';
import { hasTooManyMarks } from './text.ts';

const KEYS: ReadonlySet<string> = new Set(KEY_ATTRIBUTES);

/**
 * Returns the canonical value, or undefined for an absent one. Messages refer to it as `name`.
 * Throws invalidValue, also for a value of which nothing is understood, because that must never
 * count as absent.
 */
export function normalizeValue(
  attribute: Attribute,
  value: JsonValue | undefined,
  name: string = attribute.name,
): JsonValue | undefined {
  if (value === undefined || value === null) return undefined;
  if (!attribute.multiValued) return normalizeSingle(attribute, value, name);
  // Only null or [] empties a group.
  const whole = name === 'members' ? value : nullFromEmptyText(attribute, value);
  const given = listFromSingle(complexFromJson(attribute, whole));
  if (given.length > MAX_VALUES && name !== 'members') {
    throw invalidValue(`${name} has more than ${MAX_VALUES} values`);
  }
  if (name === 'members') {
    const known = checkedMembers(given);
    if (known?.refused !== undefined) throw refusalOf(known.refused.element);
    if (known !== undefined) return given;
  }
  const plain = (each: JsonValue) => (name === 'members' ? plainMemberId(each) : undefined);
  const elements = given
    .map((each) => plain(each) ?? normalizeSingle(attribute, each, name))
    .filter((each) => each !== undefined);
  if (elements.length < given.length) checkEmptyElements(given, elements.length, name);
  if (elements.length < 2) return elements.length === 0 ? undefined : elements;
  // Only the ids of members are used, each once; there may be many.
  return name === 'members' ? elements : distinct(attribute, withOnePrimary(elements));
}

/** One member of a group in the form of the schema; undefined if it has no content. */
export const normalizeMember = (member: JsonValue): JsonValue | undefined =>
  normalizeSingle(MEMBERS_ATTRIBUTE, member, 'members');

/** The error for the element of a long list of members that was found to be refused. */
function refusalOf(member: JsonValue): Error {
  normalizeMember(member);
  return memberWithoutId();
}

/**
 * An element without content is dropped if there are others. Alone, it would empty the attribute,
 * so it is refused. A member without an id is always refused.
 */
function checkEmptyElements(given: readonly JsonValue[], left: number, name: string): void {
  if (name === 'members') throw memberWithoutId();
  const clears = given.some((each) => isJsonObject(each) && !isEmpty(each));
  if (left === 0 && !clears) {
    throw invalidValue(`${name} contains only empty values; to clear it, send [] or null`);
  }
}

export const memberWithoutId = () =>
  invalidValue('each member must have a value, which is the id of a user or group');

function normalizeSingle(
  attribute: Attribute,
  sent: JsonValue,
  name: string,
): JsonValue | undefined {
  const mended = mendSingle(attribute, sent);
  if (mended === null) return undefined;
  if (attribute.type === 'complex') return normalizeComplex(attribute, mended, name);
  checkType(attribute, mended, name);
  return mended;
}

/** Converts a single value that the client sent in another form than the schema's. */
export function mendSingle(attribute: Attribute, sent: JsonValue): JsonValue {
  const single = singleFromList(attribute, complexFromJson(attribute, sent));
  const unwrapped = valueFromObject(attribute, complexFromJson(attribute, single));
  const value = nullFromEmptyText(attribute, unwrapped);
  return complexFromText(attribute, booleanFromText(attribute, value));
}

function normalizeComplex(
  attribute: Attribute,
  value: JsonValue,
  name: string,
): JsonObject | undefined {
  if (!isJsonObject(value)) throw invalidValue(`${name} must be an object`);
  const result = normalizeObject(attribute.subAttributes, value, (sub) => `${name}.${sub}`);
  if (!isEmpty(result)) return clearedFromEmpty(attribute, result, value);
  checkNames(attribute, value, name);
  return undefined;
}

/**
 * Checks an object that yields no value. It may be empty, or clear known sub-attributes with null;
 * anything else in it would be lost.
 */
function checkNames({ subAttributes }: Attribute, value: JsonObject, name: string): void {
  const keys = Object.keys(value);
  const unknown = keys.filter((key) => findAttribute(subAttributes, key) === undefined);
  const isLost = unknown.some((key) => value[key] !== null);
  if (unknown.length === 0 || (unknown.length < keys.length && !isLost)) return;
  const known = subAttributes.map((each) => each.name).join(', ');
  throw invalidValue(`${name} contains no known sub-attribute; its sub-attributes are ${known}`);
}

/** Keeps the known attributes that clients may write, and ignores every other key. */
export function normalizeObject(
  attributes: readonly Attribute[],
  value: JsonObject,
  nameOf: (name: string) => string,
): JsonObject {
  const result: Record<string, JsonValue> = {};
  for (const [key, sent] of Object.entries(value)) {
    const attribute = findAttribute(attributes, key);
    if (attribute === undefined || !isWritable(attribute)) continue;
    if (Object.hasOwn(result, attribute.name)) {
      throw invalidValue(`${nameOf(attribute.name)} is given more than once`);
    }
    const normal = normalizeValue(attribute, sent, nameOf(attribute.name));
    if (normal !== undefined) result[attribute.name] = normal;
  }
  return result;
}

/** RFC 7643 §2.5: null and an empty list say that there is no value. */
export function isEmptyValue(value: JsonValue): boolean {
  return value === null || (Array.isArray(value) && value.length === 0);
}

/**
 * Whether clients may write the attribute and the directory stores it. `password` is accepted and
 * dropped.
 */
export function isWritable(attribute: Attribute): boolean {
  return attribute.mutability !== 'readOnly' && attribute.mutability !== 'writeOnly';
}

function checkType(attribute: Attribute, value: JsonValue, name: string): void {
  switch (attribute.type) {
    case 'boolean':
      if (typeof value !== 'boolean') throw invalidValue(`${name} must be true or false`);
      return;
    case 'integer':
      if (!Number.isSafeInteger(value)) throw invalidValue(`${name} must be a whole number`);
      return;
    case 'decimal':
      if (!Number.isFinite(value)) throw invalidValue(`${name} must be a number`);
      return;
    default:
      checkText(attribute, value, name);
  }
}

function checkText(attribute: Attribute, value: JsonValue, name: string): void {
  if (typeof value !== 'string') throw invalidValue(`${name} must be a string`);
  if (!value.isWellFormed() || value.includes('\0')) {
    throw invalidValue(`${name} contains a NUL character or an unpaired surrogate`);
  }
  checkLength(value, name);
  if (hasTooManyMarks(value)) {
    throw invalidValue(`${name} has more than ${MAX_MARKS} combining marks in a row`);
  }
  if (attribute.type === 'dateTime' && instant(value) === undefined) {
    throw invalidValue(`${name} must be a date and time such as 2026-01-31T12:00:00Z`);
  }
}

function checkLength(value: string, name: string): void {
  // A UTF-16 unit is at least one byte and at most three.
  if (value.length * 3 <= MAX_KEY_BYTES) return;
  const limit = KEYS.has(name) ? MAX_KEY_BYTES : MAX_TEXT_BYTES;
  if (value.length > limit || (value.length * 3 > limit && byteLength(value) > limit))
    throw invalidValue(`${name} is longer than ${limit} bytes`);
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** At most one element is primary (RFC 7643 §2.4). If several are, the last one counts. */
function withOnePrimary(elements: readonly JsonValue[]): readonly JsonValue[] {
  const isPrimary = (each: JsonValue) => isJsonObject(each) && each.primary === true;
  const last = elements.findLastIndex(isPrimary);
  return elements.map((each, index) =>
    index < last && isJsonObject(each) && isPrimary(each) ? { ...each, primary: false } : each,
  );
}

/** Deep equality. The order of keys doesn't matter; the order of elements does. */
export function sameValue(left: JsonValue | undefined, right: JsonValue | undefined): boolean {
  if (left === right) return true;
  if (Array.isArray(left) && Array.isArray(right)) {
    return (
      left.length === right.length && left.every((each, index) => sameValue(each, right[index]))
    );
  }
  if (!isJsonObject(left) || !isJsonObject(right)) return false;
  const keys = Object.keys(left);
  return (
    keys.length === Object.keys(right).length &&
    keys.every((key) => Object.hasOwn(right, key) && sameValue(left[key], right[key]))
  );
}

export function isEmpty(object: JsonObject): boolean {
  return Object.keys(object).length === 0;
}

/** A copy with the value under the key; without the key for undefined and an empty list. */
export function withValue(
  holder: JsonObject,
  key: string,
  value: JsonValue | undefined,
): JsonObject {
  if (value !== undefined && !(Array.isArray(value) && value.length === 0)) {
    return { ...holder, [key]: value };
  }
  const { [key]: _, ...rest } = holder;
  return rest;
}

export function withoutNull(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null));
}
