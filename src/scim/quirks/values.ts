/** Values that identity providers send in another form than the schema's; each function mends one deviation. */
import { booleanText } from '../comparable.ts';
import { isJsonObject, type JsonValue } from '../json.ts';
import type { Attribute } from '../schema.ts';

/**
 * Entra ID and Keycloak's pelotech plugin send booleans as text.
 * `{"active": "False"}` → `{"active": false}`
 */
export function booleanFromText(attribute: Attribute, value: JsonValue): JsonValue {
  if (attribute.type !== 'boolean' || typeof value !== 'string') return value;
  return booleanText(value) ?? value;
}

/**
 * The SCIM-SDK client and Keycloak's little-auth plugin wrap single values in a list.
 * `{"active": [false]}` → `{"active": false}`
 */
export function singleFromList(attribute: Attribute, value: JsonValue): JsonValue {
  if (attribute.multiValued || !Array.isArray(value) || value.length !== 1) return value;
  return value[0] as JsonValue;
}

/**
 * Entra ID sends the manager as its bare id, and the reference collection of Microsoft sends members so.
 * `{"manager": "2819c223"}` → `{"manager": {"value": "2819c223"}}`
 */
export function complexFromText(attribute: Attribute, value: JsonValue): JsonValue {
  const hasValue = attribute.subAttributes.some(({ name }) => name === 'value');
  return hasValue && typeof value === 'string' ? { value } : value;
}

/**
 * Entra ID clears the manager with an empty string, bare or inside the object.
 * `{"manager": ""}`, `{"manager": {"value": ""}}` → `{"manager": null}`
 */
export function clearedFromEmpty(attribute: Attribute, value: JsonValue): JsonValue {
  if (attribute.type !== 'complex' || attribute.multiValued) return value;
  const emptyValue = isJsonObject(value) && value.value === '' && !hasMore(value);
  return value === '' || emptyValue ? null : value;
}

function hasMore(value: { readonly [name: string]: JsonValue }): boolean {
  return Object.keys(value).some((name) => name !== 'value' && name !== '$ref');
}

/**
 * Clients send one element where a list belongs.
 * `{"emails": {"value": "a@example.com"}}` → `{"emails": [{"value": "a@example.com"}]}`
 */
export function listFromSingle(value: JsonValue): readonly JsonValue[] {
  if (!Array.isArray(value)) return value === null ? [] : [value];
  return value;
}
