/**
 * Filters bound to a schema: every name resolved, every literal typed and folded. Matched in memory
 * or compiled to SQL.
 */
import type { CompareOperator } from './filter.ts';
import type { Attribute } from './schema.ts';

/** A resolved attribute; inside an `any` condition it is relative to the element. */
export interface AttributeRef {
  /** URN of the extension that holds the attribute; undefined for core and common attributes. */
  readonly extension: string | undefined;
  readonly attribute: Attribute;
  /**
   * The sub-attribute compared; undefined for a simple attribute, and for `pr` on a complex one.
   */
  readonly sub: Attribute | undefined;
}

/** The form in which attribute values and literals are compared (see comparable.ts). */
export type Comparable = string | number | boolean;

/**
 * An attribute without a value counts as null: only `eq null` and `ne "x"` hold for it. A
 * comparison of a multi-valued attribute holds if it holds for any value. SQL is composed of
 * conditions with other values than literals.
 */
export type Condition<Value = Comparable> =
  | { readonly kind: 'and' | 'or'; readonly terms: readonly Condition<Value>[] }
  | { readonly kind: 'not'; readonly term: Condition<Value> }
  | { readonly kind: 'present'; readonly ref: AttributeRef }
  | {
      readonly kind: 'compare';
      readonly ref: AttributeRef;
      readonly operator: CompareOperator;
      readonly value: Value | null;
    }
  | { readonly kind: 'any'; readonly ref: AttributeRef; readonly where: Condition<Value> }
  /** An attribute of another resource type, in a search over several types. */
  | { readonly kind: 'constant'; readonly value: boolean };

export interface SortKey {
  readonly ref: AttributeRef;
  readonly descending: boolean;
}
