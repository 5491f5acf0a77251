/** Elements that the path of a PATCH selects but that don't exist. */
import type { Filter } from '../filter.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import { type Attribute, findAttribute } from '../schema.ts';

const QUOTED = /^['"`‘“”’].*['"`’”]$/s;

/**
 * RFC 7644 §3.5.2.3 requires noTarget if the filter matches nothing, but Entra ID expects the
 * element to be created. That is possible if the filter is one `eq`, or several joined by `and`;
 * otherwise the result is undefined.
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
    // In `value eq 42`, 42 is a number. For a string attribute it means its digits, as in every
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
