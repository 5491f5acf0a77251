/** PATCH operations applied to attributes (RFC 7644 §3.5.2.1–3), purely: a refused one leaves nothing behind. */
import type { Condition } from './condition.ts';
import { Elements } from './elements.ts';
import { invalidPath, invalidValue, noTarget } from './error.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';
import { matches } from './match.ts';
import type { PatchOperation, Selector } from './patch-parser.ts';
import { refText } from './resolve.ts';
import { type Attributes, checkRequired } from './resource.ts';
import type { Attribute, ResourceType } from './schema.ts';
import { MAX_VALUES } from './values.ts';

/** Comparisons in all filters of one PATCH: each is made with every element, while other writes wait. */
export const MAX_COMPARISONS = 4000;

/** Throws noTarget or invalidValue, and invalidPath for filters that ask for too much. */
export function applyPatch(
  current: Attributes,
  operations: readonly PatchOperation[],
  type: ResourceType,
): Attributes {
  const filters = operations.flatMap(({ selector }) => selector?.where ?? []);
  if (comparisons(filters) > MAX_COMPARISONS) {
    throw invalidPath(`the filters of a PATCH may have ${MAX_COMPARISONS} comparisons at the most`);
  }
  const result = operations.reduce(applyOperation, current);
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
  const { extension, attribute } = operation.ref;
  if (extension === undefined) return applyTo(attributes, operation);
  const held = attributes[extension];
  const changed = applyTo(isJsonObject(held) ? held : {}, operation);
  return withValue(attributes, extension, isEmpty(changed) ? undefined : changed, attribute.name);
}

function applyTo(holder: JsonObject, operation: PatchOperation): JsonObject {
  const { attribute } = operation.ref;
  const current = Object.hasOwn(holder, attribute.name) ? holder[attribute.name] : undefined;
  const next = attribute.multiValued
    ? nextElements(operation, Array.isArray(current) ? current : [])
    : nextSingle(operation, current);
  return withValue(holder, attribute.name, next, attribute.name);
}

function withValue(
  holder: JsonObject,
  key: string,
  value: JsonValue | undefined,
  name: string,
): JsonObject {
  const { [key]: _, ...rest } = holder;
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return rest;
  if (Array.isArray(value) && value.length > MAX_VALUES) {
    throw invalidValue(`${name} would have more than ${MAX_VALUES} values`);
  }
  return { ...holder, [key]: value };
}

function isEmpty(object: JsonObject): boolean {
  return Object.keys(object).length === 0;
}

/** Add and replace are the same on a single value; of a complex one, what isn't named stays. */
function nextSingle(
  { verb, ref, value }: PatchOperation,
  current: JsonValue | undefined,
): JsonValue | undefined {
  const { sub } = ref;
  const held = isJsonObject(current) ? current : {};
  if (sub !== undefined) {
    const changed = withValue(held, sub.name, verb === 'remove' ? undefined : value, sub.name);
    return isEmpty(changed) ? undefined : withoutStaleReference(held, changed);
  }
  if (verb === 'remove' || value === undefined) return undefined;
  if (!isJsonObject(value)) return value;
  const changed = withoutNull({ ...held, ...value });
  return isEmpty(changed) ? undefined : withoutStaleReference(held, changed);
}

function withoutNull(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null));
}

/** A manager who is replaced by id alone takes the old one's `$ref` along. */
function withoutStaleReference(before: JsonObject, after: JsonObject): JsonObject | undefined {
  const isStale = before.value !== after.value && before.$ref === after.$ref;
  if (!isStale || after.$ref === undefined || before.value === undefined) return after;
  const { $ref: _, ...rest } = after;
  return isEmpty(rest) ? undefined : rest;
}

function nextElements(
  operation: PatchOperation,
  current: readonly JsonValue[],
): readonly JsonValue[] | undefined {
  const { verb, ref, selector, value } = operation;
  if (selector !== undefined || ref.sub !== undefined) return changeSelected(operation, current);
  const given = Array.isArray(value) ? value : [];
  if (verb === 'add') return addElements(ref.attribute, current, given);
  if (verb === 'replace') return given;
  // Entra and authentik name the elements to be removed in the value; without one all go.
  if (value === undefined) return undefined;
  const gone = new Elements(ref.attribute, given);
  return current.filter((each) => gone.find(each) === undefined);
}

/** RFC 7644 §3.5.2.1: a value that is there already is not added again; it may bring more sub-attributes. */
function addElements(
  attribute: Attribute,
  current: readonly JsonValue[],
  given: readonly JsonValue[],
): readonly JsonValue[] {
  const elements = new Elements(attribute, current);
  let primary: number | undefined;
  for (const added of given) {
    const index = elements.find(added);
    const at = index === undefined ? elements.append(added) : elements.merge(index, added);
    if (isPrimary(added)) primary = at;
  }
  return primary === undefined ? elements.list : keepOnePrimary(elements.list, primary);
}

function changeSelected(
  operation: PatchOperation,
  current: readonly JsonValue[],
): readonly JsonValue[] {
  const { verb, selector } = operation;
  const selected = current.map((each) => selector === undefined || matches(selector.where, each));
  if (verb === 'remove') {
    return current.flatMap((each, index) =>
      selected[index] ? withoutSub(operation, each) : [each],
    );
  }
  if (!selected.includes(true)) {
    const made = newElement(operation, selector);
    return made === undefined ? current : keepOnePrimary([...current, made], current.length);
  }
  const changed = current.map((each, index) =>
    selected[index] ? changeElement(operation, each) : each,
  );
  const made = changed.findIndex((each, index) => isPrimary(each) && !isPrimary(current[index]));
  return made < 0 ? changed : keepOnePrimary(changed, made);
}

function withoutSub({ ref }: PatchOperation, element: JsonValue): readonly JsonValue[] {
  if (ref.sub === undefined || !isJsonObject(element)) return [];
  const { [ref.sub.name]: _, ...rest } = element;
  return isEmpty(rest) ? [] : [rest];
}

/** Replace leaves of a selected element only what the filter says of it (RFC 7644 §3.5.2.3); add leaves the rest. */
function changeElement(
  { verb, ref, selector, value }: PatchOperation,
  element: JsonValue,
): JsonValue {
  if (!isJsonObject(element)) return value ?? element;
  if (ref.sub !== undefined) return withValue(element, ref.sub.name, value, ref.sub.name);
  if (!isJsonObject(value) || isEmpty(value)) return element;
  const kept = verb === 'replace' ? (selector?.template ?? {}) : element;
  return withoutNull({ ...kept, ...value });
}

/** The element that a filter without a match asks for; undefined where there is no value to be set. */
function newElement(
  operation: PatchOperation,
  selector: Selector | undefined,
): JsonValue | undefined {
  if (operation.value === undefined) return undefined;
  const template = selector === undefined ? {} : selector.template;
  const made = template === undefined ? undefined : changeElement(operation, template);
  // One that the filter doesn't find would be made again by every repetition.
  if (made === undefined || (selector !== undefined && !matches(selector.where, made))) {
    throw noTarget(`no value of ${refText(operation.ref)} matches the filter in the path`);
  }
  return made;
}

function isPrimary(element: JsonValue | undefined): boolean {
  return isJsonObject(element) && element.primary === true;
}

/** RFC 7644 §3.5.2: the element at `index` became primary, so the others are not any more. */
function keepOnePrimary(elements: readonly JsonValue[], index: number): readonly JsonValue[] {
  if (!isPrimary(elements[index])) return elements;
  return elements.map((each, at) =>
    at !== index && isJsonObject(each) && each.primary === true
      ? { ...each, primary: false }
      : each,
  );
}
