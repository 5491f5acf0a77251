/** Text that arrives as bytes in UTF-8, a chunk at a time. */
import { isUtf8 } from 'node:buffer';
import { invalidSyntax } from '../scim/error.ts';

/** Bytes that are decoded in one go. */
const PIECE = 64 * 1024;

/** U+FEFF in front of a text is not part of it. */
const MARK = '\uFEFF';

/**
 * Decodes in pieces. Throws invalidSyntax for invalid UTF-8, which a TextDecoder would replace: the
 * stored text would differ from what was sent.
 */
export class Utf8Text {
  /** The bytes of a character that the next chunk completes. */
  #rest: Uint8Array = new Uint8Array();
  #isStarted = false;

  *write(chunk: Uint8Array): Generator<string, void> {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const end = bytes.length - lengthOfBeginning(bytes);
    for (let from = 0; from < end; ) {
      const most = bytes.subarray(from, from + PIECE);
      const to = end - from <= PIECE ? end : from + PIECE - lengthOfBeginning(most);
      yield this.#decode(bytes.subarray(from, to));
      from = to;
    }
    this.#rest = bytes.subarray(end);
  }

  /** Call this after the last chunk. */
  end(): void {
    if (this.#rest.length > 0) throw invalidText();
  }

  #decode(bytes: Uint8Array): string {
    if (!isUtf8(bytes)) throw invalidText();
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
    const isFirst = !this.#isStarted;
    this.#isStarted = true;
    return isFirst && text.startsWith(MARK) ? text.slice(1) : text;
  }
}

/** The number of bytes at the end that begin a character without completing it. */
function lengthOfBeginning(bytes: Uint8Array): number {
  const longest = Math.min(3, bytes.length);
  for (let back = 1; back <= longest; back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return lengthFrom(byte) > back ? back : 0;
  }
  return 0;
}

const lengthFrom = (first: number): number => (first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2);

const invalidText = () => invalidSyntax('the body is not valid UTF-8');
