/** JSON that clients send as a string. */
import { invalidValue } from '../error.ts';
import type { JsonValue } from '../json.ts';
import type { Attribute } from '../schema.ts';

const BEGINS = /^\s*[{[]/;
/** An id in braces, such as `{2819c223-7f76}`, is not JSON. */
const LOOKS_LIKE_JSON = /^\s*[{[]\s*(?:["{}[\]]|$)/;

/** The parsed value; undefined for text that is not JSON. */
export function parseText(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Keycloak's SCIM-SDK client sends complex values as strings. Throws invalidValue for broken JSON.
 * `{"manager": "{\"value\": \"2819c223\"}"}` → `{"manager": {"value": "2819c223"}}`
 */
export function complexFromJson(attribute: Attribute, value: JsonValue): JsonValue {
  if (attribute.type !== 'complex' || typeof value !== 'string') return value;
  const parsed = BEGINS.test(value) ? parseText(value) : undefined;
  if (parsed === undefined && LOOKS_LIKE_JSON.test(value)) {
    throw invalidValue(`${attribute.name} begins like JSON but is not valid JSON`);
  }
  return parsed ?? value;
}
