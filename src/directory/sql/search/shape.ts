/**
 * The shape of a filter: everything that the text of its statements depends on. Filters that differ
 * in literals only have the same shape, and so do their statements.
 */
import type { AttributeRef, Comparable, Condition } from '../../../scim/condition.ts';
import type { Searched } from '../conditions.ts';
import { LiteralSlot, type ScalarType } from '../template.ts';

/** Filters of the same key have the same shape. The literals are in the order of `withSlots`. */
interface Shape {
  readonly key: string;
  readonly literals: readonly Comparable[];
}

/**
 * Writes each part in front of its operands, with their number, so that no two shapes have the same
 * key. Neither names of attributes nor JSON contain a newline.
 */
export function shapeOf(condition: Condition): Shape {
  const literals: Comparable[] = [];
  const write = (part: Condition, isFixed: boolean): string => {
    switch (part.kind) {
      case 'and':
      case 'or': {
        let key = `${part.kind} ${part.terms.length}\n`;
        for (const term of part.terms) key += write(term, isFixed);
        return key;
      }
      case 'not':
        return `not\n${write(part.term, isFixed)}`;
      case 'constant':
        return `${part.value}\n`;
      case 'present':
        return `pr\n${refKey(part.ref)}`;
      case 'any':
        return `any\n${refKey(part.ref)}${write(part.where, isFixed || isDecisive(part.ref))}`;
      case 'compare': {
        const { ref, operator, value } = part;
        if (value === null) return `${operator} null\n${refKey(ref)}`;
        literals.push(value);
        const fixed = isFixed || isDecisive(ref) ? JSON.stringify(value) : '';
        return `${operator} ${typeof value}${fixed}\n${refKey(ref)}`;
      }
    }
  };
  return { key: write(condition, false), literals };
}

export const refKey = ({ extension = '', attribute, sub }: AttributeRef): string =>
  `${extension}\n${attribute.name}\n${sub === undefined ? '' : sub.name}\n`;

/**
 * Whether a statement's text depends on the literals that the attribute is compared with: the
 * values of some attributes are known without reading a resource.
 */
function isDecisive({ extension, attribute }: AttributeRef): boolean {
  return extension === undefined && (attribute.name === 'schemas' || attribute.name === 'meta');
}

/** The condition with a slot for each literal. */
export function withSlots(condition: Condition): Condition<LiteralSlot> {
  let count = 0;
  return mapped(condition, false, (value, isFixed) => {
    return new LiteralSlot(String(count++), typeOf(value), isFixed ? value : undefined);
  });
}

/** The condition with its literals. Throws unless its text depends on all of them. */
export function withLiterals(condition: Searched): Condition {
  return mapped(condition, false, (value) => {
    if (!(value instanceof LiteralSlot)) return value;
    if (value.fixed === undefined) throw new Error('a statement was composed for other literals');
    return value.fixed;
  });
}

/** Converts the values, each with whether the text of a statement depends on it. */
function mapped<From, To>(
  part: Condition<From>,
  isFixed: boolean,
  convert: (value: From, isFixed: boolean) => To,
): Condition<To> {
  switch (part.kind) {
    case 'and':
    case 'or':
      return { ...part, terms: part.terms.map((term) => mapped(term, isFixed, convert)) };
    case 'not':
      return { ...part, term: mapped(part.term, isFixed, convert) };
    case 'any':
      return { ...part, where: mapped(part.where, isFixed || isDecisive(part.ref), convert) };
    case 'compare': {
      const { ref, value } = part;
      return {
        ...part,
        value: value === null ? null : convert(value, isFixed || isDecisive(ref)),
      };
    }
    default:
      return part;
  }
}

export function typeOf(value: Comparable): ScalarType {
  if (typeof value === 'boolean') return 'boolean';
  return typeof value === 'number' ? 'number' : 'text';
}
