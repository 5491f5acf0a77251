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

/** The form in which a stored value is compared; undefined if it is not of the attribute's type. */
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
      return attribute.caseExact ? value : fold(value);
  }
}

/**
 * Converts RFC 3339 to UTC with milliseconds, so that the text sorts by time. Undefined for days
 * that don't exist, and for times outside the years 0000 to 9999 in UTC.
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
  // Date reads 30 February as 2 March.
  const isDay = utc(`${day}T00:00:00Z`)?.startsWith(day);
  return isDay && result?.length === UTC_LENGTH ? result : undefined;
}

const UTC_LENGTH = '2026-01-01T00:00:00.000Z'.length;

function utc(text: string): string | undefined {
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : new Date(time).toISOString();
}

/**
 * The form in which a literal is compared with the attribute's values. Throws invalidFilter if it
 * is of another type. Messages refer to the attribute as `name`.
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
 * As in JSON: no hexadecimal, no Infinity. A number that is too large for a double is refused
 * later, as Infinity.
 */
const NUMBER = /^\s*-?\d+(?:\.\d+)?(?:e[+-]?\d+)?\s*$/i;

/** Entra writes `primary eq "True"`; other clients omit quotes or put them around numbers. */
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
