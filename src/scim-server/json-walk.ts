/**
 * A walk through JSON text that checks its structure. On the way, the elements of long arrays are
 * parsed a few at a time and taken out of the text, so that no call has much to do.
 */

import { randomUUID } from 'node:crypto';
import { invalidSyntax } from '../scim/error.ts';
import { MAX_JSON_DEPTH } from '../scim/limits.ts';

/** An array or object that is open. */
interface Open {
  /** The index of its bracket. */
  readonly start: number;
  /** Its keys so far; null for an array. */
  readonly keys: Set<string> | null;
  /** Where the elements begin that were not parsed yet. */
  from: number;
  /** The elements that were parsed; undefined for an array that is not long. */
  elements: unknown[] | undefined;
}

/** A long array that was taken out of the text. */
interface Cut {
  readonly start: number;
  readonly end: number;
  readonly elements: readonly unknown[];
}

export class JsonWalk {
  readonly #text: string;
  readonly #batch: number;
  /** Stands in the text for an array that was taken out. Nobody can have sent it. */
  readonly #mark: string;
  readonly #open: Open[] = [];
  /** In the order of the text. None is inside of another one. */
  readonly #cuts: Cut[] = [];
  #at = 0;
  #keyExpected = false;

  /** `batch` is the number of characters from which on elements are parsed by themselves. */
  constructor(text: string, batch = Number.POSITIVE_INFINITY) {
    this.#text = text;
    this.#batch = batch;
    this.#mark = batch < text.length ? `${randomUUID()}:` : '';
  }

  /** Walks through about so many characters. Returns whether the end is reached. */
  advance(characters = Number.POSITIVE_INFINITY): boolean {
    const text = this.#text;
    const stop = Math.min(text.length, this.#at + characters);
    let at = this.#at;
    for (; at < stop; at++) {
      switch (text.charCodeAt(at)) {
        case 0x22: {
          const end = endOfString(text, at);
          const keys = this.#keyExpected ? this.#open.at(-1)?.keys : null;
          if (keys) addKey(keys, text.slice(at, end + 1));
          this.#keyExpected = false;
          at = end;
          break;
        }
        case 0x7b:
          this.#begin(at, new Set());
          break;
        case 0x5b:
          this.#begin(at, null);
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
    this.#at = at;
    return at >= text.length;
  }

  /** The value of the whole text. Call it at the end of the walk. Throws invalidSyntax. */
  value(): unknown {
    return this.#parse(0, this.#text.length, '', '');
  }

  #begin(at: number, keys: Set<string> | null): void {
    this.#keyExpected = keys !== null;
    if (this.#open.push({ start: at, keys, from: at + 1, elements: undefined }) > MAX_JSON_DEPTH) {
      throw invalidSyntax(`the body is nested deeper than ${MAX_JSON_DEPTH} levels`);
    }
  }

  #end(at: number): void {
    const open = this.#open.pop();
    this.#keyExpected = false;
    if (open?.elements === undefined) return;
    if (this.#text.charCodeAt(at) !== 0x5d) throw invalidJson();
    this.#takeElements(open, open.elements, at);
    this.#cuts.push({ start: open.start, end: at + 1, elements: open.elements });
  }

  #next(at: number): void {
    const open = this.#open.at(-1);
    this.#keyExpected = open !== undefined && open.keys !== null;
    if (open === undefined || open.keys !== null || at - open.from < this.#batch) return;
    open.elements ??= [];
    this.#takeElements(open, open.elements, at);
    open.from = at + 1;
  }

  #takeElements({ from }: Open, elements: unknown[], end: number): void {
    const more = this.#parse(from, end, '[', ']');
    // Two commas without anything between them are not JSON.
    if (!Array.isArray(more) || more.length === 0) throw invalidJson();
    for (const each of more) elements.push(each);
  }

  /** Parses a part of the text, with the arrays that were taken out of it. */
  #parse(start: number, end: number, before: string, after: string): unknown {
    const first = this.#cuts.findIndex((cut) => cut.start >= start);
    const cuts = first < 0 ? [] : this.#cuts.splice(first);
    let json = before;
    let from = start;
    cuts.forEach((cut, index) => {
      json += `${this.#text.slice(from, cut.start)}"${this.#mark}${index}"`;
      from = cut.end;
    });
    const value = parsed(json + this.#text.slice(from, end) + after);
    if (cuts.length === 0) return value;
    const filled = new Filling(this.#mark, cuts);
    const whole = filled.fill(value);
    // An array can't be a key.
    if (filled.count !== cuts.length) throw invalidJson();
    return whole;
  }
}

/** Puts arrays back in the places of their marks. */
class Filling {
  readonly #mark: string;
  readonly #cuts: readonly Cut[];
  count = 0;

  constructor(mark: string, cuts: readonly Cut[]) {
    this.#mark = mark;
    this.#cuts = cuts;
  }

  fill(value: unknown): unknown {
    if (typeof value === 'string') {
      if (!value.startsWith(this.#mark)) return value;
      this.count++;
      return this.#cuts[Number(value.slice(this.#mark.length))]?.elements;
    }
    if (Array.isArray(value)) return value.map((each) => this.fill(each));
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).map(([key, each]) => [key, this.fill(each)]);
    // fromEntries defines a key __proto__, as JSON.parse does.
    return Object.fromEntries(entries);
  }
}

const invalidJson = () => invalidSyntax('the body is not valid JSON');

/** Throws invalidSyntax. */
export function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw invalidJson();
  }
}

/** The index of the closing quote. */
function endOfString(text: string, start: number): number {
  let end = start;
  do {
    end = text.indexOf('"', end + 1);
    if (end < 0) throw invalidJson();
  } while (isEscaped(text, end));
  return end;
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(at - 1 - backslashes) === 0x5c) backslashes++;
  return backslashes % 2 === 1;
}

function addKey(keys: Set<string>, quoted: string): void {
  const key = quoted.includes('\\') ? parsed(quoted) : quoted.slice(1, -1);
  if (typeof key !== 'string') return;
  if (keys.has(key)) {
    throw invalidSyntax(`the key ${JSON.stringify(key.slice(0, 64))} occurs twice in one object`);
  }
  keys.add(key);
}
