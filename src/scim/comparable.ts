/**
 * The one definition of how attribute values and filter literals are compared: in memory, in
 * indexes and in SQL.
 */

import type { Comparable } from './condition.ts';
import { invalidFilter } from './error.ts';
import type { Literal } from './filter.ts';
import type { JsonValue } from './json.ts';
import type { Attribute } from './schema.ts';
import { booleanText, fold } from './text.ts';

/** A stored value as it is compared; undefined for what is no value of the attribute's type. */
export function comparable(
  attribute: Attribute,
  value: JsonValue | undefined,
): Comparable | undefined {
  switch (attribute.type) {
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined;
    case 'integer':
    case 'decimal':
      return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
    case 'dateTime':
      return typeof value === 'string' ? instant(value) : undefined;
    case 'complex':
      return undefined;
    default:
      if (typeof value !== 'string') return undefined;
      if (namesResource(attribute)) return resourceReference(value);
      return attribute.caseExact ? value : fold(value);
  }
}

/**
 * Whether values are URLs of users or groups, which only the endpoint that is asked has in full.
 */
export function namesResource({ type, referenceTypes }: Attribute): boolean {
  return type === 'reference' && referenceTypes.some((each) => each === 'User' || each === 'Group');
}

/**
 * The same for the URL at any endpoint and for the relative forms of it (RFC 7643 §2.4):
 * `../Users/{id}`.
 */
function resourceReference(url: string): string {
  const [, collection, id] = /(?:^|\/)(Users|Groups)\/([^/]+)$/.exec(url) ?? [];
  return collection === undefined ? url : `../${collection}/${id}`;
}

/**
 * RFC 3339 → UTC with milliseconds, so that the order of the text is the order of time. Undefined
 * for days that no calendar has, and for what in UTC is outside the years 0000 to 9999.
 */
export function instant(text: string): string | undefined {
  const match =
    /^(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z|z|[+-]\d\d:?\d\d)?)?$/.exec(
      text,
    );
  if (!match) return undefined;
  const [, day = ''] = match;
  const zone = (match[3] ?? 'Z').toUpperCase().replace(/^([+-]\d\d)(\d\d)$/, '$1:$2');
  const result = utc(`${day}T${match[2] ?? '00:00:00'}${zone}`);
  // Date takes 30 February for 2 March.
  const isDay = utc(`${day}T00:00:00Z`)?.startsWith(day);
  return isDay && result?.length === UTC_LENGTH ? result : undefined;
}

const UTC_LENGTH = '2026-01-01T00:00:00.000Z'.length;

function utc(text: string): string | undefined {
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : new Date(time).toISOString();
}

/**
 * A literal as it is compared with the attribute's values; throws invalidFilter when it is of
 * another type. `name` is how the message calls the attribute.
 */
export function literalComparable(
  attribute: Attribute,
  literal: Literal,
  name: string = attribute.name,
): Comparable | null {
  if (literal === null) return null;
  const value = coerce(attribute, literal);
  const result = value === undefined ? undefined : comparable(attribute, value);
  if (result === undefined) {
    throw invalidFilter(`${name} must be compared with a value of type ${attribute.type}`);
  }
  return result;
}

/**
 * As in JSON: no hexadecimal, no Infinity. What is too large for a double is refused by its value.
 */
const NUMBER = /^\s*-?\d+(?:\.\d+)?(?:e[+-]?\d+)?\s*$/i;

/** Entra writes `primary eq "True"`; other clients leave quotes away or put them around numbers. */
function coerce(attribute: Attribute, literal: string | number | boolean): JsonValue | undefined {
  if (attribute.type === 'boolean' && typeof literal === 'string') {
    return booleanText(literal);
  }
  if (
    (attribute.type === 'integer' || attribute.type === 'decimal') &&
    typeof literal === 'string'
  ) {
    return NUMBER.test(literal) ? Number(literal) : undefined;
  }
  const isText =
    attribute.type !== 'boolean' && attribute.type !== 'integer' && attribute.type !== 'decimal';
  return isText ? String(literal) : literal;
}
