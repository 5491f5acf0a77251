/**
 * Keys of a body that are paths, as those of a PATCH may be: `name.givenName`, and names with the
 * URN of their schema. Without it, `department` may be anything, and is unknown.
 */

import { parseAttributePath, refText, resolvePath } from './attribute-path.ts';
import type { AttributeRef } from './condition.ts';
import { invalidValue } from './error.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';
import {
  type Attribute,
  findAttribute,
  findExtension,
  type ResourceType,
  type Schema,
} from './schema.ts';
import { coreAttributes } from './schemas/common.ts';
import { isEmptyValue, isWritable, sameValue } from './values.ts';

interface Place {
  readonly path: readonly string[];
  readonly value: JsonValue;
  /** As the client sent it. */
  readonly key: string;
}

/**
 * Moves each such attribute to its place in the schema; returns the body itself if there is none.
 * ConnId sends such keys, and so do clients that use the keys of a PATCH in a PUT. Unknown ones are
 * dropped. Throws invalidValue for an attribute that is given twice, and for a filter in a key.
 * `{"urn:…:enterprise:2.0:User.department": "x", "name.givenName": "y"}` →
 * `{"urn:…:enterprise:2.0:User": {"department": "x"}, "name": {"givenName": "y"}}`
 */
export function placeQualifiedKeys(body: JsonObject, type: ResourceType): JsonObject {
  const places = placesIn(body, type);
  if (places.length === 0) return body;
  const plain = Object.entries(body).filter(([key]) => isPlain(key, type));
  return places.reduce<JsonObject>(
    (placed, { path, value, key }) => place(placed, path, value, key),
    Object.fromEntries(plain),
  );
}

const isPlain = (key: string, type: ResourceType): boolean =>
  isOwnName(coreAttributes(type), key) || findExtension(type, key) !== undefined;

/** Empty values need no place, because they are absent in any. */
function placesIn(body: JsonObject, type: ResourceType): readonly Place[] {
  const attributes = coreAttributes(type);
  const places: Place[] = [];
  for (const [key, value] of Object.entries(body)) {
    if (isOwnName(attributes, key)) continue;
    const extension = findExtension(type, key);
    if (extension !== undefined) {
      if (isJsonObject(value)) places.push(...placesInExtension(value, extension, type));
    } else if (key.toLowerCase() === type.schema.id.toLowerCase()) {
      places.push(...placesInCore(value, type));
    } else if (!isEmptyValue(value)) {
      const path = pathOf(refOf(key, type));
      if (path !== undefined) places.push({ path, value, key });
    }
  }
  return places;
}

function placesInCore(value: JsonValue, type: ResourceType): readonly Place[] {
  if (isEmptyValue(value)) return [];
  if (!isJsonObject(value)) throw invalidValue(`${type.schema.id} must be an object`);
  const plain = Object.entries(value)
    .filter(([key, each]) => isPlain(key, type) && !isEmptyValue(each))
    .map(([key, each]) => ({ path: [key], value: each, key }));
  return [...plain, ...placesIn(value, type)];
}

/** The keys in the object of an extension may repeat its URN. */
function placesInExtension(
  value: JsonObject,
  schema: Schema,
  type: ResourceType,
): readonly Place[] {
  const places: Place[] = [];
  for (const [key, each] of Object.entries(value)) {
    if (isOwnName(schema.attributes, key) || isEmptyValue(each)) continue;
    const ref = refOf(`${schema.id}:${key}`, type) ?? refOf(key, type);
    const path = ref?.extension === schema.id ? pathOf(ref) : undefined;
    if (path !== undefined) places.push({ path, value: each, key });
  }
  return places;
}

const isOwnName = (attributes: readonly Attribute[], key: string): boolean =>
  findAttribute(attributes, key) !== undefined;

/**
 * Undefined for an unknown key. Throws invalidValue for one with brackets, unless it would be
 * ignored anyway.
 */
function refOf(key: string, type: ResourceType): AttributeRef | undefined {
  const bracket = key.indexOf('[');
  const ref = resolvePath(type, parseAttributePath(bracket < 0 ? key : key.slice(0, bracket)));
  if (ref?.extension !== undefined && !/^urn:/i.test(key)) return undefined;
  if (bracket < 0 || ref === undefined || !isWritable(ref.attribute)) return ref;
  throw invalidValue(
    `${refText(ref)} is followed by [ ], which only the keys and paths of a PATCH may contain; ` +
      `send the whole value of ${refText(ref)} under its name`,
  );
}

/** Undefined for what clients can't write. */
function pathOf(ref: AttributeRef | undefined): readonly string[] | undefined {
  if (ref === undefined || !isWritable(ref.attribute)) return undefined;
  if (ref.sub !== undefined && !isWritable(ref.sub)) return undefined;
  return [ref.extension, ref.attribute.name, ref.sub?.name].filter((name) => name !== undefined);
}

/** A copy with the value at the path. Existing names are found in any case. */
function place(
  holder: JsonObject,
  [name = '', ...rest]: readonly string[],
  value: JsonValue,
  key: string,
): JsonObject {
  const found = Object.keys(holder).find((each) => each.toLowerCase() === name.toLowerCase());
  const held = found === undefined ? undefined : holder[found];
  const isFree = held === undefined || isEmptyValue(held);
  if (rest.length === 0) {
    if (!isFree && !sameValue(held, value)) throw invalidValue(`${key} is given more than once`);
    return { ...holder, [found ?? name]: value };
  }
  if (!isFree && !isJsonObject(held)) throw invalidValue(`${key} is given more than once`);
  return {
    ...holder,
    [found ?? name]: place(isJsonObject(held) ? held : {}, rest, value, key),
  };
}
