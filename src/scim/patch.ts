/** PATCH operations applied to attributes (RFC 7644 §3.5.2.1–3), purely: a refused one leaves nothing behind. */
import type { Condition } from './condition.ts';
import { invalidPath, invalidValue } from './error.ts';
import { keepImmutable } from './immutable.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';
import { nextElements } from './patch-elements.ts';
import type { PatchOperation } from './patch-parser.ts';
import { checkRequired } from './required.ts';
import type { Attributes } from './resource.ts';
import type { ResourceType } from './schema.ts';
import { isEmpty, MAX_VALUES, withoutNull, withValue } from './values.ts';

/** Comparisons in all filters of one PATCH: each is made with every element, while other writes wait. */
export const MAX_COMPARISONS = 4000;

/** Throws noTarget, mutability or invalidValue, and invalidPath for filters that ask for too much. */
export function applyPatch(
  current: Attributes,
  operations: readonly PatchOperation[],
  type: ResourceType,
): Attributes {
  const filters = operations.flatMap(({ selector }) => selector?.where ?? []);
  if (comparisons(filters) > MAX_COMPARISONS) {
    throw invalidPath(`the filters of a PATCH may have ${MAX_COMPARISONS} comparisons at the most`);
  }
  const changed = operations.reduce(applyOperation, current);
  const result = keepImmutable(current, changed, type, 'refused');
  checkRequired(result, type);
  return result;
}

function comparisons(conditions: readonly Condition[]): number {
  return conditions.reduce((sum, condition) => sum + comparisonsIn(condition), 0);
}

function comparisonsIn(condition: Condition): number {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return comparisons(condition.terms);
    case 'not':
      return comparisonsIn(condition.term);
    case 'any':
      return comparisonsIn(condition.where);
    default:
      return 1;
  }
}

function applyOperation(attributes: Attributes, operation: PatchOperation): Attributes {
  const { extension } = operation.ref;
  if (extension === undefined) return applyTo(attributes, operation);
  const held = attributes[extension];
  const changed = applyTo(isJsonObject(held) ? held : {}, operation);
  return withValue(attributes, extension, isEmpty(changed) ? undefined : changed);
}

function applyTo(holder: JsonObject, operation: PatchOperation): JsonObject {
  const { attribute } = operation.ref;
  const current = Object.hasOwn(holder, attribute.name) ? holder[attribute.name] : undefined;
  const next = attribute.multiValued
    ? nextElements(operation, Array.isArray(current) ? current : [])
    : nextSingle(operation, current);
  if (Array.isArray(next) && next.length > MAX_VALUES) {
    throw invalidValue(`${attribute.name} would have more than ${MAX_VALUES} values`);
  }
  return withValue(holder, attribute.name, next);
}

/** Add and replace are the same on a single value; of a complex one, what isn't named stays. */
function nextSingle(
  { verb, ref, value }: PatchOperation,
  current: JsonValue | undefined,
): JsonValue | undefined {
  const { sub } = ref;
  const given = verb === 'remove' ? undefined : value;
  const named = sub === undefined ? given : { [sub.name]: given ?? null };
  if (!isJsonObject(named)) return named;
  const held = isJsonObject(current) ? current : {};
  const changed = withoutNull({ ...withoutStaleReference(held, named), ...named });
  return isEmpty(changed) ? undefined : changed;
}

/** A manager who is replaced by id alone takes the old one's `$ref` along. */
function withoutStaleReference(held: JsonObject, named: JsonObject): JsonObject {
  const isSame = held.value === undefined || named.value === undefined;
  if (isSame || held.value === named.value) return held;
  const { $ref: _, ...rest } = held;
  return rest;
}
