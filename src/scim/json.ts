/** The JSON of SCIM bodies. */
import { invalidSyntax } from './error.ts';

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: JsonValue;
}

/**
 * The member with this name in any case; `name` is in lower case. RFC 7643 §2.1 makes attribute
 * names case-insensitive, and clients treat all other names alike. Throws invalidSyntax if the name
 * occurs in two spellings, because one of them would be ignored.
 */
export function property(object: JsonObject, name: string): JsonValue | undefined {
  const [key, other] = Object.keys(object).filter((each) => each.toLowerCase() === name);
  if (other !== undefined)
    throw invalidSyntax(`${key} and ${other} are the same name; send only one of them`);
  return key === undefined ? undefined : object[key];
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
