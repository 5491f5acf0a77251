/** What a path of a PATCH points at: the attribute, and which of its elements. */

import { noElementsText, resolvePath } from './attribute-path.ts';
import type { AttributeRef, Condition } from './condition.ts';
import { resolveElementFilter } from './condition-resolver.ts';
import { invalidPath, ScimError } from './error.ts';
import type { Filter } from './filter.ts';
import type { JsonObject } from './json.ts';
import { type PatchPath, parsePath } from './path.ts';
import { elementFromFilter } from './quirks/missing-element.ts';
import { type Attribute, findAttribute, type ResourceType } from './schema.ts';
import { normalizeValue } from './values.ts';

/** The `[…]` of a path; behind a single complex attribute it selects this one or nothing. */
export interface Selector {
  readonly where: Condition;
  /** The element that fulfils the filter, where the filter says enough to make one. */
  readonly template: JsonObject | undefined;
}

export interface Target {
  readonly ref: AttributeRef;
  readonly selector: Selector | undefined;
}

/**
 * Undefined for an attribute that the type doesn't have; throws invalidPath for brackets that make
 * no sense.
 */
export function resolveTarget(path: PatchPath, type: ResourceType): Target | undefined {
  const ref = resolvePath(type, path.path);
  if (ref === undefined || path.filter === undefined) return ref && { ref, selector: undefined };
  const { attribute } = ref;
  if (ref.sub !== undefined || !(attribute.multiValued || attribute.type === 'complex')) {
    throw invalidPath(noElementsText(ref));
  }
  const sub = path.sub === undefined ? undefined : findAttribute(attribute.subAttributes, path.sub);
  if (path.sub !== undefined && sub === undefined) {
    throw invalidPath(`${path.sub} is not a sub-attribute of ${attribute.name}`);
  }
  return {
    ref: { ...ref, sub },
    selector: selectorOf(path.filter, attribute),
  };
}

function selectorOf(filter: Filter, attribute: Attribute): Selector {
  try {
    return {
      where: resolveElementFilter(filter, attribute),
      template: elementFromFilter(filter, attribute, normalizeValue),
    };
  } catch (error) {
    // A wrong name between the brackets is a fault of the path.
    if (error instanceof ScimError) throw invalidPath(error.detail);
    throw error;
  }
}

/**
 * What a key of a value without path points at; undefined for an unknown name. Throws invalidPath
 * for brackets that make no sense.
 */
export function targetOfKey(key: string, type: ResourceType): Target | undefined {
  try {
    return resolveTarget(parsePath(key), type);
  } catch (error) {
    // Brackets are never part of a name that is merely unknown.
    if (error instanceof ScimError && !key.includes('[')) return undefined;
    throw error;
  }
}

/**
 * Clients send whole resources back: what they can't write is ignored where it isn't named by a
 * path.
 */
export function isIgnored({ ref: { attribute, sub } }: Target): boolean {
  const mutabilities = [attribute.mutability, sub?.mutability];
  return mutabilities.includes('readOnly') || mutabilities.includes('writeOnly');
}
