/**
 * Reads the body of a request, within a limit, as JSON. Called only after the token was accepted.
 */
import { isUtf8 } from 'node:buffer';
import { setImmediate } from 'node:timers/promises';
import { invalidSyntax } from '../scim/error.ts';
import { SMALL_BODY_BYTES } from '../scim/limits.ts';
import { shortenMembers, shortMember } from '../scim/member-lists.ts';
import { normalizeMember } from '../scim/values.ts';
import { betweenTurns } from './between-turns.ts';
import { payloadTooLarge, unsupportedMediaType } from './error.ts';
import { parseJson, parseLongJson } from './json.ts';
import { Utf8Text } from './utf8.ts';

/**
 * Reads and parses the body. Throws ScimError 413 if the body, or its announced length, is larger
 * than `limit` bytes; ScimError 415; or invalidSyntax. `grow` is called with each number of bytes
 * before they are kept, and may throw.
 */
export async function readJson(
  request: Request,
  limit: number,
  admitBody: () => void,
  grow: (bytes: number) => void,
): Promise<unknown> {
  checkHeaders(request.headers);
  const announced = request.headers.get('content-length');
  if (announced !== null && Number(announced) > limit) throw payloadTooLarge(limit);
  if (announced !== null) grow(Number(announced));
  admitBody();
  if (announced !== null && Number(announced) <= SMALL_BODY_BYTES) {
    const bytes = new Uint8Array(await orAborted(request.arrayBuffer()));
    if (bytes.length === 0) throw emptyBody();
    // A decoder would replace invalid UTF-8, and the stored text would differ from what was sent.
    if (!isUtf8(bytes)) throw invalidSyntax('the body is not valid UTF-8');
    return parseJson(DECODER.decode(bytes));
  }
  const body = await parseLongJson(
    textOf(request, limit, announced === null ? grow : () => undefined),
    { shorten: shortMember },
  );
  await betweenTurns(shortenMembers(body, normalizeMember));
  return body;
}

const emptyBody = () => invalidSyntax('the body is empty');

const DECODER = new TextDecoder();

const JSON_TYPE = /^(?:application|text)\/(?:[\w.-]+\+)?json$/i;

/**
 * RFC 7644 §8.1 requires application/scim+json and application/json. Known clients send some type
 * of JSON or no type. Other types are mostly from `curl -d` without a header, whose user learns
 * what is missing.
 */
function checkHeaders(headers: Headers): void {
  const type = headers.get('content-type')?.split(';', 1)[0]?.trim() ?? '';
  if (type !== '' && !JSON_TYPE.test(type)) {
    throw unsupportedMediaType('the Content-Type must be application/scim+json');
  }
  const encoding = headers.get('content-encoding')?.trim().toLowerCase() ?? 'identity';
  if (encoding !== 'identity' && encoding !== '') {
    throw unsupportedMediaType('the body must not be compressed');
  }
}

/** The text of a long body as it arrives. A body of unknown length is counted meanwhile. */
async function* textOf(
  request: Request,
  limit: number,
  grow: (bytes: number) => void,
): AsyncGenerator<string, void> {
  const reader = request.body?.getReader();
  if (reader === undefined) throw emptyBody();
  const text = new Utf8Text();
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await orAborted(reader.read());
      if (done) break;
      size += value.length;
      if (size > limit) throw payloadTooLarge(limit);
      grow(value.length);
      yield* text.write(value);
    }
    if (size === 0) throw emptyBody();
    text.end();
  } finally {
    void discard(reader);
  }
}

/** Reads what is left of a body that is refused, or the connection could not be used again. */
async function discard(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  try {
    while (!(await reader.read()).done) await setImmediate();
  } catch {
    // The client is gone.
  }
}

/** A client that disconnected is not a defect, and nothing reads the response. */
async function orAborted<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch {
    throw invalidSyntax('the body ended early');
  }
}
