/** A response whose text is written without conversion if it consists of ASCII characters. */
import { type IncomingMessage, ServerResponse } from 'node:http';

/**
 * Node.js reserves three bytes for each character of UTF-8 and converts one after the other. Whether
 * all are ASCII is found out faster.
 */
export class TextResponse<R extends IncomingMessage> extends ServerResponse<R> {
  override end(done?: () => void): this;
  override end(chunk: unknown, done?: () => void): this;
  override end(chunk: unknown, encoding: BufferEncoding, done?: () => void): this;
  override end(chunk?: unknown, ...rest: readonly unknown[]): this {
    const isAscii =
      typeof chunk === 'string' && rest.length === 0 && Buffer.byteLength(chunk) === chunk.length;
    const given = isAscii ? [chunk, 'latin1'] : [chunk, ...rest];
    return super.end(...(given as [unknown, BufferEncoding]));
  }
}
