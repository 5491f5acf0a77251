/** Filters and paths that identity providers send outside the grammar of RFC 7644 §3.4.2.2. */
import type { AttributePath, Filter, Literal } from '../filter.ts';
import { findAttribute, type ResourceType, type Schema } from '../schema.ts';

/**
 * The quotes around text, opening → closing. Administrators write filters by hand, and word
 * processors and web pages replace the grammar's quotes: `userName eq 'x'`, `userName eq “x”`.
 */
export const QUOTES: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ["'", "'"],
  ['`', '`'],
  ['“', '”'],
  ['”', '”'],
  ['„', '“'],
  ['‘', '’'],
  ['’', '’'],
]);

const NOT_PLAIN = new RegExp(
  [
    // Quotes anywhere, except for an apostrophe within a word.
    '[\\p{Cc}"“”„‟‚‛‘`´′″«»‹›＂＇]',
    "(?<![\\p{L}\\p{N}])['’]",
    "['’](?![\\p{L}\\p{N}])",
    // Remains of URL encoding.
    '%[0-9A-F]{2}',
    '^\\p{Cf}',
    '\\p{Cf}$',
    // A separator at the end.
    '[;,]$',
  ].join('|'),
  'iu',
);

/**
 * Whether text without quotes is unambiguous. As literals, `x;` and `%22x%22` would silently match
 * nothing.
 */
export function isPlainWord(word: string): boolean {
  return !NOT_PLAIN.test(word);
}

/**
 * Entra ID and older versions of authentik omit the quotes. 007 and numbers beyond the precision of
 * a double are kept as text, for attributes that are text.
 * `userName eq jyoung` → `userName eq "jyoung"`
 */
export function literalWithoutQuotes(word: string): Literal {
  const number = /^-?\d+(\.\d+)?$/.test(word) ? Number(word) : Number.NaN;
  return String(number) === word ? number : word;
}

/**
 * Entra ID matches users with a comparison after the brackets. Both apply to the same element.
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
 * Entra ID omits the extension's URN.
 * `manager eq "x"` → `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager eq "x"`
 */
export function extensionOfBareName(type: ResourceType, name: string): Schema | undefined {
  return type.extensions.find(({ schema }) => findAttribute(schema.attributes, name))?.schema;
}

/**
 * ConnId puts a dot between the URN and the attribute. `text` is a whole path whose URN is unknown.
 * `urn:…:enterprise:2.0:User.department` → `urn:…:enterprise:2.0:User:department`
 */
export function pathBehindDot(type: ResourceType, text: string): AttributePath | undefined {
  const lower = text.toLowerCase();
  const schemas = [type.schema, ...type.extensions.map(({ schema }) => schema)];
  const urn = schemas.map(({ id }) => id).find((id) => lower.startsWith(`${id.toLowerCase()}.`));
  if (urn === undefined) return undefined;
  const [name = '', ...subs] = text.slice(urn.length + 1).split('.');
  return { urn, name, sub: subs.length === 0 ? undefined : subs.join('.') };
}
