/** PATCH operations applied to attributes (RFC 7644 §3.5.2.1–3), purely: a refused one leaves nothing behind. */
import { comparable } from './comparable.ts';
import { invalidValue, noTarget } from './error.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';
import { matches } from './match.ts';
import type { PatchOperation, Selector } from './patch-parser.ts';
import { refText } from './resolve.ts';
import { type Attributes, checkRequired } from './resource.ts';
import { type Attribute, findAttribute, type ResourceType } from './schema.ts';
import { MAX_VALUES, sameValue } from './values.ts';

/** Throws noTarget or invalidValue. */
export function applyPatch(
  current: Attributes,
  operations: readonly PatchOperation[],
  type: ResourceType,
): Attributes {
  const result = operations.reduce(applyOperation, current);
  checkRequired(result, type);
  return result;
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
    return isEmpty(changed) ? undefined : changed;
  }
  if (verb === 'remove' || value === undefined) return undefined;
  return isJsonObject(value) ? { ...held, ...value } : value;
}

function nextElements(
  operation: PatchOperation,
  current: readonly JsonValue[],
): readonly JsonValue[] | undefined {
  const { verb, ref, selector, value } = operation;
  if (selector !== undefined || ref.sub !== undefined) return changeSelected(operation, current);
  const given = Array.isArray(value) ? value : [];
  if (verb === 'add') return given.reduce<readonly JsonValue[]>(addElement(ref.attribute), current);
  if (verb === 'replace') return given;
  // Entra and authentik name the elements to be removed in the value; without one all go.
  if (value === undefined) return undefined;
  return current.filter((each) => !given.some((gone) => isSame(ref.attribute, each, gone)));
}

/** RFC 7644 §3.5.2.1: a value that is there already is not added again; it may bring more sub-attributes. */
function addElement(attribute: Attribute) {
  return (elements: readonly JsonValue[], added: JsonValue): readonly JsonValue[] => {
    const index = elements.findIndex((each) => isSame(attribute, each, added));
    const known = elements[index];
    const merged = isJsonObject(known) && isJsonObject(added) ? { ...known, ...added } : added;
    const next = index < 0 ? [...elements, added] : elements.with(index, merged);
    return keepOnePrimary(next, index < 0 ? next.length - 1 : index);
  };
}

/** The same element: equal `value` and, where both have one, `type`; without `value`, equal in all. */
function isSame(attribute: Attribute, left: JsonValue, right: JsonValue): boolean {
  const valueDefinition = findAttribute(attribute.subAttributes, 'value');
  if (!isJsonObject(left) || !isJsonObject(right) || valueDefinition === undefined) {
    return sameValue(left, right);
  }
  const [a, b] = [
    comparable(valueDefinition, left.value),
    comparable(valueDefinition, right.value),
  ];
  if (a === undefined || b === undefined) return sameValue(left, right);
  return (
    a === b && (left.type === undefined || right.type === undefined || left.type === right.type)
  );
}

function changeSelected(
  operation: PatchOperation,
  current: readonly JsonValue[],
): readonly JsonValue[] {
  const { verb, selector, ref } = operation;
  const selected = current.map((each) => selector === undefined || matches(selector.where, each));
  if (verb === 'remove') {
    return current.flatMap((each, index) =>
      selected[index] ? withoutSub(operation, each) : [each],
    );
  }
  if (!selected.includes(true)) return [...current, ...newElement(operation, selector)];
  const changed = current.map((each, index) =>
    selected[index] ? changeElement(operation, each) : each,
  );
  const made = changed.findIndex(
    (each, index) => selected[index] && !sameValue(each, current[index]),
  );
  return ref.sub === undefined || ref.sub.name === 'primary'
    ? keepOnePrimary(changed, made)
    : changed;
}

function withoutSub({ ref }: PatchOperation, element: JsonValue): readonly JsonValue[] {
  if (ref.sub === undefined || !isJsonObject(element)) return [];
  const { [ref.sub.name]: _, ...rest } = element;
  return isEmpty(rest) ? [] : [rest];
}

function changeElement({ ref, value }: PatchOperation, element: JsonValue): JsonValue {
  if (!isJsonObject(element)) return value ?? element;
  if (ref.sub !== undefined) return withValue(element, ref.sub.name, value, ref.sub.name);
  return isJsonObject(value) ? { ...element, ...value } : element;
}

function newElement(
  operation: PatchOperation,
  selector: Selector | undefined,
): readonly JsonValue[] {
  if (operation.value === undefined) return [];
  const template = selector === undefined ? {} : selector.template;
  if (template === undefined) {
    throw noTarget(`no value of ${refText(operation.ref)} matches the filter in the path`);
  }
  return [changeElement(operation, template)];
}

/** RFC 7644 §3.5.2: the element at `index` became primary, so the others are not any more. */
function keepOnePrimary(elements: readonly JsonValue[], index: number): readonly JsonValue[] {
  const made = elements[index];
  if (!isJsonObject(made) || made.primary !== true) return elements;
  return elements.map((each, at) =>
    at !== index && isJsonObject(each) && each.primary === true
      ? { ...each, primary: false }
      : each,
  );
}
