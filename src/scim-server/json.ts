/**
 * Parses JSON as strictly as a directory needs: limited nesting, and no duplicate keys in an
 * object.
 */

import { invalidSyntax } from '../scim/error.ts';
import { MAX_JSON_DEPTH } from '../scim/limits.ts';

/**
 * Parses the text of a body. JSON.parse keeps the last of two equal keys, other parsers the first.
 * A proxy that checks bodies could therefore read something else than this server, so duplicate
 * keys are refused. Throws invalidSyntax.
 */
export function parseJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalidSyntax('the body is not valid JSON');
  }
  checkStructure(text);
  return value;
}

/** Walks through text that is known to be valid JSON. */
function checkStructure(text: string): void {
  /** The keys of each open object, null for an open array. */
  const open: (Set<string> | null)[] = [];
  let keys: Set<string> | null = null;
  let keyExpected = false;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22: {
        const end = endOfString(text, at);
        if (keyExpected && keys !== null) {
          addKey(keys, text.slice(at, end + 1));
          keyExpected = false;
        }
        at = end;
        break;
      }
      case 0x7b:
      case 0x5b:
        keyExpected = text.charCodeAt(at) === 0x7b;
        keys = keyExpected ? new Set() : null;
        if (open.push(keys) > MAX_JSON_DEPTH) {
          throw invalidSyntax(`the body is nested deeper than ${MAX_JSON_DEPTH} levels`);
        }
        break;
      case 0x7d:
      case 0x5d:
        open.pop();
        keys = open.at(-1) ?? null;
        keyExpected = false;
        break;
      case 0x2c:
        keyExpected = keys !== null;
        break;
      default:
    }
  }
}

/** The index of the closing quote. */
function endOfString(text: string, start: number): number {
  let end = start;
  do {
    end = text.indexOf('"', end + 1);
  } while (isEscaped(text, end));
  return end;
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(at - 1 - backslashes) === 0x5c) backslashes++;
  return backslashes % 2 === 1;
}

function addKey(keys: Set<string>, quoted: string): void {
  const key = quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1);
  if (keys.has(key)) {
    throw invalidSyntax(`the key ${JSON.stringify(key.slice(0, 64))} occurs twice in one object`);
  }
  keys.add(key);
}
