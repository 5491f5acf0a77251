/**
 * Parses JSON as strictly as a directory needs: limited nesting, and no duplicate keys in an
 * object. Long text is parsed in slices of the event loop, so that it keeps nobody waiting.
 */

import { setImmediate } from 'node:timers/promises';
import { JsonWalk, parsed } from './json-walk.ts';

/** Characters that are parsed in one go, in about a millisecond. */
const SLICE = 64 * 1024;

/**
 * Parses the text of a body. JSON.parse keeps the last of two equal keys, other parsers the first.
 * A proxy that checks bodies could therefore read something else than this server, so duplicate
 * keys are refused. Rejects with invalidSyntax. `slice` differs in tests only.
 */
export async function parseJson(text: string, slice = SLICE): Promise<unknown> {
  if (text.length <= slice) {
    const value = parsed(text);
    new JsonWalk(text).advance();
    return value;
  }
  const walk = new JsonWalk(text, slice);
  while (!walk.advance(slice)) await setImmediate();
  return walk.value();
}
