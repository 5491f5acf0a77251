/**
 * The messages of the extended query protocol, written as one piece: each piece is a system call
 * here and may wake the server's process.
 */

export type BoundValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  | readonly BoundValue[];

export interface Message {
  /** Under which the server keeps the parsed statement; empty to not keep it. */
  readonly name: string;
  /** Parsed before it is executed. Undefined if the server has it under its name. */
  readonly text: string | undefined;
  readonly values: readonly BoundValue[];
}

const [PARSE, BIND, DESCRIBE, STATEMENT] = [0x50, 0x42, 0x44, 0x53];
/** Execute the unnamed portal, all rows. */
const EXECUTE = Buffer.from([0x45, 0, 0, 0, 9, 0, 0, 0, 0, 0]);
const SYNC = Buffer.from([0x53, 0, 0, 0, 4]);

/**
 * Executes the statements one after the other, as one transaction unless one is running, up to the
 * first that fails. Throws TypeError for a value that isn't one.
 */
export function messages(all: readonly Message[]): Buffer {
  const sent = all.map((each) => ({ ...each, texts: each.values.map(textOf) }));
  const size = sent.reduce((sum, each) => sum + sizeOf(each), SYNC.length);
  const piece = new Piece(size);
  for (const { name, text, texts } of sent) {
    if (text !== undefined) {
      piece.begin(PARSE).text(name).text(text).int16(0).end();
      piece.begin(DESCRIBE).byte(STATEMENT).text(name).end();
    }
    piece.begin(BIND).text('').text(name).int16(0).int16(texts.length);
    for (const each of texts) piece.value(each);
    piece.int16(0).end().bytes(EXECUTE);
  }
  return piece.bytes(SYNC).buffer;
}

function sizeOf({ name, text, texts }: Message & { readonly texts: readonly (string | null)[] }) {
  const named = Buffer.byteLength(name) + 1;
  const parsed = text === undefined ? 0 : 5 + named + Buffer.byteLength(text) + 3 + 6 + named;
  const bound = texts.reduce((sum, each) => sum + 4 + Buffer.byteLength(each ?? ''), 12 + named);
  return parsed + bound + EXECUTE.length;
}

class Piece {
  readonly buffer: Buffer;
  #at = 0;
  #length = 0;

  constructor(size: number) {
    this.buffer = Buffer.allocUnsafe(size);
  }

  begin(type: number): this {
    this.byte(type);
    this.#length = this.#at;
    this.#at += 4;
    return this;
  }

  end(): this {
    this.buffer.writeInt32BE(this.#at - this.#length, this.#length);
    return this;
  }

  byte(value: number): this {
    this.buffer[this.#at++] = value;
    return this;
  }

  int16(value: number): this {
    this.#at = this.buffer.writeUInt16BE(value, this.#at);
    return this;
  }

  text(value: string): this {
    this.#at += this.buffer.write(value, this.#at);
    return this.byte(0);
  }

  value(value: string | null): this {
    const length = value === null ? -1 : this.buffer.write(value, this.#at + 4);
    this.buffer.writeInt32BE(length, this.#at);
    this.#at += 4 + Math.max(0, length);
    return this;
  }

  bytes(value: Buffer): this {
    this.#at += value.copy(this.buffer, this.#at);
    return this;
  }
}

function textOf(value: BoundValue): string | null {
  if (typeof value === 'string') return value;
  if (value === null || value === undefined) return null;
  if (Array.isArray(value)) return `{${value.map(elementOf).join(',')}}`;
  if (typeof value === 'object') throw new TypeError('a value of a statement is an object');
  return String(value);
}

function elementOf(value: BoundValue): string {
  const text = textOf(value);
  if (text === null) return 'NULL';
  return Array.isArray(value) ? text : `"${text.replace(/[\\"]/g, '\\$&')}"`;
}
