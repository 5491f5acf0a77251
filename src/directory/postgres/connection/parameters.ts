/** The values of a statement as the server reads them. */

export type BoundValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  | readonly BoundValue[];

/** Matches a parameter that is a list of texts. */
const TEXTS = /\$(\d+)::text\[\]/g;
/** The type of the elements, from pg_type. */
const TEXT = 25;

/** For how many texts it is kept which values are lists of texts; filters can produce any number. */
const MAX_KEPT = 500;
const kept = new Map<string, ReadonlySet<number>>();

/**
 * A Buffer is binary. Lists of texts are, because the server and this process would read and write
 * each character on its own otherwise, most of which are those of JSON. Throws TypeError for a value
 * that no statement can have.
 */
export function parametersOf(
  text: string,
  values: readonly BoundValue[],
): (string | Buffer | null)[] {
  const texts = textsIn(text);
  return values.map((value, n) =>
    texts.has(n) && isFlat(value) ? binaryOf(value) : parameterOf(value),
  );
}

/** The positions of values, counted from 0. */
function textsIn(text: string): ReadonlySet<number> {
  const known = kept.get(text);
  if (known !== undefined) return known;
  const found = new Set([...text.matchAll(TEXTS)].map(([, position]) => Number(position) - 1));
  if (kept.size < MAX_KEPT) kept.set(text, found);
  return found;
}

const isFlat = (value: BoundValue): value is readonly BoundValue[] =>
  Array.isArray(value) && !value.some(Array.isArray);

/** Dimensions, whether an element is NULL, and the type; the length and the first index; elements. */
function binaryOf(list: readonly BoundValue[]): Buffer {
  const texts = list.map(parameterOf);
  const lengths = texts.map((text) => (text === null ? -1 : Buffer.byteLength(text)));
  const dimensions = texts.length === 0 ? 0 : 1;
  const head = [dimensions, lengths.includes(-1) ? 1 : 0, TEXT];
  if (dimensions > 0) head.push(texts.length, 1);
  const size = lengths.reduce((sum, length) => sum + 4 + Math.max(0, length), 4 * head.length);
  const buffer = Buffer.allocUnsafe(size);
  let at = 0;
  for (const number of head) at = buffer.writeInt32BE(number, at);
  for (const [n, text] of texts.entries()) {
    at = buffer.writeInt32BE(lengths[n] ?? 0, at);
    if (text !== null) at += buffer.write(text, at);
  }
  return buffer;
}

function parameterOf(value: BoundValue): string | null {
  if (typeof value === 'string') return value;
  if (value === null || value === undefined) return null;
  if (Array.isArray(value)) return `{${value.map(elementOf).join(',')}}`;
  if (typeof value === 'object') throw new TypeError('a value of a statement is an object');
  return String(value);
}

function elementOf(value: BoundValue): string {
  const text = parameterOf(value);
  if (text === null) return 'NULL';
  return typeof value === 'string' ? `"${text.replace(/[\\"]/g, '\\$&')}"` : text;
}
