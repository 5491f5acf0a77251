/** Shows the shape of a filter (RFC 7644 §3.4.2.2) without the values that it compares with. */
import { MASK, MOST_READ, maskedText } from './text.ts';

/** A string without an end goes on to the end of the filter, so that none is read twice. */
const PART = /"(?:[^"\\]|\\.)*(?:"|\\?$)|[()[\]]|[^\s"()[\]]+|\s+/gs;

/** What comes next in a filter. */
type Expected = 'attribute' | 'operator' | 'value' | 'joining';
/** A part that is shown, and what comes after it. */
type Rule = readonly [part: RegExp, next: Expected];

const SPACE = /^\s/;
const OPENING: Rule = [/^[([]$/, 'attribute'];
const CLOSING: Rule = [/^[)\]]$/, 'joining'];
const JOINING: Rule = [/^(?:and|or|not)$/i, 'attribute'];
const RULES: Readonly<Record<Expected, readonly Rule[]>> = {
  attribute: [OPENING, CLOSING, JOINING, [/^[a-z$][\w$:.-]*$/i, 'operator']],
  operator: [
    OPENING,
    CLOSING,
    [/^(?:eq|ne|co|sw|ew|gt|ge|lt|le)$/i, 'value'],
    [/^pr$/i, 'joining'],
  ],
  value: [OPENING, CLOSING, [/^(?:true|false|null)$/, 'joining']],
  // A path continues behind its brackets, such as emails[type eq "work"].value.
  joining: [OPENING, CLOSING, JOINING, [/^\.[a-z$][\w$]*$/i, 'operator']],
};

/**
 * Whatever isn't an attribute, an operator or a constant in its place is masked, so that a filter
 * that can't be parsed shows no value either. `onValue` is called with each value. A filter beyond
 * what is ever shown is cut off.
 */
export function maskedFilter(filter: string, onValue: (value: string) => void): string {
  let expected: Expected = 'attribute';
  return filter.slice(0, MOST_READ).replace(PART, (part) => {
    if (SPACE.test(part)) return ' ';
    const rule = RULES[expected].find(([shown]) => shown.test(part));
    expected = rule?.[1] ?? 'joining';
    if (rule !== undefined) return maskedText(part);
    onValue(part.replace(/^"|"$/g, ''));
    return part.startsWith('"') ? `"${MASK}"` : MASK;
  });
}
