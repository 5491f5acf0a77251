/** Elements that a path of a PATCH selects, and that aren't there. */
import type { Filter } from '../filter.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import { type Attribute, findAttribute } from '../schema.ts';

const QUOTED = /^['"`‘“”’].*['"`’”]$/s;

/**
 * RFC 7644 §3.5.2.3 wants noTarget where the filter matches nothing; Entra ID expects the element
 * to be made. It can be, when the filter is one `eq`, or several joined by `and`; undefined
 * otherwise.
 * `{"path": "emails[type eq \"work\"].value", "value": "x"}` →
 * `{"emails": [{"type": "work", "value": "x"}]}`
 */
export function elementFromFilter(
  filter: Filter,
  attribute: Attribute,
  normalize: (attribute: Attribute, value: JsonValue, name: string) => JsonValue | undefined,
): JsonObject | undefined {
  const terms = filter.kind === 'and' ? filter.terms : [filter];
  const element: Record<string, JsonValue> = {};
  for (const term of terms) {
    if (term.kind !== 'compare' || term.operator !== 'eq') return undefined;
    const sub = findAttribute(attribute.subAttributes, term.path.name);
    if (sub === undefined) return undefined;
    // Without quotes `value eq 42` is a number, which for text means its digits, as in every
    // filter.
    const literal = sub.type === 'string' && typeof term.value === 'number';
    const given = literal ? String(term.value) : term.value;
    // Quoted twice: the client means the element without the inner quotes.
    if (typeof given === 'string' && QUOTED.test(given)) return undefined;
    const value = normalize(sub, given, `${attribute.name}.${sub.name}`);
    if (value === undefined) return undefined;
    element[sub.name] = value;
  }
  return element;
}
