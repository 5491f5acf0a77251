/** Checks required attributes (RFC 7643 §2.2 "required", §6 for extensions). */
import { invalidValue } from './error.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';
import type { Attribute, ResourceType } from './schema.ts';
import { isWritable } from './values.ts';

/**
 * Throws invalidValue for a required attribute that is missing or blank. A sub-attribute is
 * required if its complex attribute has a value, and an attribute of an extension if the resource
 * has the extension.
 */
export function checkRequired(attributes: JsonObject, type: ResourceType): void {
  checkObject(attributes, type.schema.attributes, '');
  for (const { schema, required } of type.extensions) {
    const held = attributes[schema.id];
    if (isJsonObject(held)) checkObject(held, schema.attributes, `${schema.id}:`);
    else if (required) throw invalidValue(`${schema.id} is required`);
  }
}

/** `prefix` precedes the names in messages. */
function checkObject(holder: JsonObject, attributes: readonly Attribute[], prefix: string): void {
  for (const attribute of demandingOf(attributes)) {
    const value = Object.hasOwn(holder, attribute.name) ? holder[attribute.name] : undefined;
    const name = `${prefix}${attribute.name}`;
    if (attribute.required && isMissing(value)) throw invalidValue(`${name} is required`);
    for (const element of Array.isArray(value) ? value : [value]) {
      if (isJsonObject(element)) checkObject(element, attribute.subAttributes, `${name}.`);
    }
  }
}

const isMissing = (value: JsonValue | undefined) =>
  value === undefined || (typeof value === 'string' && value.trim() === '');

const demanding = new WeakMap<readonly Attribute[], readonly Attribute[]>();

/** The stored attributes that are required or have required sub-attributes. */
function demandingOf(attributes: readonly Attribute[]): readonly Attribute[] {
  let found = demanding.get(attributes);
  if (found === undefined) {
    found = attributes.filter(
      (each) => isWritable(each) && (each.required || demandingOf(each.subAttributes).length > 0),
    );
    demanding.set(attributes, found);
  }
  return found;
}
