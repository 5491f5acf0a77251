/** One operation of a PATCH on a single attribute (RFC 7644 §3.5.2), with its canonical value. */

import { refText } from './attribute-path.ts';
import type { AttributeRef } from './condition.ts';
import { invalidValue } from './error.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';
import type { Selector, Target } from './patch-target.ts';
import { type Attribute, findAttribute } from './schema.ts';
import { isWritable, mendSingle, normalizeValue, sameValue } from './values.ts';

export type PatchVerb = 'add' | 'replace' | 'remove';

export interface PatchOperation {
  readonly verb: PatchVerb;
  readonly ref: AttributeRef;
  readonly selector: Selector | undefined;
  /**
   * Canonical. Undefined for a remove without a value, and for null, [] and everything else that
   * means absent. In the object of a single complex value, null removes the sub-attribute.
   */
  readonly value: JsonValue | undefined;
}

/** Throws invalidValue. */
export function operationOn(
  verb: 'add' | 'replace',
  { ref, selector }: Target,
  sent: JsonValue | undefined,
): PatchOperation {
  const { attribute, sub } = ref;
  const valued = sub ?? (selector === undefined ? attribute : { ...attribute, multiValued: false });
  const name = refText(ref);
  const value =
    valued.type === 'complex' && !valued.multiValued && sent !== undefined
      ? complexChange(verb, valued, mendSingle(valued, sent), name)
      : normalizeValue(valued, sent, name);
  const wholeElement = selector !== undefined && sub === undefined;
  if (verb === 'replace' && wholeElement && value === undefined) {
    return { verb: 'remove', ref, selector, value };
  }
  const cleared = sub?.name === 'value' && value === '' && !attribute.multiValued;
  return { verb, ref, selector, value: cleared ? undefined : value };
}

/**
 * The canonical object, with null for each sub-attribute that the client clears; {} changes
 * nothing.
 */
function complexChange(
  verb: 'add' | 'replace',
  attribute: Attribute,
  given: JsonValue,
  name: string,
): JsonObject | undefined {
  const known = normalizeValue(attribute, given, name);
  if (!isJsonObject(given)) return undefined;
  if (Object.keys(given).length === 0) return verb === 'add' ? {} : undefined;
  const emptied = Object.keys(given)
    .map((key) => findAttribute(attribute.subAttributes, key))
    .filter((sub) => sub !== undefined)
    .filter(isWritable)
    .map((sub) => [sub.name, null]);
  return { ...Object.fromEntries(emptied), ...(isJsonObject(known) ? known : {}) };
}

/**
 * The parts of one complex value that have keys of their own are one change of that value. Throws
 * invalidValue for different values of one attribute.
 */
export function withJoinedParts(operations: readonly PatchOperation[]): readonly PatchOperation[] {
  refuseRepeated(operations);
  const last = new Map<Attribute, number>();
  const joined: PatchOperation[] = [];
  for (const each of operations) {
    const at = last.get(each.ref.attribute) ?? joined.length;
    const [before, part] = [joined[at] && partsOf(joined[at]), partsOf(each)];
    if (before !== undefined && part !== undefined) {
      const ref = { ...each.ref, sub: undefined };
      joined[at] = { ...each, ref, value: joinedValue(before, part) };
    } else {
      last.set(each.ref.attribute, joined.push(each) - 1);
    }
  }
  return joined;
}

/** A value counts before null. */
function joinedValue(before: JsonObject, part: JsonObject): JsonObject {
  const given = Object.entries(part).filter(
    ([name, each]) => each !== null || (before[name] ?? null) === null,
  );
  return { ...before, ...Object.fromEntries(given) };
}

function refuseRepeated(operations: readonly PatchOperation[]): void {
  const given = new Map<string, JsonValue>();
  for (const operation of operations) {
    const filter = JSON.stringify(operation.selector?.template);
    for (const [name, value] of valuesIn(operation)) {
      const key = `${name} ${filter}`;
      const other = given.get(key);
      if (other !== undefined && !sameValue(other, value)) {
        throw invalidValue(`${name} is given more than once, with different values`);
      }
      given.set(key, value);
    }
  }
}

/**
 * The values, by what gets them. What is cleared may get a value, and elements that only a
 * complicated filter selects may differ.
 */
function valuesIn(operation: PatchOperation): readonly (readonly [string, JsonValue])[] {
  const { ref, selector, value } = operation;
  const parts = partsOf(operation);
  if (parts !== undefined) {
    const whole = refText({ ...ref, sub: undefined });
    return Object.entries(parts)
      .filter(([, each]) => each !== null)
      .map(([name, each]) => [`${whole}.${name}`, each]);
  }
  const isVague = selector !== undefined && selector.template === undefined;
  return value === undefined || isVague ? [] : [[refText(ref), value]];
}

function partsOf({ ref, selector, value }: PatchOperation): JsonObject | undefined {
  if (ref.attribute.multiValued || selector !== undefined) return undefined;
  if (ref.sub !== undefined) return { [ref.sub.name]: value ?? null };
  return isJsonObject(value) ? value : undefined;
}
