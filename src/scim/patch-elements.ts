/** PATCH operations on the elements of a multi-valued attribute. */

import { refText } from './attribute-path.ts';
import { distinct, Elements } from './element-set.ts';
import { noTarget } from './error.ts';
import { refuseImmutable } from './immutable.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';
import { matches } from './match.ts';
import type { PatchOperation } from './patch-operation.ts';
import type { Selector } from './patch-target.ts';
import type { Attribute } from './schema.ts';
import { isEmpty, withoutNull, withValue } from './values.ts';

/**
 * The elements after the operation. An empty list or undefined means that the attribute is absent.
 * Throws noTarget.
 */
export function nextElements(
  operation: PatchOperation,
  current: readonly JsonValue[],
): readonly JsonValue[] | undefined {
  const { verb, ref, selector, value } = operation;
  if (selector !== undefined || ref.sub !== undefined) {
    // Setting the same value in several elements may make them the same.
    return distinct(ref.attribute, changeSelected(operation, current));
  }
  const given = Array.isArray(value) ? value : [];
  if (verb === 'add') return addElements(ref.attribute, current, given);
  if (verb === 'replace') return given;
  // Entra and authentik list the elements to remove in the value. Without a value, all are removed.
  if (value === undefined) return undefined;
  const gone = new Elements(ref.attribute, given);
  return current.filter((each) => gone.find(each) === undefined);
}

/** Elements to remove, without `value`, that the list doesn't have as they are. */
export function partsToRemove(
  { verb, ref, selector, value }: PatchOperation,
  current: readonly JsonValue[],
): readonly JsonObject[] {
  const isList = verb === 'remove' && selector === undefined && ref.sub === undefined;
  const given = isList && Array.isArray(value) ? value : [];
  if (!given.some(isPart)) return [];
  const gone = new Elements(ref.attribute, given);
  const found = new Set(current.map((each) => gone.find(each)));
  return given.filter((_each, index) => !found.has(index)).filter(isPart);
}

const isPart = (element: JsonValue): element is JsonObject =>
  isJsonObject(element) && element.value === undefined;

/**
 * A value that already exists is not added again, but gets the new sub-attributes (RFC 7644
 * §3.5.2.1).
 */
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
  const first = changed.findIndex((each, index) => selected[index] && isPrimary(each));
  return keepOnePrimary(changed, first).filter((each) => !isJsonObject(each) || !isEmpty(each));
}

function withoutSub({ ref }: PatchOperation, element: JsonValue): readonly JsonValue[] {
  if (ref.sub === undefined || !isJsonObject(element)) return [];
  refuseImmutable(ref.sub, element[ref.sub.name], undefined, refText(ref));
  const { [ref.sub.name]: _, ...rest } = element;
  return isEmpty(rest) ? [] : [rest];
}

/**
 * Replace keeps only what the filter says of the selected element (RFC 7644 §3.5.2.3). Add keeps
 * the rest.
 */
function changeElement(
  { verb, ref, selector, value }: PatchOperation,
  element: JsonValue,
): JsonValue {
  if (!isJsonObject(element)) return value ?? element;
  if (ref.sub !== undefined) {
    refuseImmutable(ref.sub, element[ref.sub.name], value, refText(ref));
    return withValue(element, ref.sub.name, value);
  }
  if (!isJsonObject(value) || isEmpty(value)) return element;
  const kept = verb === 'replace' ? heldOf(selector?.template ?? {}, element) : element;
  return withoutNull({ ...kept, ...value });
}

/** What the filter says of the selected element, in the spelling that the element has. */
function heldOf(template: JsonObject, element: JsonObject): JsonObject {
  const spelled = Object.entries(template).map(([name, value]) => [name, element[name] ?? value]);
  return Object.fromEntries(spelled);
}

/** The element that a filter without a match describes; undefined if there is no value to set. */
function newElement(
  operation: PatchOperation,
  selector: Selector | undefined,
): JsonValue | undefined {
  if (operation.value === undefined) return undefined;
  const template = selector === undefined ? {} : selector.template;
  const made = template === undefined ? undefined : changeElement(operation, template);
  // An element that the filter doesn't find would be created again by every retry.
  if (made === undefined || (selector !== undefined && !matches(selector.where, made))) {
    throw noTarget(`no value of ${refText(operation.ref)} matches the filter in the path`);
  }
  return made;
}

function isPrimary(element: JsonValue | undefined): boolean {
  return isJsonObject(element) && element.primary === true;
}

/** If the element at `index` is primary, the others no longer are (RFC 7644 §3.5.2). */
function keepOnePrimary(elements: readonly JsonValue[], index: number): readonly JsonValue[] {
  if (!isPrimary(elements[index])) return elements;
  return elements.map((each, at) =>
    at !== index && isJsonObject(each) && each.primary === true
      ? { ...each, primary: false }
      : each,
  );
}
