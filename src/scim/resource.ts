/**
 * A resource as clients write it and the directory keeps it, apart from what only the server knows
 * of it.
 */
import { invalidSyntax, invalidValue } from './error.ts';
import { isJsonObject, type JsonValue } from './json.ts';
import { placeQualifiedKeys } from './qualified-keys.ts';
import { checkRequired } from './required.ts';
import { findExtension, type ResourceType } from './schema.ts';
import { coreAttributes } from './schemas/common.ts';
import { isEmptyValue, normalizeObject } from './values.ts';

/**
 * Attribute values under the schema's own spelling of their names; extension attributes in an
 * object under the extension's URN. Holds what clients may write, `externalId` included; never
 * `schemas`, `id`,
 * `meta`, `groups` of a user, `password`, unknown names, null, [] or an empty object.
 * `members` of a group appears in what a client sent, and is kept apart from there on (see
 * members.ts).
 */
export type Attributes = { readonly [name: string]: JsonValue };

/**
 * The attributes in the body of a POST or PUT. Keys in any case; unknown and readOnly ones are
 * ignored, null and [] are absent, `schemas` may say what it likes. Throws invalidSyntax or
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
