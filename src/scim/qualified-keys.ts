/**
 * Keys of a body that are paths: attributes under their qualified names instead of in the object of
 * their schema.
 */

import { parseAttributePath, resolvePath } from './attribute-path.ts';
import { invalidValue } from './error.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';
import { findExtension, type ResourceType } from './schema.ts';
import { isEmptyValue } from './values.ts';

/**
 * Moves each such attribute to its place in the schema; returns the body itself if there is none.
 * ConnId sends such keys, and so do clients that use the keys of a PATCH in a PUT. Unknown ones are
 * dropped. Throws invalidValue for an attribute that is given twice.
 * `{"urn:…:enterprise:2.0:User.department": "x"}` →
 * `{"urn:…:enterprise:2.0:User": {"department": "x"}}`
 */
export function placeQualifiedKeys(body: JsonObject, type: ResourceType): JsonObject {
  const isQualified = (key: string) => /^urn:/i.test(key) && findExtension(type, key) === undefined;
  if (!Object.keys(body).some(isQualified)) return body;
  let result: JsonObject = {};
  for (const [key, value] of Object.entries(body)) {
    if (!isQualified(key)) result = place(result, [key], value, key);
  }
  for (const [key, value] of Object.entries(body)) {
    if (!isQualified(key)) continue;
    for (const [path, each] of placesOf(key, value, type)) result = place(result, path, each, key);
  }
  return result;
}

type Place = readonly [path: readonly string[], value: JsonValue];

function placesOf(key: string, value: JsonValue, type: ResourceType): readonly Place[] {
  if (key.toLowerCase() === type.schema.id.toLowerCase()) {
    if (isEmptyValue(value)) return [];
    if (!isJsonObject(value)) throw invalidValue(`${type.schema.id} must be an object`);
    return Object.entries(value).map(([name, each]) => [[name], each]);
  }
  const ref = resolvePath(type, parseAttributePath(key));
  if (ref === undefined) return [];
  const path = [ref.extension, ref.attribute.name, ref.sub?.name];
  return [[path.filter((name) => name !== undefined), value]];
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
    if (!isFree) throw invalidValue(`${key} is given more than once`);
    return { ...holder, [found ?? name]: value };
  }
  if (!isFree && !isJsonObject(held)) throw invalidValue(`${key} is given more than once`);
  return {
    ...holder,
    [found ?? name]: place(isJsonObject(held) ? held : {}, rest, value, key),
  };
}
