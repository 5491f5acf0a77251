/** Resolves the path of a PATCH to an attribute and a selection of its elements. */

import { noElementsText, resolvePath } from './attribute-path.ts';
import type { AttributeRef, Condition } from './condition.ts';
import { resolveElementFilter } from './condition-resolver.ts';
import { invalidPath, ScimError } from './error.ts';
import type { Filter, Literal } from './filter.ts';
import type { JsonObject } from './json.ts';
import { type PatchPath, parsePath } from './path.ts';
import { elementFromFilter } from './quirks/missing-element.ts';
import { type Attribute, findAttribute, type ResourceType } from './schema.ts';
import { normalizeValue } from './values.ts';

/** The `[…]` of a path. After a single complex attribute, it selects that attribute or nothing. */
export interface Selector {
  readonly where: Condition;
  /** An element that satisfies the filter, if the filter says enough to create one. */
  readonly template: JsonObject | undefined;
}

export interface Target {
  readonly ref: AttributeRef;
  readonly selector: Selector | undefined;
}

/**
 * Undefined for an attribute that the type doesn't have. Throws invalidPath for invalid brackets.
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
    // An error between the brackets is an error in the path.
    if (error instanceof ScimError) throw invalidPath(error.detail);
    throw error;
  }
}

/** Selects each element that has all the sub-attributes of one of these, which are not empty. */
export function selectorOfParts(elements: readonly JsonObject[], attribute: Attribute): Selector {
  const each = elements.map((element): Filter => {
    const terms = Object.entries(element).map(([name, value]): Filter => {
      const path = { urn: undefined, name, sub: undefined };
      // Sub-attributes are simple (RFC 7643 §2.3.8).
      return { kind: 'compare', path, operator: 'eq', value: value as Literal };
    });
    return { kind: 'and', terms };
  });
  const where = resolveElementFilter({ kind: 'or', terms: each }, attribute);
  return { where, template: undefined };
}

/**
 * The target of a key in a value without a path; undefined for an unknown name. Throws invalidPath
 * for invalid brackets.
 */
export function targetOfKey(key: string, type: ResourceType): Target | undefined {
  try {
    return resolveTarget(parsePath(key), type);
  } catch (error) {
    // A key with brackets is not just an unknown name.
    if (error instanceof ScimError && !key.includes('[')) return undefined;
    throw error;
  }
}

/**
 * Clients send back whole resources, so attributes that they can't write are ignored unless a path
 * names them.
 */
export function isIgnored({ ref: { attribute, sub } }: Target): boolean {
  const mutabilities = [attribute.mutability, sub?.mutability];
  return mutabilities.includes('readOnly') || mutabilities.includes('writeOnly');
}
