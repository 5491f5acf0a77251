/**
 * Cursors (RFC 9865): the position in a list, signed so that clients can't forge one. A cursor
 * names the last resource that was read, not an index. Whatever is written in the meantime, no
 * resource is read twice and none that stays is missed.
 */

import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto';
import type { PageKey } from '../../directory/store/resources.ts';
import { expiredCursor, invalidCursor } from '../../scim/error.ts';
import { CURSOR_TIMEOUT } from '../../scim/limits.ts';

const SIGNATURE_BYTES = 16;

/** The position after the key, or at the start, of the resources of a type. */
export interface CursorPlace {
  readonly type: string;
  readonly key: PageKey | undefined;
}

/** What a cursor is valid for: the same integration, type, filter and sort order. */
type CursorBinding = readonly (string | undefined)[];

export interface Cursors {
  issue(place: CursorPlace, binding: CursorBinding): string;
  /**
   * Throws invalidCursor for a cursor that was altered or issued for something else, and
   * expiredCursor for an old one.
   */
  read(cursor: string, binding: CursorBinding): CursorPlace;
}

/** `now` returns milliseconds since the epoch. */
export function createCursors(signingKey: string, now: () => number): Cursors {
  // To import the key for each cursor takes longer than to sign.
  const key = createSecretKey(signingKey, 'utf8');
  const sign = (payload: string, binding: CursorBinding) =>
    createHmac('sha256', key)
      .update(JSON.stringify([payload, ...binding.map((each) => each ?? null)]))
      .digest()
      .subarray(0, SIGNATURE_BYTES);
  return {
    issue: (place, binding) => {
      const payload = Buffer.from(JSON.stringify({ at: now(), ...place })).toString('base64url');
      return `${payload}.${sign(payload, binding).toString('base64url')}`;
    },
    read: (cursor, binding) => {
      const [payload = '', signature = ''] = cursor.split('.');
      const given = Buffer.from(signature, 'base64url');
      const right = sign(payload, binding);
      if (given.length !== right.length || !timingSafeEqual(given, right)) throw invalidCursor();
      const { at, ...place } = JSON.parse(Buffer.from(payload, 'base64url').toString());
      if (now() - at > CURSOR_TIMEOUT * 1000) throw expiredCursor(CURSOR_TIMEOUT);
      return place;
    },
  };
}
