/** Shows the body of a request without the secrets in it. */
import { isJsonObject } from '../../scim/json.ts';
import { maskedFilter } from './filter.ts';
import { MASK, maskedText, namesSecret } from './text.ts';

interface MaskedBody {
  /** JSON, cut off at the limit. */
  readonly text: string;
  /** The texts that were masked, which a message about the request may quote. */
  readonly secrets: readonly string[];
}

/** Keys whose values may be long and random without being secret. */
const IDENTIFIERS = /^(?:id|externalid)$/i;

/** `limit` is in bytes. The cost is bounded by the limit, not by the size of the body. */
export function maskedBody(body: unknown, limit: number): MaskedBody {
  const writer = new Writer(limit);
  writer.value(body, '');
  return { text: writer.text, secrets: writer.secrets };
}

class Writer {
  text = '';
  readonly secrets: string[] = [];
  #left: number;
  #isFull = false;

  constructor(limit: number) {
    this.#left = limit - Buffer.byteLength(MASK);
  }

  value(value: unknown, key: string): void {
    if (this.#isFull) return;
    if (namesSecret(key) && value !== null) this.#secret(value);
    else if (Array.isArray(value)) this.#array(value, key);
    else if (isJsonObject(value)) this.#object(value);
    else this.#write(JSON.stringify(typeof value === 'string' ? this.#shown(value, key) : value));
  }

  #array(values: readonly unknown[], key: string): void {
    this.#write('[');
    for (const [index, each] of values.entries()) {
      if (this.#isFull) return;
      if (index > 0) this.#write(',');
      this.value(each, key);
    }
    this.#write(']');
  }

  #object(object: Readonly<Record<string, unknown>>): void {
    const hidesValue = targetsSecret(object);
    let separator = '{';
    for (const key in object) {
      if (this.#isFull) return;
      this.#write(`${separator}${JSON.stringify(maskedText(key))}:`);
      separator = ',';
      if (hidesValue && /^value$/i.test(key)) this.#secret(object[key]);
      else this.value(object[key], key);
    }
    this.#write(separator === '{' ? '{}' : '}');
  }

  #secret(value: unknown): void {
    if (typeof value === 'string') this.secrets.push(value);
    this.#write(`"${MASK}"`);
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
