/**
 * Values of PATCH operations that identity providers send in another form, or with another meaning,
 * than RFC 7644 defines.
 */
import type { AttributeRef } from '../condition.ts';
import { invalidValue } from '../error.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts';
import { type Attribute, findAttribute, type ResourceType } from '../schema.ts';
import { complexFromJson, parseText } from './json-text.ts';

/** The target of a path. */
interface Aim {
  readonly ref: AttributeRef;
  /** The `[…]` of the path. */
  readonly selector: object | undefined;
}

/**
 * Keycloak's SCIM-SDK client sends the resource as a string, or as a list with one element.
 * `"value": "{\"active\": false}"`, `"value": [{"active": false}]` → `"value": {"active": false}`
 */
export function attributesFromValue(value: JsonValue | undefined): JsonObject {
  const parsed = typeof value === 'string' ? parseText(value) : value;
  const single = Array.isArray(parsed) && parsed.length === 1 ? parsed[0] : parsed;
  if (!isJsonObject(single)) {
    throw invalidValue('the value of an operation without a path must be an object of attributes');
  }
  return single;
}

/**
 * ConnId and Salesforce repeat the attribute's name in the value.
 * `{"path": "members", "value": {"members": [{"value": "2819c223"}]}}` →
 * `{"path": "members", "value": [{"value": "2819c223"}]}`
 */
export function withoutOwnName(
  aim: Aim,
  value: JsonValue,
  aimOfKey: (key: string) => Aim | undefined,
): JsonValue {
  const { attribute, sub } = aim.ref;
  const parsed = complexFromJson(sub ?? attribute, value);
  const single = Array.isArray(parsed) && parsed.length === 1 ? parsed[0] : parsed;
  if (!isJsonObject(single)) return value;
  return valueOfOnly(single, (key) => namesAim(key, aim, aimOfKey)) ?? value;
}

function namesAim(
  key: string,
  { ref, selector }: Aim,
  aimOfKey: (key: string) => Aim | undefined,
): boolean {
  const { attribute, sub, extension } = ref;
  if (sub !== undefined && key.toLowerCase() === sub.name.toLowerCase()) return true;
  if (selector !== undefined || findAttribute(attribute.subAttributes, key) !== undefined) {
    return false;
  }
  const named = aimOfKey(key);
  return (
    named?.selector === undefined &&
    named?.ref.attribute === attribute &&
    named.ref.sub === sub &&
    named.ref.extension === extension
  );
}

/**
 * The value under the only key, if that is the key meant. `schemas`, `id` and `meta` don't count.
 */
export function valueOfOnly(
  object: JsonObject,
  isMeant: (key: string) => boolean,
): JsonValue | undefined {
  const others = Object.keys(object).filter((key) => !COMMON.has(key.toLowerCase()));
  const [only] = others;
  return only !== undefined && others.length === 1 && isMeant(only) ? object[only] : undefined;
}

const COMMON = new Set(['schemas', 'id', 'meta']);

/**
 * Clients announce the extension that they are about to write. `schemas` follows from the
 * attributes of a resource, so adding a schema of its type changes nothing.
 * `{"op": "add", "path": "schemas", "value": ["urn:…:enterprise:2.0:User"]}` → nothing
 */
export function announcesSchemas(
  { ref, selector }: Aim,
  value: JsonValue | undefined,
  type: ResourceType,
  normalize: (attribute: Attribute, value: JsonValue | undefined) => JsonValue | undefined,
): boolean {
  const isSchemas = ref.extension === undefined && ref.attribute.name === 'schemas';
  if (!isSchemas || selector !== undefined) return false;
  const known = [type.schema, ...type.extensions.map(({ schema }) => schema)];
  const urns = new Set<JsonValue>(known.map(({ id }) => id.toLowerCase()));
  const given = normalize(ref.attribute, value);
  return Array.isArray(given) && given.every((urn) => urns.has(String(urn).toLowerCase()));
}

/**
 * Entra ID, ConnId and older versions of authentik list in the value what to remove. By RFC 7644
 * §3.5.2.2, the whole attribute would be removed. Only elements of a list can be removed this way.
 * `{"op": "remove", "path": "members", "value": [{"value": "2819c223"}]}` →
 * `{"op": "remove", "path": "members[value eq \"2819c223\"]"}`
 */
export function removesByValue({ ref, selector }: Aim, value: JsonValue): boolean {
  const takesElements =
    ref.attribute.multiValued && ref.sub === undefined && selector === undefined;
  return takesElements && value !== null;
}
