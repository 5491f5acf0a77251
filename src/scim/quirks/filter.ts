/** Filters and paths that identity providers write outside of the grammar of RFC 7644 §3.4.2.2. */
import type { AttributePath, Filter, Literal } from '../filter.ts';
import { findAttribute, type ResourceType, type Schema } from '../schema.ts';

/**
 * Entra ID and older versions of authentik leave the quotes away. 007 and numbers beyond the precision of a double are
 * kept as text, for attributes that are text.
 * `userName eq jyoung` → `userName eq "jyoung"`
 */
export function literalWithoutQuotes(word: string): Literal {
  const number = /^-?\d+(\.\d+)?$/.test(word) ? Number(word) : Number.NaN;
  return String(number) === word ? number : word;
}

/**
 * Entra ID matches users by a comparison behind the brackets; both are meant of the same element.
 * `emails[type eq "work"].value eq "x"` → `emails[type eq "work" and value eq "x"]`
 */
export function comparisonBehindBrackets(
  path: AttributePath,
  filter: Filter,
  comparison: Filter,
): Filter {
  return { kind: 'any', path, filter: { kind: 'and', terms: [filter, comparison] } };
}

/**
 * Entra ID leaves the extension's URN away.
 * `manager eq "x"` → `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager eq "x"`
 */
export function extensionOfBareName(type: ResourceType, name: string): Schema | undefined {
  return type.extensions.find(({ schema }) => findAttribute(schema.attributes, name))?.schema;
}
