/** JSON as SCIM bodies carry it. */
import { invalidSyntax } from './error.ts';

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: JsonValue;
}

/**
 * The member with this name in any case; `name` in lower case. RFC 7643 §2.1 frees the names of
 * attributes, and clients all others. Throws invalidSyntax where the name is there in two
 * spellings, as one of the two would be left undone.
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
