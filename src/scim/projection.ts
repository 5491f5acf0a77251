/**
 * Which attributes a response contains (RFC 7644 §3.9): what the client asks for and the schema
 * allows.
 */

import { parseAttributePath, resolvePath } from './attribute-path.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';
import { type Attribute, findExtension, type ResourceType } from './schema.ts';
import { coreAttributes } from './schemas/common.ts';

/** Names are keys: `name`, `name.familyName`, `urn:…:User`, `urn:…:User:department`. */
export interface Projection {
  /** Undefined selects what is returned by default. */
  readonly only: ReadonlySet<string> | undefined;
  readonly without: ReadonlySet<string>;
}

export const EVERYTHING: Projection = { only: undefined, without: new Set() };

const ALWAYS_ONLY: Projection = { only: new Set(), without: new Set() };

/**
 * `attributes` takes precedence over `excluded`. Unknown names are ignored, and so is a filter in a
 * name: Microsoft's Postman collection sends `emails[type eq "work"].value`.
 */
export function parseProjection(
  attributes: readonly string[] | undefined,
  excluded: readonly string[] | undefined,
  type: ResourceType,
): Projection {
  if (attributes !== undefined) return { only: keys(attributes, type), without: new Set() };
  return excluded === undefined ? EVERYTHING : { only: undefined, without: keys(excluded, type) };
}

function keys(names: readonly string[], type: ResourceType): ReadonlySet<string> {
  return new Set(names.flatMap((name) => keysOf(withoutFilter(name).trim(), type)));
}

function withoutFilter(name: string): string {
  const [start, end] = [name.indexOf('['), name.lastIndexOf(']')];
  return start < 0 || end < start ? name : name.slice(0, start) + name.slice(end + 1);
}

/**
 * A URN alone stands for all attributes of the schema; the common ones are part of each core schema
 * (RFC 7643 §3.1).
 */
function keysOf(name: string, type: ResourceType): readonly string[] {
  const extension = findExtension(type, name);
  if (extension !== undefined) return [extension.id];
  if (name.toLowerCase() === type.schema.id.toLowerCase()) return coreKeys(type);
  const ref = resolvePath(type, parseAttributePath(name));
  if (ref === undefined) return [];
  const top = ref.extension === undefined ? '' : `${ref.extension}:`;
  return [`${top}${ref.attribute.name}${ref.sub === undefined ? '' : `.${ref.sub.name}`}`];
}

function coreKeys(type: ResourceType): readonly string[] {
  const byDefault = coreAttributes(type).filter(({ returned }) => returned === 'default');
  return byDefault.map(({ name }) => name);
}

/**
 * Whether the response may contain the attribute. `members` and `groups` are read only if it may.
 */
export function wants(projection: Projection, name: string): boolean {
  const { only, without } = projection;
  if (only === undefined) return !without.has(name);
  return only.has(name) || [...only].some((key) => key.startsWith(`${name}.`));
}

/** Whether every stored attribute of the type is selected. */
export function selectsAll({ only, without }: Projection, type: ResourceType): boolean {
  return only === undefined && without.size === 0 && !hidesSomething(type);
}

/** The resource with only the attributes that the projection selects. */
export function project(
  resource: JsonObject,
  type: ResourceType,
  projection: Projection,
): JsonObject {
  if (selectsAll(projection, type)) return resource;
  const { only, without } = projection;
  const result: Record<string, JsonValue> = {
    ...projectObject(resource, coreAttributes(type), '', projection),
  };
  for (const { schema } of type.extensions) {
    const held = resource[schema.id];
    if (!isJsonObject(held)) continue;
    const excluded = without.has(schema.id) ? ALWAYS_ONLY : projection;
    const inside = only?.has(schema.id) ? EVERYTHING : excluded;
    const kept = projectObject(held, schema.attributes, `${schema.id}:`, inside);
    if (Object.keys(kept).length > 0) result[schema.id] = kept;
  }
  return result;
}

const hiding = new WeakMap<ResourceType, boolean>();

/** Whether the type has stored attributes that are returned only on request, or never. */
function hidesSomething(type: ResourceType): boolean {
  const known = hiding.get(type);
  if (known !== undefined) return known;
  const extended = type.extensions.flatMap(({ schema }) => schema.attributes);
  const hides = [...coreAttributes(type), ...extended].some(isHidden);
  hiding.set(type, hides);
  return hides;
}

function isHidden(attribute: Attribute): boolean {
  const { returned, mutability, subAttributes } = attribute;
  const hidden = returned === 'request' || returned === 'never';
  return (hidden && mutability !== 'writeOnly') || subAttributes.some(isHidden);
}

function projectObject(
  holder: JsonObject,
  attributes: readonly Attribute[],
  prefix: string,
  projection: Projection,
): JsonObject {
  const result: Record<string, JsonValue> = {};
  for (const attribute of attributes) {
    const value = holder[attribute.name];
    if (value === undefined) continue;
    const kept = projectValue(attribute, value, `${prefix}${attribute.name}`, projection);
    if (kept !== undefined) result[attribute.name] = kept;
  }
  return result;
}

function projectValue(
  attribute: Attribute,
  value: JsonValue,
  key: string,
  projection: Projection,
): JsonValue | undefined {
  const inside = projectionInside(attribute, key, projection);
  if (inside === undefined || attribute.type !== 'complex') return inside && value;
  const inner = (each: JsonValue) =>
    isJsonObject(each) ? projectObject(each, attribute.subAttributes, `${key}.`, inside) : each;
  // Only `members` can be an empty list, which says that the group is empty.
  if (Array.isArray(value) && value.length === 0) return value;
  const kept = Array.isArray(value) ? value.map(inner) : inner(value);
  const filled = (each: JsonValue) => !isJsonObject(each) || Object.keys(each).length > 0;
  if (Array.isArray(kept)) {
    const elements = kept.filter(filled);
    return elements.length === 0 ? undefined : elements;
  }
  return filled(kept) ? kept : undefined;
}

/**
 * The projection of the sub-attributes; undefined if the whole attribute is left out. A complex
 * attribute that is named has the sub-attributes returned by default; one that is excluded has
 * those that are always returned (RFC 7644 §3.9).
 */
function projectionInside(
  { returned, type, subAttributes }: Attribute,
  key: string,
  projection: Projection,
): Projection | undefined {
  const { only, without } = projection;
  if (returned === 'never') return undefined;
  if (only?.has(key)) return EVERYTHING;
  if (returned === 'always') {
    const byDefault = subAttributes.filter((sub) => sub.returned === 'default');
    const names = byDefault.map(({ name }) => `${key}.${name}`);
    return { only: only && new Set([...only, ...names]), without };
  }
  if (only === undefined) {
    if (returned === 'request') return undefined;
    return !without.has(key) ? projection : type === 'complex' ? ALWAYS_ONLY : undefined;
  }
  if (type !== 'complex') return undefined;
  const namesPart = [...only].some((name) => name.startsWith(`${key}.`));
  return returned === 'default' || namesPart ? projection : undefined;
}
