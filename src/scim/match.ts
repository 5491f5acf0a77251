/**
 * Evaluates conditions in memory: PATCH selects elements this way, and tests compare the SQL
 * compiler with it.
 */
import { comparable } from './comparable.ts';
import type { AttributeRef, Comparable, Condition } from './condition.ts';
import type { CompareOperator } from './filter.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';
import type { Attribute } from './schema.ts';
import { compareText } from './text.ts';

/**
 * Whether a resource in canonical spelling (see Attributes), or an element of a value path,
 * satisfies the condition.
 */
export function matches(condition: Condition, holder: JsonValue): boolean {
  switch (condition.kind) {
    case 'constant':
      return condition.value;
    case 'and':
      return condition.terms.every((term) => matches(term, holder));
    case 'or':
      return condition.terms.some((term) => matches(term, holder));
    case 'not':
      return !matches(condition.term, holder);
    case 'present':
      return values(condition.ref, holder).some(isPresent);
    case 'compare':
      return compares(condition.ref, condition.operator, condition.value, holder);
    case 'any':
      return values(condition.ref, holder).some((element) => matches(condition.where, element));
  }
}

/** `pr` requires a non-empty value (RFC 7644 §3.4.2.2). */
function isPresent(value: JsonValue): boolean {
  if (isJsonObject(value)) return Object.values(value).some(isPresent);
  return Array.isArray(value) ? value.some(isPresent) : value !== null && value !== '';
}

/** The values of the attribute, with arrays flattened; empty if the attribute is absent. */
function values(ref: AttributeRef, holder: JsonValue): readonly JsonValue[] {
  const outer = ref.extension === undefined ? holder : property(holder, ref.extension);
  const elements = flatten(element(outer, ref.attribute));
  const { sub } = ref;
  return sub === undefined
    ? elements
    : elements.flatMap((each) => flatten(property(each, sub.name)));
}

/** Inside the `[ ]` of a simple multi-valued attribute, the holder is the value itself. */
function element(holder: JsonValue | undefined, attribute: Attribute): JsonValue | undefined {
  if (isJsonObject(holder)) return property(holder, attribute.name);
  return attribute.name === 'value' ? holder : undefined;
}

function property(holder: JsonValue | undefined, name: string): JsonValue | undefined {
  return isJsonObject(holder) && Object.hasOwn(holder, name)
    ? (holder as JsonObject)[name]
    : undefined;
}

function flatten(value: JsonValue | undefined): readonly JsonValue[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

function compares(
  ref: AttributeRef,
  operator: CompareOperator,
  expected: Comparable | null,
  holder: JsonValue,
): boolean {
  const compared = ref.sub ?? ref.attribute;
  const found = values(ref, holder)
    .map((value) => comparable(compared, value))
    .filter((value) => value !== undefined);
  if (expected === null)
    return operator === 'eq' ? found.length === 0 : operator === 'ne' && found.length > 0;
  if (found.length === 0) return operator === 'ne';
  return found.some((value) => OPERATIONS[operator](value, expected));
}

const OPERATIONS: Record<CompareOperator, (left: Comparable, right: Comparable) => boolean> = {
  eq: (left, right) => left === right,
  ne: (left, right) => left !== right,
  co: (left, right) => String(left).includes(String(right)),
  sw: (left, right) => String(left).startsWith(String(right)),
  ew: (left, right) => String(left).endsWith(String(right)),
  gt: (left, right) => order(left, right) > 0,
  ge: (left, right) => order(left, right) >= 0,
  lt: (left, right) => order(left, right) < 0,
  le: (left, right) => order(left, right) <= 0,
};

/** Numbers by size, text by its UTF-8 bytes. */
export function order(left: Comparable, right: Comparable): number {
  if (typeof left === 'string' && typeof right === 'string') return compareText(left, right);
  return Number(left) - Number(right);
}
