/**
 * The values that filters and sorts compare, in one document for each resource: its attributes in
 * comparable form.
 */
import { comparable } from '../../scim/comparable.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../scim/json.ts';
import { withComparedManager } from '../../scim/manager.ts';
import type { Attributes } from '../../scim/resource.ts';
import type { Attribute, ResourceType } from '../../scim/schema.ts';

/**
 * `externalId` is left out, because it depends on the calling integration. The primary element of a
 * list comes first, as sorting requires.
 */
export function searchDocument(attributes: Attributes, type: ResourceType): JsonObject {
  const document: Record<string, JsonValue> = {
    ...comparables(type.schema.attributes, attributes),
  };
  const whole = withComparedManager(attributes);
  for (const { schema } of type.extensions) {
    const held = whole[schema.id];
    if (isJsonObject(held)) document[schema.id] = comparables(schema.attributes, held);
  }
  return document;
}

function comparables(attributes: readonly Attribute[], holder: JsonObject): JsonObject {
  const result: Record<string, JsonValue> = {};
  for (const attribute of attributes) {
    const value = holder[attribute.name];
    if (value === undefined || value === null) continue;
    result[attribute.name] = Array.isArray(value)
      ? primaryFirst(value).map((each) => comparableValue(attribute, each))
      : comparableValue(attribute, value);
  }
  return result;
}

function comparableValue(attribute: Attribute, value: JsonValue): JsonValue {
  if (isJsonObject(value)) return comparables(attribute.subAttributes, value);
  return comparable(attribute, value) ?? null;
}

function primaryFirst(elements: readonly JsonValue[]): readonly JsonValue[] {
  const rank = (each: JsonValue) => (isJsonObject(each) && each.primary === true ? 0 : 1);
  return elements.toSorted((left, right) => rank(left) - rank(right));
}
