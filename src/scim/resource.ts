/** A resource as clients write it and the directory stores it, without what the server adds. */
import { invalidSyntax, invalidValue } from './error.ts';
import { isJsonObject, type JsonValue } from './json.ts';
import { placeQualifiedKeys } from './qualified-keys.ts';
import { checkRequired } from './required.ts';
import { findExtension, type ResourceType } from './schema.ts';
import { coreAttributes } from './schemas/common.ts';
import { isEmptyValue, normalizeObject } from './values.ts';

/**
 * Attribute values by name, in the spelling of the schema; extension attributes are in an object
 * under the extension's URN. Contains what clients may write, including `externalId`, but never
 * `schemas`, `id`, `meta`, a user's `groups`, `password`, unknown names, null, [] or an empty
 * object. `members` of a group is present only in what a client sent, and is then kept separately
 * (see members.ts).
 */
export type Attributes = { readonly [name: string]: JsonValue };

/**
 * Parses the body of a POST or PUT. Keys are case-insensitive, unknown and readOnly ones are
 * ignored, null and [] mean absent, and `schemas` is not checked. Throws invalidSyntax or
 * invalidValue.
 */
export function parseResource(sent: unknown, type: ResourceType): Attributes {
  if (!isJsonObject(sent)) throw invalidSyntax('the body must be a JSON object');
  const body = placeQualifiedKeys(sent, type);
  const result: Record<string, JsonValue> = {
    ...normalizeObject(coreAttributes(type), body, (name) => name),
  };
  for (const [key, value] of Object.entries(body)) {
    const schema = findExtension(type, key);
    if (schema === undefined || isEmptyValue(value)) continue;
    if (!isJsonObject(value)) throw invalidValue(`${schema.id} must be an object`);
    if (Object.hasOwn(result, schema.id))
      throw invalidValue(`${schema.id} is given more than once`);
    const extension = normalizeObject(schema.attributes, value, (name) => `${schema.id}:${name}`);
    if (Object.keys(extension).length > 0) result[schema.id] = extension;
  }
  checkRequired(result, type);
  return result;
}
