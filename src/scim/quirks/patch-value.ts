/** Pathless PATCH values that identity providers send in another form than an object of attributes. */
import { invalidValue } from '../error.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts';

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
