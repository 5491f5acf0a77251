/**
 * The syntax tree of filters as clients write them (RFC 7644 §3.4.2.2), independent of any schema.
 */

export const COMPARE_OPERATORS = ['eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le'] as const;
export type CompareOperator = (typeof COMPARE_OPERATORS)[number];
export type Literal = string | number | boolean | null;

/** `urn:…:User:name.familyName` is {urn, name, sub}, spelled as the client sent it. */
export interface AttributePath {
  readonly urn: string | undefined;
  readonly name: string;
  readonly sub: string | undefined;
}

export type Filter =
  | { readonly kind: 'and' | 'or'; readonly terms: readonly Filter[] }
  | { readonly kind: 'not'; readonly term: Filter }
  | { readonly kind: 'present'; readonly path: AttributePath }
  | {
      readonly kind: 'compare';
      readonly path: AttributePath;
      readonly operator: CompareOperator;
      readonly value: Literal;
    }
  /** `emails[type eq "work"]`: one element satisfies the whole inner filter. */
  | { readonly kind: 'any'; readonly path: AttributePath; readonly filter: Filter };
