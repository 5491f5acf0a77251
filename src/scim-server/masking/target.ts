/** Shows the path and the query of a request without the values in them. */
import { pairsOf } from '../query-string.ts';
import { maskedFilter } from './filter.ts';
import { MASK, maskedText } from './text.ts';

const MOST_SHOWN = 500;
const NAMES_OF_ATTRIBUTES = new Set(['attributes', 'excludedattributes', 'sortby']);
const NUMBERS_AND_WORDS = new Set(['startindex', 'count', 'sortorder']);

/**
 * `path` is shown as it is. The values of the query are masked unless they name attributes or
 * order a page; `onValue` is called with those that are.
 */
export function maskedTarget(
  path: string,
  query: string,
  onValue: (value: string) => void,
): string {
  const parameters = pairsOf(query.slice(0, 16 * MOST_SHOWN));
  if (parameters.length === 0) return maskedText(path);
  const shown = parameters.map(([name, value]) => {
    const known = name.toLowerCase();
    return `${shownName(name)}=${shownValue(known, value, onValue)}`;
  });
  const target = `${maskedText(path)}?${shown.join('&')}`;
  return target.length > MOST_SHOWN ? `${target.slice(0, MOST_SHOWN)}${MASK}` : target;
}

const shownName = (name: string) => (/^\w{1,30}$/.test(name) ? name : MASK);

function shownValue(name: string, value: string, onValue: (value: string) => void): string {
  if (name === 'filter') return maskedFilter(value, onValue);
  if (NAMES_OF_ATTRIBUTES.has(name) && /^[\w$.:, -]{0,300}$/.test(value)) return maskedText(value);
  if (NUMBERS_AND_WORDS.has(name) && /^[\w-]{0,12}$/.test(value)) return value;
  if (value === '') return value;
  onValue(value);
  return MASK;
}
