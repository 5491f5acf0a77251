/**
 * Values that identity providers send in another form than the schema's. Each function corrects one
 * deviation.
 */

import { isJsonObject, type JsonObject, type JsonValue, property } from '../json.ts';
import type { Attribute, AttributeType } from '../schema.ts';
import { booleanText } from '../text.ts';

const TEXT: ReadonlySet<AttributeType> = new Set(['string', 'reference', 'binary']);

/**
 * Entra ID clears attributes of every type with an empty string. Where text belongs, it is text; and
 * for `active`, PHP writes false so, which must not be taken for "unchanged".
 * `{"manager": "", "emails": "", "primary": ""}` →
 * `{"manager": null, "emails": null, "primary": null}`
 */
export function nullFromEmptyText(attribute: Attribute, value: JsonValue): JsonValue {
  const clears = value === '' && !TEXT.has(attribute.type) && attribute.name !== 'active';
  return clears ? null : value;
}

/**
 * Entra ID and Keycloak's pelotech plugin send booleans as strings.
 * `{"active": "False"}` → `{"active": false}`
 */
export function booleanFromText(attribute: Attribute, value: JsonValue): JsonValue {
  if (attribute.type !== 'boolean' || typeof value !== 'string') return value;
  return booleanText(value) ?? value;
}

/**
 * The SCIM-SDK client and Keycloak's little-auth plugin wrap single values in a list; languages
 * whose lists and maps are one type write an empty object as a list.
 * `{"active": [false]}` → `{"active": false}`, `{"name": []}` → `{"name": null}`
 */
export function singleFromList(attribute: Attribute, value: JsonValue): JsonValue {
  if (attribute.multiValued || !Array.isArray(value) || value.length > 1) return value;
  return value[0] ?? null;
}

/**
 * Entra ID wraps single values as if they were elements of a list.
 * `{"active": [{"value": "False"}]}`, `{"displayName": {"$ref": null, "value": "x"}}` →
 * `{"active": "False"}`, `{"displayName": "x"}`
 */
export function valueFromObject(attribute: Attribute, value: JsonValue): JsonValue {
  if (attribute.type === 'complex' || !isJsonObject(value)) return value;
  const others = Object.keys(value).filter((key) => key.toLowerCase() !== 'value');
  const isWrapper =
    others.length === Object.keys(value).length - 1 &&
    others.every((key) => value[key] === null || key.toLowerCase() === '$ref');
  return isWrapper ? (property(value, 'value') ?? null) : value;
}

/**
 * Entra ID sends the manager as a bare id. Microsoft's Postman collection sends members as bare ids.
 * `{"manager": "2819c223"}` → `{"manager": {"value": "2819c223"}}`
 */
export function complexFromText(attribute: Attribute, value: JsonValue): JsonValue {
  if (attribute.type !== 'complex' || typeof value !== 'string') return value;
  return attribute.subAttributes.some(({ name }) => name === 'value') ? { value } : value;
}

/**
 * Entra ID also clears the manager with an empty string inside the object, and clients that send
 * back what they read clear it with null beside its `$ref`. Expects the canonical form, and what was
 * sent.
 * `{"manager": {"value": ""}}`, `{"manager": {"value": null, "$ref": "../Users/2819c223"}}` →
 * `{"manager": null}`
 */
export function clearedFromEmpty(
  attribute: Attribute,
  value: JsonObject,
  sent: JsonObject,
): JsonObject | undefined {
  const isNull = value.value === undefined && property(sent, 'value') !== undefined;
  if (attribute.multiValued || (value.value !== '' && !isNull)) return value;
  const hasMore = Object.keys(value).some((name) => name !== 'value' && name !== '$ref');
  return hasMore ? value : undefined;
}

/**
 * Clients send a single element instead of a list.
 * `{"emails": {"value": "a@example.com"}}` → `{"emails": [{"value": "a@example.com"}]}`
 */
export function listFromSingle(value: JsonValue): readonly JsonValue[] {
  if (!Array.isArray(value)) return value === null ? [] : [value];
  return value;
}
