/**
 * Attributes that keep their first value (RFC 7643 §7 "mutability", RFC 7644 §3.5.1 and §3.5.2).
 */
import { mutability } from './error.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';
import type { Attributes } from './resource.ts';
import type { Attribute, ResourceType } from './schema.ts';
import { isEmpty, sameValue, withValue } from './values.ts';

/**
 * What happens if a write leaves out an immutable value: a PUT keeps it; a PATCH, which would
 * remove it, is refused.
 */
type WhenMissing = 'kept' | 'refused';

/**
 * Returns `next` with the immutable values of `current`. Throws mutability if one of them has
 * another value. Elements of a multi-valued attribute are added and removed as a whole; for their
 * sub-attributes, see refuseImmutable.
 */
export function keepImmutable(
  current: Attributes,
  next: Attributes,
  type: ResourceType,
  whenMissing: WhenMissing,
): Attributes {
  let result: JsonObject = keepIn(current, next, type.schema.attributes, whenMissing, '');
  for (const { schema } of type.extensions) {
    const held = current[schema.id];
    if (!isJsonObject(held) || guardedOf(schema.attributes).length === 0) continue;
    const wanted = objectOf(result[schema.id]);
    const kept = keepIn(held, wanted, schema.attributes, whenMissing, `${schema.id}:`);
    result = withValue(result, schema.id, isEmpty(kept) ? undefined : kept);
  }
  return result;
}

/** Throws mutability if the attribute is immutable and already has another value. */
export function refuseImmutable(
  attribute: Attribute,
  held: JsonValue | undefined,
  wanted: JsonValue | undefined,
  name: string,
): void {
  if (attribute.mutability === 'immutable' && held !== undefined && !sameValue(held, wanted)) {
    throw mutability(`${name} can't be changed once it has a value`);
  }
}

/** `prefix` precedes the names in messages. */
function keepIn(
  current: JsonObject,
  next: JsonObject,
  attributes: readonly Attribute[],
  whenMissing: WhenMissing,
  prefix: string,
): JsonObject {
  let result = next;
  for (const attribute of guardedOf(attributes)) {
    const held = current[attribute.name];
    const name = `${prefix}${attribute.name}`;
    if (held === undefined) continue;
    if (attribute.mutability === 'immutable') {
      const wanted = result[attribute.name] ?? (whenMissing === 'kept' ? held : undefined);
      refuseImmutable(attribute, held, wanted, name);
      result = withValue(result, attribute.name, wanted);
    } else if (isJsonObject(held)) {
      const wanted = objectOf(result[attribute.name]);
      const kept = keepIn(held, wanted, attribute.subAttributes, whenMissing, `${name}.`);
      result = withValue(result, attribute.name, isEmpty(kept) ? undefined : kept);
    }
  }
  return result;
}

const objectOf = (value: JsonValue | undefined): JsonObject => (isJsonObject(value) ? value : {});

const guarded = new WeakMap<readonly Attribute[], readonly Attribute[]>();

/** The immutable attributes, and single complex ones with immutable sub-attributes. */
function guardedOf(attributes: readonly Attribute[]): readonly Attribute[] {
  let found = guarded.get(attributes);
  if (found === undefined) {
    found = attributes.filter(
      ({ mutability, multiValued, subAttributes }) =>
        mutability === 'immutable' || (!multiValued && guardedOf(subAttributes).length > 0),
    );
    guarded.set(attributes, found);
  }
  return found;
}
