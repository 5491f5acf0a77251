/** Which attributes an answer carries (RFC 7644 §3.9), by what the client asks and the schema allows. */
import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';
import { parseAttributePath, resolvePath } from './resolve.ts';
import { type Attribute, findExtension, type ResourceType } from './schema.ts';
import { coreAttributes } from './schemas/common.ts';

/** Names are keys: `name`, `name.familyName`, `urn:…:User`, `urn:…:User:department`. */
export interface Projection {
  /** Undefined: what is returned by default. */
  readonly only: ReadonlySet<string> | undefined;
  readonly without: ReadonlySet<string>;
}

export const EVERYTHING: Projection = { only: undefined, without: new Set() };

/**
 * `attributes` wins where a client sends both. Unknown names are ignored, a filter in a name too: Microsoft's collection sends
 * `emails[type eq "work"].value`.
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
  const found = names.map((name) => keyOf(name.replace(/\[.*\]/s, '').trim(), type));
  return new Set(found.filter((key) => key !== undefined));
}

function keyOf(name: string, type: ResourceType): string | undefined {
  const extension = findExtension(type, name);
  if (extension !== undefined) return extension.id;
  const ref = resolvePath(type, parseAttributePath(name));
  if (ref === undefined) return undefined;
  const top = ref.extension === undefined ? '' : `${ref.extension}:`;
  return `${top}${ref.attribute.name}${ref.sub === undefined ? '' : `.${ref.sub.name}`}`;
}

/** Whether the answer may carry the attribute, so that `members` and `groups` are read only when somebody wants them. */
export function wants(projection: Projection, name: string): boolean {
  const { only, without } = projection;
  if (only === undefined) return !without.has(name);
  return only.has(name) || [...only].some((key) => key.startsWith(`${name}.`));
}

/** A copy of the resource with what the projection leaves. */
export function project(
  resource: JsonObject,
  type: ResourceType,
  projection: Projection,
): JsonObject {
  const { only, without } = projection;
  if (only === undefined && without.size === 0) return resource;
  const result: Record<string, JsonValue> = {
    ...projectObject(resource, coreAttributes(type), '', projection),
  };
  for (const { schema } of type.extensions) {
    const held = resource[schema.id];
    if (!isJsonObject(held) || without.has(schema.id)) continue;
    const kept = only?.has(schema.id)
      ? held
      : projectObject(held, schema.attributes, `${schema.id}:`, projection);
    if (Object.keys(kept).length > 0) result[schema.id] = kept;
  }
  return result;
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
  const { only, without } = projection;
  if (attribute.returned === 'always' || only?.has(key)) return value;
  if (only === undefined && without.has(key)) return undefined;
  if (attribute.type !== 'complex') return only === undefined ? value : undefined;
  const inner = (each: JsonValue) =>
    isJsonObject(each) ? projectObject(each, attribute.subAttributes, `${key}.`, projection) : each;
  const kept = Array.isArray(value) ? value.map(inner) : inner(value);
  const filled = (each: JsonValue) => !isJsonObject(each) || Object.keys(each).length > 0;
  if (Array.isArray(kept)) {
    const elements = kept.filter(filled);
    return elements.length === 0 ? undefined : elements;
  }
  return filled(kept) ? kept : undefined;
}
