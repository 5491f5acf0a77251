/**
 * Parses JSON as strictly as a directory needs: limited nesting, and no duplicate keys in an
 * object. JSON.parse keeps the last of two equal keys, other parsers the first. A proxy that checks
 * bodies could therefore read something else than this server, so duplicate keys are refused.
 */

import { setImmediate } from 'node:timers/promises';
import { JsonWalk, parsed } from './json-walk.ts';

/** Characters that are parsed in one go, in about a millisecond. */
const SLICE = 64 * 1024;

/** Parses a short text. Throws invalidSyntax. */
export function parseJson(text: string): unknown {
  const value = parsed(text);
  new JsonWalk().write(text);
  return value;
}

interface LongJsonOptions {
  /** Gets the elements of long arrays. */
  readonly shorten?: (element: unknown) => unknown;
  /** Differs in tests only. */
  readonly slice?: number;
}

/**
 * Parses a long text in slices of the event loop as it arrives, so that it keeps nobody waiting.
 * Rejects with invalidSyntax.
 */
export async function parseLongJson(
  pieces: AsyncIterable<string> | Iterable<string>,
  { shorten, slice = SLICE }: LongJsonOptions = {},
): Promise<unknown> {
  const walk = new JsonWalk(slice, shorten);
  for await (const piece of pieces) {
    walk.write(piece);
    await setImmediate();
  }
  return walk.value();
}
