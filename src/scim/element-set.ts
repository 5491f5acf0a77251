/**
 * The elements of a multi-valued attribute, indexed by what makes two of them the same, so that
 * none is compared with every other.
 */
import { comparable } from './comparable.ts';
import type { Comparable } from './condition.ts';
import { isJsonObject, type JsonValue } from './json.ts';
import { type Attribute, findAttribute } from './schema.ts';

/** The positions of elements that share a value, by type. The key undefined stands for no type. */
type Typed = Map<Comparable | undefined, number>;

/**
 * Two elements are the same if their `value` is the same, and also their `type` if both have one.
 * Elements without `value` are the same if all their sub-attributes are.
 */
export class Elements {
  readonly #attribute: Attribute;
  readonly #list: JsonValue[] = [];
  readonly #positions = new Map<string, Typed>();

  constructor(attribute: Attribute, elements: readonly JsonValue[]) {
    this.#attribute = attribute;
    for (const each of elements) this.append(each);
  }

  get list(): readonly JsonValue[] {
    return this.#list;
  }

  /** The position of the same element, preferably of one with the same type. */
  find(element: JsonValue): number | undefined {
    const typed = this.#positions.get(this.#keyOf(element));
    const type = this.#typeOf(element);
    if (typed === undefined) return undefined;
    if (type === undefined) return typed.values().next().value;
    return typed.get(type) ?? typed.get(undefined);
  }

  append(element: JsonValue): number {
    const position = this.#list.push(element) - 1;
    this.#index(element, position);
    return position;
  }

  /** Adds the sub-attributes of `added`, including a type, to the element. */
  merge(position: number, added: JsonValue): number {
    const known = this.#list[position];
    const merged = isJsonObject(known) && isJsonObject(added) ? { ...known, ...added } : added;
    this.#list[position] = merged;
    const typed = this.#positions.get(this.#keyOf(merged));
    if (typed?.get(undefined) === position) typed.delete(undefined);
    this.#index(merged, position);
    return position;
  }

  #index(element: JsonValue, position: number): void {
    const key = this.#keyOf(element);
    const typed: Typed = this.#positions.get(key) ?? new Map();
    this.#positions.set(key, typed.set(this.#typeOf(element), position));
  }

  #keyOf(element: JsonValue): string {
    return keyOf(this.#attribute, element);
  }

  #typeOf(element: JsonValue): Comparable | undefined {
    return typeOf(this.#attribute, element);
  }
}

/**
 * Keeps each combination of type and value once (RFC 7643 §2.4): at its first position, merged with
 * the later elements. Returns the list itself if there are no duplicates.
 */
export function distinct(
  attribute: Attribute,
  elements: readonly JsonValue[],
): readonly JsonValue[] {
  if (elements.length < 2) return elements;
  const kept = new Map<string, JsonValue>();
  for (const each of elements) {
    const key = `${typeOf(attribute, each)} ${keyOf(attribute, each)}`;
    const known = kept.get(key);
    kept.set(key, known === undefined ? each : merged(known, each));
  }
  return kept.size === elements.length ? elements : [...kept.values()];
}

/** An element that was primary stays primary. */
function merged(known: JsonValue, each: JsonValue): JsonValue {
  if (!isJsonObject(known) || !isJsonObject(each)) return each;
  return { ...known, ...each, ...(known.primary === true ? { primary: true } : {}) };
}

function keyOf(attribute: Attribute, element: JsonValue): string {
  const simple = !isJsonObject(element);
  const value = simple ? element : element.value;
  const definition = simple ? attribute : findAttribute(attribute.subAttributes, 'value');
  const key = definition && comparable(definition, value);
  // A value could look like the JSON of an object, so the prefix keeps them apart.
  return key === undefined ? `all ${sortedText(element)}` : `value ${key}`;
}

function typeOf(attribute: Attribute, element: JsonValue): Comparable | undefined {
  const definition = findAttribute(attribute.subAttributes, 'type');
  return definition && isJsonObject(element) ? comparable(definition, element.type) : undefined;
}

function sortedText(element: JsonValue): string {
  return isJsonObject(element)
    ? JSON.stringify(Object.entries(element).sort(([a], [b]) => (a < b ? -1 : 1)))
    : JSON.stringify(element);
}
