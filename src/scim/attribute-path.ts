/**
 * Resolves the names that clients write to attributes of a schema. A name that isn't in the schema
 * resolves to nothing.
 */
import type { AttributeRef } from './condition.ts';
import type { AttributePath } from './filter.ts';
import { extensionOfBareName, pathBehindDot } from './quirks/filter.ts';
import { findAttribute, findExtension, type ResourceType } from './schema.ts';
import { coreAttributes } from './schemas/common.ts';

/**
 * Splits `urn:…:2.0:User:name.familyName`. URNs contain dots and colons, so the attribute begins
 * after the last colon. Callers first check whether the whole text is the URN of an extension (see
 * findExtension).
 */
export function parseAttributePath(text: string): AttributePath {
  const colon = /^urn:/i.test(text) ? text.lastIndexOf(':') : -1;
  const urn = colon < 0 ? undefined : text.slice(0, colon);
  const rest = text.slice(colon + 1);
  const dot = rest.indexOf('.');
  return dot < 0
    ? { urn, name: rest, sub: undefined }
    : { urn, name: rest.slice(0, dot), sub: rest.slice(dot + 1) };
}

export function formatAttributePath({ urn, name, sub }: AttributePath): string {
  return `${urn === undefined ? '' : `${urn}:`}${name}${sub === undefined ? '' : `.${sub}`}`;
}

/**
 * Finds the attribute by its name in any case, optionally qualified by the URN of the core schema
 * or of an extension (RFC 7644 §3.10).
 */
export function resolvePath(type: ResourceType, path: AttributePath): AttributeRef | undefined {
  const { urn } = path;
  const inCore = urn === undefined || urn.toLowerCase() === type.schema.id.toLowerCase();
  const extension = inCore ? undefined : findExtension(type, urn);
  if (!inCore && extension === undefined) {
    const behindDot = pathBehindDot(type, formatAttributePath(path));
    return behindDot && resolvePath(type, behindDot);
  }
  const attribute = findAttribute(extension?.attributes ?? coreAttributes(type), path.name);
  if (attribute === undefined) {
    const other = urn === undefined ? extensionOfBareName(type, path.name) : undefined;
    return other && resolvePath(type, { ...path, urn: other.id });
  }
  const sub = path.sub === undefined ? undefined : findAttribute(attribute.subAttributes, path.sub);
  if (path.sub !== undefined && sub === undefined) return undefined;
  return { extension: extension?.id, attribute, sub };
}

/** How the attribute is named in messages. */
export function refText({ extension, attribute, sub }: AttributeRef): string {
  return formatAttributePath({ urn: extension, name: attribute.name, sub: sub?.name });
}

/** Why brackets can't follow the attribute. */
export function noElementsText(ref: AttributeRef): string {
  return `${refText(ref)} can't be followed by [ ]; only multi-valued and complex attributes can`;
}
