/** How text is compared where `caseExact` is false: the same in memory and in every database. */
import { MAX_MARKS } from './limits.ts';

/** Most text, which is in NFC. */
const ASCII = /^[ -~]*$/;

/**
 * NFC and lower case; folded text folds to itself. Databases compare the result bytewise: their own
 * `lower()` knows ASCII only.
 */
export function fold(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase();
  const lower = text.normalize('NFC').toLowerCase();
  // A final sigma has its own form, which would keep the beginning of a longer word from matching.
  const plain = lower.includes('ς') ? lower.replaceAll('ς', 'σ') : lower;
  // Some letters are composed in lower case only: J + caron has no character of its own, j + caron
  // has.
  return plain.normalize('NFC');
}

export function hasTooManyMarks(text: string): boolean {
  if (text.length <= MAX_MARKS || !/[\u0300-\uffff]/.test(text)) return false;
  return text.match(/\p{M}+/gu)?.some((run) => run.length > MAX_MARKS) ?? false;
}

/** Orders as UTF-8 bytes do (code points, not UTF-16 units), which is how the databases order. */
export function compareText(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index++) {
    const a = left.charCodeAt(index);
    const b = right.charCodeAt(index);
    if (a !== b) {
      // Surrogates sort above U+E000–U+FFFF in UTF-8 but below in UTF-16.
      return utf8Rank(a) - utf8Rank(b);
    }
  }
  return left.length - right.length;
}

function utf8Rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/** Undefined for text that is not a boolean. */
export function booleanText(text: string): boolean | undefined {
  const lower = text.toLowerCase();
  return lower === 'true' ? true : lower === 'false' ? false : undefined;
}
