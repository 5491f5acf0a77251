/** JSON as SCIM bodies carry it. */

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: JsonValue;
}

/** The member with this name in any case; `name` in lower case. RFC 7643 §2.1 frees the names of attributes, and clients all others. */
export function property(object: JsonObject, name: string): JsonValue | undefined {
  const key = Object.keys(object).find((each) => each.toLowerCase() === name);
  return key === undefined ? undefined : object[key];
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
