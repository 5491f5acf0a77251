/**
 * Binds filters and sort orders to a resource type. Unknown names and meaningless comparisons are
 * refused here.
 */

import {
  formatAttributePath,
  noElementsText,
  parseAttributePath,
  refText,
  resolvePath,
} from './attribute-path.ts';
import { literalComparable } from './comparable.ts';
import type { AttributeRef, Condition, SortKey } from './condition.ts';
import { invalidFilter, invalidPath, invalidValue } from './error.ts';
import { versionTag } from './etag.ts';
import {
  type AttributePath,
  COMPARE_OPERATORS,
  type CompareOperator,
  type Filter,
  type Literal,
} from './filter.ts';
import { namesResource } from './references.ts';
import { type Attribute, findAttribute, type ResourceType } from './schema.ts';
import { VERSION_ATTRIBUTE } from './schemas/common.ts';
import { hasTooManyMarks } from './text.ts';

/**
 * Resolves a name to an attribute, or to undefined if only another of the searched types has it.
 */
type Resolve = (path: AttributePath) => AttributeRef | undefined;

/**
 * Binds a filter to a type. `searched` lists the types of the whole search; an attribute that only
 * another of them has matches nothing (RFC 7644 §3.4.2.1). Throws invalidFilter.
 */
export function resolveFilter(
  filter: Filter,
  type: ResourceType,
  searched: readonly ResourceType[] = [type],
): Condition {
  return bind(filter, (path) => {
    const ref = resolvePath(type, path);
    if (ref !== undefined) return filterable(ref);
    if (searched.some((other) => resolvePath(other, path) !== undefined)) return undefined;
    throw invalidFilter(`${formatAttributePath(path)} is not an attribute of ${type.name}`);
  });
}

/** Binds the filter of a value path to the attribute's elements. Throws invalidFilter. */
export function resolveElementFilter(filter: Filter, attribute: Attribute): Condition {
  return bind(filter, (path) => {
    const sub = elementAttribute(attribute, path);
    if (sub === undefined) {
      throw invalidFilter(
        `${formatAttributePath(path)} is not a sub-attribute of ${attribute.name}`,
      );
    }
    return filterable({ extension: undefined, attribute: sub, sub: undefined });
  });
}

/** In a multi-valued attribute without sub-attributes, `value` names the element itself. */
function elementAttribute(attribute: Attribute, path: AttributePath): Attribute | undefined {
  if (path.urn !== undefined || path.sub !== undefined) return undefined;
  if (attribute.type !== 'complex') {
    return path.name.toLowerCase() === 'value'
      ? { ...attribute, name: 'value', multiValued: false }
      : undefined;
  }
  return findAttribute(attribute.subAttributes, path.name);
}

function bind(filter: Filter, resolve: Resolve): Condition {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return { kind: filter.kind, terms: filter.terms.map((term) => bind(term, resolve)) };
    case 'not':
      return { kind: 'not', term: bind(filter.term, resolve) };
    case 'present': {
      const ref = resolve(filter.path);
      return ref === undefined ? NOTHING : { kind: 'present', ref };
    }
    case 'compare':
      return bindComparison(filter.path, filter.operator, filter.value, resolve);
    case 'any': {
      const ref = resolve(filter.path);
      if (ref === undefined) return NOTHING;
      if (
        ref.sub !== undefined ||
        !(ref.attribute.multiValued || ref.attribute.type === 'complex')
      ) {
        throw invalidFilter(noElementsText(ref));
      }
      return { kind: 'any', ref, where: resolveElementFilter(filter.filter, ref.attribute) };
    }
  }
}

const NOTHING: Condition = { kind: 'constant', value: false };

function filterable(ref: AttributeRef): AttributeRef {
  if (isHidden(ref)) {
    throw invalidFilter(`${refText(ref)} can't be used in a filter`);
  }
  return ref;
}

/** An attribute that is never returned must not be revealed by a filter or a sort order. */
function isHidden({ attribute, sub }: AttributeRef): boolean {
  return attribute.returned === 'never' || sub?.returned === 'never';
}

function bindComparison(
  path: AttributePath,
  operator: CompareOperator,
  value: Literal,
  resolve: Resolve,
): Condition {
  const found = resolve(path);
  if (found === undefined) return NOTHING;
  const ref = simple(found);
  const compared = ref.sub ?? ref.attribute;
  checkOperator(ref, operator, value);
  if (typeof value === 'string' && !storable(value)) {
    return { kind: 'constant', value: operator === 'ne' };
  }
  const literal = literalComparable(compared, versionLiteral(compared, value), refText(ref));
  if (compared.name === 'primary' && typeof literal === 'boolean')
    return bindPrimary(ref, compared, operator, literal);
  return { kind: 'compare', ref, operator, value: literal };
}

/** An element is not primary unless it says so (RFC 7643 §2.4). */
function bindPrimary(
  ref: AttributeRef,
  primary: Attribute,
  operator: CompareOperator,
  value: boolean,
): Condition {
  const isInElement = ref.sub === undefined;
  const own = isInElement ? ref : { extension: undefined, attribute: primary, sub: undefined };
  const isPrimary: Condition = { kind: 'compare', ref: own, operator: 'eq', value: true };
  const wantsPrimary = (operator === 'eq') === value;
  const where: Condition = wantsPrimary ? isPrimary : { kind: 'not', term: isPrimary };
  if (isInElement) return where;
  const elements = { ...ref, sub: undefined };
  const any: Condition = { kind: 'any', ref: elements, where };
  if (operator === 'eq') return any;
  const none: Condition = { kind: 'not', term: { kind: 'present', ref: elements } };
  return { kind: 'or', terms: [none, any] };
}

/**
 * The ETag that a client read may contain a digest, which is not part of the version (see etag).
 */
function versionLiteral(compared: Attribute, value: Literal): Literal {
  if (compared !== VERSION_ATTRIBUTE || typeof value !== 'string') return value;
  return versionTag(value) ?? value;
}

/** In a comparison, a complex attribute stands for its `value` (RFC 7643 §2.4). */
function simple(ref: AttributeRef): AttributeRef {
  if (ref.sub !== undefined || ref.attribute.type !== 'complex') return ref;
  const value = findAttribute(ref.attribute.subAttributes, 'value');
  if (value === undefined) {
    throw invalidFilter(`${refText(ref)} is a complex attribute; use one of its sub-attributes`);
  }
  return { ...ref, sub: value };
}

const TEXT_OPERATORS = new Set<CompareOperator>(['co', 'sw', 'ew']);
const ORDER_OPERATORS = new Set<CompareOperator>(['gt', 'ge', 'lt', 'le']);

function checkOperator(ref: AttributeRef, operator: CompareOperator, value: Literal): void {
  const compared = ref.sub ?? ref.attribute;
  if (isApplicable(operator, compared, value)) return;
  const what = value === null ? 'null' : refText(ref);
  const others = COMPARE_OPERATORS.filter((each) => isApplicable(each, compared, value)).join(', ');
  throw invalidFilter(`${operator} can't be used with ${what}; use one of ${others}`);
}

function isApplicable(operator: CompareOperator, compared: Attribute, value: Literal): boolean {
  const { type } = compared;
  const isOrder = ORDER_OPERATORS.has(operator);
  if (namesResource(compared) && (isOrder || operator === 'sw' || operator === 'co')) return false;
  const isUnordered = type === 'boolean' || type === 'binary';
  const isText =
    type !== 'boolean' && type !== 'integer' && type !== 'decimal' && type !== 'dateTime';
  if (isOrder) return !isUnordered && value !== null;
  return !TEXT_OPERATORS.has(operator) || (isText && value !== null);
}

/** False for text that no stored value can contain, because bodies with it are refused. */
function storable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0') && !hasTooManyMarks(text);
}

/**
 * A multi-valued attribute sorts by its primary or first value, a complex one by `value` (RFC 7644
 * §3.4.2.3). Throws invalidPath, or invalidValue for an unknown order.
 */
export function resolveSort(
  sortBy: string,
  sortOrder: string | undefined,
  type: ResourceType,
): SortKey {
  const ref = resolvePath(type, parseAttributePath(sortBy));
  if (ref === undefined || isHidden(ref)) {
    throw invalidPath(`sortBy: ${sortBy.slice(0, 200)} is not an attribute of ${type.name}`);
  }
  const value = findAttribute(ref.attribute.subAttributes, 'value');
  const complex = ref.sub === undefined && ref.attribute.type === 'complex';
  if (complex && value === undefined) {
    throw invalidPath(`sortBy: ${sortBy} is a complex attribute; use one of its sub-attributes`);
  }
  return {
    ref: complex ? { ...ref, sub: value } : ref,
    descending: isDescending(sortOrder),
  };
}

function isDescending(sortOrder = 'ascending'): boolean {
  const order = sortOrder.toLowerCase();
  if (order !== 'ascending' && order !== 'descending') {
    throw invalidValue('sortOrder must be ascending or descending');
  }
  return order === 'descending';
}
