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

/** What attribute values and literals become before they are compared (see comparable.ts). */
export type Comparable = string | number | boolean;

/**
 * An attribute without a value counts as one that is null: `eq null` and `ne "x"` hold for it,
 * every other comparison doesn't. On a multi-valued attribute a comparison holds when it holds for
 * any value.
 */
export type Condition =
  | { readonly kind: 'and' | 'or'; readonly terms: readonly Condition[] }
  | { readonly kind: 'not'; readonly term: Condition }
  | { readonly kind: 'present'; readonly ref: AttributeRef }
  | {
      readonly kind: 'compare';
      readonly ref: AttributeRef;
      readonly operator: CompareOperator;
      readonly value: Comparable | null;
    }
  | { readonly kind: 'any'; readonly ref: AttributeRef; readonly where: Condition }
  /** An attribute of another resource type, in a search over several types. */
  | { readonly kind: 'constant'; readonly value: boolean };

export interface SortKey {
  readonly ref: AttributeRef;
  readonly descending: boolean;
}
