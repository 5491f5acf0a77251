/** Shows the body of a request without the secrets in it. */
import { isJsonObject } from '../../scim/json.ts';
import { MAX_JSON_DEPTH } from '../../scim/limits.ts';
import { parseText } from '../../scim/quirks/json-text.ts';
import { maskedFilter } from './filter.ts';
import { MASK, MOST_READ, maskedText, namesSecret } from './text.ts';

interface MaskedBody {
  /** JSON, cut off at the limit. */
  readonly text: string;
  /** The texts that were masked, which a message about the request may quote. */
  readonly secrets: readonly string[];
}

/** Keys whose values may be long and random without being secret. */
const IDENTIFIERS = /^(?:id|externalid)$/i;

/** Objects, arrays and texts; other values hide nothing. */
const BEGINS_LIKE_JSON = /^\s*["{[]/;

/** In characters: of a long text that is masked, little is shown, and all of it is read. */
const MOST_EXAMINED = 65_536;

/** `limit` is in bytes. The cost is bounded by the limits, not by the size of the body. */
export function maskedBody(body: unknown, limit: number): MaskedBody {
  const writer = new Writer(limit);
  writer.value(body, '', 0);
  return { text: writer.text, secrets: writer.secrets };
}

class Writer {
  text = '';
  readonly secrets: string[] = [];
  #left: number;
  #unexamined = MOST_EXAMINED;
  #isFull = false;

  constructor(limit: number) {
    this.#left = limit - Buffer.byteLength(MASK);
  }

  value(value: unknown, key: string, depth: number): void {
    if (this.#isFull) return;
    if ((namesSecret(key) && value !== null) || depth > MAX_JSON_DEPTH) this.#secret(value);
    else if (Array.isArray(value)) this.#array(value, key, depth);
    else if (isJsonObject(value)) this.#object(value, depth);
    else if (typeof value === 'string') this.#text(value, key, depth);
    else this.#write(JSON.stringify(value));
  }

  #array(values: readonly unknown[], key: string, depth: number): void {
    this.#write('[');
    for (const [index, each] of values.entries()) {
      if (this.#isFull) return;
      if (index > 0) this.#write(',');
      this.value(each, key, depth + 1);
    }
    this.#write(']');
  }

  #object(object: Readonly<Record<string, unknown>>, depth: number): void {
    const hidesValue = targetsSecret(object);
    let separator = '{';
    for (const key in object) {
      if (this.#isFull || !this.#examines(key)) return;
      this.#write(`${separator}${JSON.stringify(maskedText(key))}:`);
      separator = ',';
      if (hidesValue && /^value$/i.test(key)) this.#secret(object[key]);
      else this.value(object[key], key, depth + 1);
    }
    this.#write(separator === '{' ? '{}' : '}');
  }

  #secret(value: unknown): void {
    if (typeof value === 'string') this.secrets.push(value);
    this.#write(`"${MASK}"`);
  }

  #text(text: string, key: string, depth: number): void {
    if (!this.#examines(text)) return;
    const isJson = text.length <= MOST_READ && BEGINS_LIKE_JSON.test(text);
    const parsed = isJson ? parseText(text) : undefined;
    const shown = parsed === undefined ? this.#shown(text, key) : this.#within(parsed, key, depth);
    this.#write(JSON.stringify(parsed === undefined && mayHide(text) ? MASK : shown));
  }

  /** If too much was examined already, what follows is cut off. */
  #examines(text: string): boolean {
    this.#unexamined -= Math.min(text.length, MOST_READ);
    if (this.#unexamined >= 0) return true;
    this.#left = 0;
    this.#write(MASK);
    return false;
  }

  /** Clients send complex values as JSON text. */
  #within(value: unknown, key: string, depth: number): string {
    const inner = new Writer(this.#left);
    inner.#unexamined = this.#unexamined;
    inner.value(value, key, depth + 1);
    this.#unexamined = inner.#unexamined;
    this.secrets.push(...inner.secrets);
    return inner.text;
  }

  #shown(text: string, key: string): string {
    const isFilter = /^filter$/i.test(key) || (/^path$/i.test(key) && namesSecret(text));
    if (isFilter) return maskedFilter(text, (value) => this.secrets.push(value));
    return maskedText(text, IDENTIFIERS.test(key));
  }

  #write(piece: string): void {
    if (this.#isFull) return;
    const bytes = Buffer.from(piece);
    this.#isFull = bytes.length > this.#left;
    this.text += this.#isFull ? `${whole(bytes.subarray(0, this.#left))}${MASK}` : piece;
    this.#left -= bytes.length;
  }
}

/** The text without the first bytes of a character that was cut. */
const whole = (bytes: Buffer) => bytes.toString().replace(/\uFFFD+$/, '');

/** Whether the object is an operation of a PATCH on an attribute that is a secret. */
function targetsSecret(object: Readonly<Record<string, unknown>>): boolean {
  for (const key in object) {
    const value = object[key];
    if (/^path$/i.test(key) && typeof value === 'string' && namesSecret(value)) return true;
  }
  return false;
}

/** Whether a text names secrets that can't be told from the rest: JSON that is broken or long. */
function mayHide(text: string): boolean {
  const isNested = BEGINS_LIKE_JSON.test(text);
  const hasKeys = text.includes('"') && text.includes(':');
  return (isNested || hasKeys) && (namesSecret(text) || text.includes('\\u'));
}
