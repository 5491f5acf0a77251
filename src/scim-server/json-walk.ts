/**
 * A walk through JSON text that checks its structure, piece by piece as it arrives. On the way, what
 * long arrays and objects contain is parsed a little at a time and taken out of the text, so that no
 * call has much to do and the text is never in memory as a whole.
 */

import { randomUUID } from 'node:crypto';
import { invalidSyntax } from '../scim/error.ts';
import { MAX_JSON_DEPTH, MAX_JSON_KEYS } from '../scim/limits.ts';
import { MEMBERS_AT_ONCE } from '../scim/member-lists.ts';

/** An array or object that is open. Positions are those in the text that is kept. */
interface Open {
  /** The position of its bracket. */
  readonly start: number;
  readonly isObject: boolean;
  /** Its keys so far. Most objects of long lists have one, which needs no set. */
  key: string | undefined;
  keys: Set<string> | undefined;
  /** The number of cuts before it. */
  readonly cuts: number;
  /** Where the text begins that was not parsed yet. */
  from: number;
  /** The elements or entries that were parsed; undefined unless it is long. */
  taken: unknown[] | undefined;
}

export class JsonWalk {
  readonly #batch: number;
  readonly #shorten: (element: unknown) => unknown;
  /** Stands in the text for what was taken out. Nobody can have sent it. */
  readonly #mark: string;
  readonly #open: Open[] = [];
  /** The values that were taken out of the text that is kept, in their order. */
  readonly #cuts: unknown[] = [];
  /** The text before the piece, without what was taken out. */
  #kept = '';
  #piece = '';
  /** Where the part of the piece begins that isn't kept yet. */
  #from = 0;
  #keyExpected = false;
  /** The string in which the previous piece ended. */
  #string: { readonly keyAt: number | undefined; readonly isEscaped: boolean } | undefined;

  /**
   * `batch` is the number of characters from which on a part is parsed by itself. `shorten` gets the
   * elements of an array after those that are handled at once.
   */
  constructor(batch = Number.POSITIVE_INFINITY, shorten = (element: unknown) => element) {
    this.#batch = batch;
    this.#shorten = shorten;
    this.#mark = Number.isFinite(batch) ? `${randomUUID()}:` : '';
  }

  /** Walks through the next piece. Throws invalidSyntax. */
  write(piece: string): void {
    if (piece === '') return;
    this.#piece = piece;
    this.#from = 0;
    let at = this.#string === undefined ? 0 : this.#endString(0) + 1;
    for (; at < piece.length; at++) {
      switch (piece.charCodeAt(at)) {
        case 0x22:
          this.#string = {
            keyAt: this.#keyExpected ? this.#position(at) : undefined,
            isEscaped: false,
          };
          this.#keyExpected = false;
          at = this.#endString(at + 1);
          break;
        case 0x7b:
          this.#begin(at, true);
          break;
        case 0x5b:
          this.#begin(at, false);
          break;
        case 0x7d:
        case 0x5d:
          this.#end(at);
          break;
        case 0x2c:
          this.#next(at);
          break;
        default:
      }
    }
    this.#kept += piece.slice(this.#from);
    this.#piece = '';
    this.#from = 0;
  }

  /** The value of the whole text. Call it after the last piece. Throws invalidSyntax. */
  value(): unknown {
    if (this.#open.length > 0) throw invalidJson();
    return this.#parse(this.#kept, 0);
  }

  #position(at: number): number {
    return this.#kept.length + at - this.#from;
  }

  /** The index of the quote that closes the string; that of the last character if none does. */
  #endString(start: number): number {
    const { keyAt, isEscaped = false } = this.#string ?? {};
    const first = isEscaped ? start + 1 : start;
    const piece = this.#piece;
    let end = piece.indexOf('"', first);
    while (end >= 0 && isBackslashed(piece, first, end)) end = piece.indexOf('"', end + 1);
    if (end < 0) {
      this.#string = { keyAt, isEscaped: isBackslashed(piece, first, piece.length) };
      return piece.length - 1;
    }
    this.#string = undefined;
    const open = keyAt === undefined ? undefined : this.#open.at(-1);
    if (keyAt !== undefined && open?.isObject) addKey(open, this.#textFrom(keyAt, end + 1));
    return end;
  }

  /** The text from a position on to an index of the piece. */
  #textFrom(position: number, end: number): string {
    const start = position - this.#kept.length + this.#from;
    if (start >= this.#from) return this.#piece.slice(start, end);
    return this.#kept.slice(position) + this.#piece.slice(this.#from, end);
  }

  #begin(at: number, isObject: boolean): void {
    this.#keyExpected = isObject;
    const start = this.#position(at);
    const depth = this.#open.push({
      start,
      isObject,
      key: undefined,
      keys: undefined,
      cuts: this.#cuts.length,
      from: start + 1,
      taken: undefined,
    });
    if (depth > MAX_JSON_DEPTH) {
      throw invalidSyntax(`the body is nested deeper than ${MAX_JSON_DEPTH} levels`);
    }
  }

  #end(at: number): void {
    const open = this.#open.pop();
    this.#keyExpected = false;
    if (open?.taken === undefined) return;
    if (this.#piece.charCodeAt(at) !== (open.isObject ? 0x7d : 0x5d)) throw invalidJson();
    this.#take(open, open.taken, at);
    this.#kept += `"${this.#mark}${this.#cuts.length}"`;
    this.#cuts.push(open.isObject ? objectOf(open.taken) : open.taken);
  }

  #next(at: number): void {
    const open = this.#open.at(-1);
    this.#keyExpected = open?.isObject === true;
    if (open === undefined || this.#position(at) - open.from < this.#batch) return;
    open.taken ??= [];
    this.#take(open, open.taken, at);
  }

  /** Parses what is left of an array or object in front of a comma or its last bracket. */
  #take(open: Open, taken: unknown[], at: number): void {
    const text = this.#textFrom(open.from, at);
    this.#kept = this.#textFrom(0, at).slice(0, open.start);
    this.#from = at + 1;
    open.from = open.start;
    const value = this.#parse(open.isObject ? `{${text}}` : `[${text}]`, open.cuts);
    const parts = Array.isArray(value) ? value : Object.entries(value ?? {});
    // Two commas without anything between them are not JSON.
    if (parts.length === 0) throw invalidJson();
    const isLong = !open.isObject && taken.length >= MEMBERS_AT_ONCE;
    for (const each of parts) taken.push(isLong ? this.#shorten(each) : each);
  }

  /** Parses a part of the text, with what was taken out of it: the cuts from the first one on. */
  #parse(json: string, first: number): unknown {
    const cuts = this.#cuts.splice(first);
    const value = parsed(json);
    if (cuts.length === 0) return value;
    const filled = new Filling(this.#mark, cuts, first);
    const whole = filled.fill(value);
    // An array or object can't be a key.
    if (filled.count !== cuts.length) throw invalidJson();
    return whole;
  }
}

/** Puts values back in the places of their marks. */
class Filling {
  readonly #mark: string;
  readonly #cuts: readonly unknown[];
  readonly #first: number;
  count = 0;

  constructor(mark: string, cuts: readonly unknown[], first: number) {
    this.#mark = mark;
    this.#cuts = cuts;
    this.#first = first;
  }

  fill(value: unknown): unknown {
    if (typeof value === 'string') {
      if (!value.startsWith(this.#mark)) return value;
      this.count++;
      return this.#cuts[Number(value.slice(this.#mark.length)) - this.#first];
    }
    if (Array.isArray(value)) return value.map((each) => this.fill(each));
    if (typeof value !== 'object' || value === null) return value;
    return objectOf(Object.entries(value).map(([key, each]) => [key, this.fill(each)]));
  }
}

/** Defines a key __proto__, as JSON.parse does. */
const objectOf = (entries: readonly unknown[]): unknown =>
  Object.fromEntries(entries as readonly (readonly [string, unknown])[]);

const invalidJson = () => invalidSyntax('the body is not valid JSON');

/** Throws invalidSyntax. */
export function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw invalidJson();
  }
}

/** Whether an odd number of backslashes is in front of the index, from the first one on. */
function isBackslashed(text: string, first: number, at: number): boolean {
  let from = at;
  while (from > first && text.charCodeAt(from - 1) === 0x5c) from--;
  return (at - from) % 2 === 1;
}

function addKey(open: Pick<Open, 'key' | 'keys'>, quoted: string): void {
  const key = quoted.includes('\\') ? parsed(quoted) : quoted.slice(1, -1);
  if (typeof key !== 'string') return;
  if (open.key === undefined) {
    open.key = key;
    return;
  }
  open.keys ??= new Set([open.key]);
  const { keys } = open;
  if (keys.has(key)) {
    throw invalidSyntax(`the key ${JSON.stringify(key.slice(0, 64))} occurs twice in one object`);
  }
  if (keys.size >= MAX_JSON_KEYS) {
    throw invalidSyntax(`an object in the body has more than ${MAX_JSON_KEYS} keys`);
  }
  keys.add(key);
}
