/**
 * Reads filters and paths from left to right and each character once. Without backtracking, no
 * input is slow.
 */

import type { Literal } from './filter.ts';
import { MAX_FILTER_DEPTH, MAX_FILTER_LENGTH, MAX_FILTER_TERMS } from './limits.ts';
import { isPlainWord, literalWithoutQuotes, QUOTES } from './quirks/filter.ts';

/** Each matches at its position, if only the empty text. */
const SPACE = /\s*/y;
const PATH = /[A-Za-z0-9_$:.-]*/y;
const WORD = /[^\s()[\]"]*/y;
const WORD_END = /[\s()[\]"]/;
const BACKSLASH = 0x5c;
const FIRST_PRINTABLE = 0x20;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/** The message continues a sentence that begins with "the filter" or "the path". */
export class SyntaxFault extends Error {
  override readonly name = 'SyntaxFault';
}

export class Scanner {
  readonly #text: string;
  #position = 0;
  #depth = 0;
  #terms = 0;

  constructor(text: string) {
    if (text.length > MAX_FILTER_LENGTH)
      throw new SyntaxFault(`is longer than ${MAX_FILTER_LENGTH} characters`);
    this.#text = text;
  }

  get atEnd(): boolean {
    return this.#position >= this.#text.length;
  }

  get position(): number {
    return this.#position;
  }

  fault(expected: string, position: number = this.#position): SyntaxFault {
    const where = position >= this.#text.length ? 'at the end' : `at character ${position + 1}`;
    return new SyntaxFault(`is malformed: expected ${expected} ${where}`);
  }

  skipSpace(): void {
    this.#skip(SPACE);
  }

  peek(character: string): boolean {
    return this.#text.charAt(this.#position) === character;
  }

  take(character: string): boolean {
    if (!this.peek(character)) return false;
    this.#position++;
    return true;
  }

  expect(character: string): void {
    if (!this.take(character)) throw this.fault(`"${character}"`);
  }

  /** Consumes the keyword if it is the next whole word, in any case. */
  takeKeyword(keyword: string): boolean {
    const end = this.#position + keyword.length;
    if (this.#text.slice(this.#position, end).toLowerCase() !== keyword) return false;
    if (end < this.#text.length && !WORD_END.test(this.#text.charAt(end))) return false;
    this.#position = end;
    return true;
  }

  pathText(): string {
    const start = this.#position;
    this.#skip(PATH);
    if (start === this.#position) throw this.fault('an attribute name');
    return this.#text.slice(start, this.#position);
  }

  word(): string {
    const start = this.#position;
    this.#skip(WORD);
    return this.#text.slice(start, this.#position);
  }

  /** Reads a JSON value, text between other quotes, or text without quotes. */
  literal(): Literal {
    const start = this.#position;
    const closing = QUOTES.get(this.#text.charAt(start));
    if (closing !== undefined) return this.#string(closing);
    const word = this.word();
    if (word === '') throw this.fault('a value');
    const keyword = KEYWORDS.get(word.toLowerCase());
    if (keyword !== undefined) return keyword;
    if (!isPlainWord(word)) throw this.fault('a value in double quotes', start);
    return literalWithoutQuotes(word);
  }

  enter(): void {
    if (++this.#depth > MAX_FILTER_DEPTH)
      throw new SyntaxFault(`is nested deeper than ${MAX_FILTER_DEPTH} levels`);
  }

  leave(): void {
    this.#depth--;
  }

  countTerm(): void {
    if (++this.#terms > MAX_FILTER_TERMS)
      throw new SyntaxFault(`has more than ${MAX_FILTER_TERMS} comparisons`);
  }

  #skip(pattern: RegExp): void {
    pattern.lastIndex = this.#position;
    pattern.test(this.#text);
    this.#position = pattern.lastIndex;
  }

  #string(closing: string): string {
    const start = this.#position++;
    let result = '';
    for (;;) {
      const from = this.#position;
      this.#skipPlain(closing.charCodeAt(0));
      result += this.#text.slice(from, this.#position);
      if (this.atEnd) throw this.fault('the closing quote');
      if (this.take(closing)) return this.#closed(closing, start, result);
      if (!this.take('\\')) throw this.fault('an escape sequence instead of a control character');
      result += this.#escape(closing);
    }
  }

  #skipPlain(closing: number): void {
    let end = this.#position;
    let code = this.#text.charCodeAt(end);
    // Behind the end it is NaN.
    while (code >= FIRST_PRINTABLE && code !== closing && code !== BACKSLASH)
      code = this.#text.charCodeAt(++end);
    this.#position = end;
  }

  /**
   * With quotes other than JSON's, a quote within the text can't be told from the closing one:
   * `'O'Brien'`.
   */
  #closed(closing: string, start: number, text: string): string {
    const isLast = this.atEnd || WORD_END.test(this.#text.charAt(this.#position));
    if (closing !== '"' && !isLast) throw this.fault('a value in double quotes', start);
    return text;
  }

  #escape(closing: string): string {
    const letter = this.#text.charAt(this.#position);
    if (letter === closing) {
      this.#position++;
      return letter;
    }
    if (letter === 'u') {
      const digits = this.#text.slice(this.#position + 1, this.#position + 5);
      if (!/^[0-9A-Fa-f]{4}$/.test(digits)) throw this.fault('four hexadecimal digits');
      this.#position += 5;
      return String.fromCharCode(Number.parseInt(digits, 16));
    }
    const meaning = Object.hasOwn(ESCAPES, letter) ? ESCAPES[letter] : undefined;
    if (meaning === undefined) throw this.fault('a JSON escape sequence');
    this.#position++;
    return meaning;
  }
}

const KEYWORDS = new Map<string, Literal>([
  ['true', true],
  ['false', false],
  ['null', null],
]);
