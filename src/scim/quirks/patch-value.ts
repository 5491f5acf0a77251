/** Values of PATCH operations that identity providers send in another form or with another meaning than RFC 7644 has. */
import { invalidValue } from '../error.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts';
import type { Target } from '../patch-target.ts';

/**
 * Keycloak's SCIM-SDK client sends the resource as text, or as a list of one.
 * `"value": "{\"active\": false}"`, `"value": [{"active": false}]` → `"value": {"active": false}`
 */
export function attributesFromValue(value: JsonValue | undefined): JsonObject {
  const parsed = typeof value === 'string' ? parseText(value) : value;
  const single = Array.isArray(parsed) && parsed.length === 1 ? parsed[0] : parsed;
  if (!isJsonObject(single)) {
    throw invalidValue('the value of an operation without path must be an object of attributes');
  }
  return single;
}

function parseText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Entra ID, ConnId and older versions of authentik name in the value what is to be removed; by RFC 7644 §3.5.2.2 the whole
 * attribute would go. Only elements of a list can be named so.
 * `{"op": "remove", "path": "members", "value": [{"value": "2819c223"}]}` → `{"op": "remove", "path": "members[value eq \"2819c223\"]"}`
 */
export function removesByValue({ ref, selector }: Target, value: JsonValue): boolean {
  const takesElements =
    ref.attribute.multiValued && ref.sub === undefined && selector === undefined;
  return takesElements && value !== null;
}
