/** Identifiers of the directory. */
import { hash, randomBytes } from 'node:crypto';
import { fold } from '../scim/text.ts';

const POOL_BYTES = 4_000;

/**
 * Generates UUIDv7 (RFC 9562 §5.7, §6.2 method 1). The ids of one generator sort in the order of
 * creation, even within a millisecond and if the clock steps back, so new rows go to the end of
 * every index.
 */
export function idGenerator(now: () => number): () => string {
  const random = pooledDigits();
  let [last, counter] = [0, 0];
  return () => {
    const at = now();
    if (at > last) [last, counter] = [at, Number.parseInt(random(3), 16) & 0x7ff];
    else if (++counter > 0xfff) [last, counter] = [last + 1, 0];
    const time = last.toString(16).padStart(12, '0');
    const variant = ((Number.parseInt(random(1), 16) & 0x3) | 0x8).toString(16);
    const start = `${time.slice(0, 8)}-${time.slice(8)}-${(counter | 0x7000).toString(16)}`;
    return `${start}-${variant}${random(3)}-${random(12)}`;
  };
}

/**
 * Hexadecimal digits. A call for random bytes costs more than all the rest of an id, and so does a
 * view of a buffer.
 */
function pooledDigits(): (count: number) => string {
  let [pool, used] = ['', 0];
  return (count) => {
    if (used + count > pool.length) [pool, used] = [randomBytes(POOL_BYTES).toString('hex'), 0];
    used += count;
    return pool.slice(used - count, used);
  };
}

export const newId = idGenerator(Date.now);

/** Requests that are handled at the same time may be this much out of order. */
const DISORDER_MS = 10_000;

/**
 * Generates ids of given times. They sort in the order of the calls if the times are in that order,
 * or nearly so.
 */
export function idsAt(): (at: number) => string {
  let time = 0;
  let next = idGenerator(() => time);
  return (at) => {
    if (at < time - DISORDER_MS) next = idGenerator(() => time);
    time = at;
    return next();
  };
}

/** The least id that is generated at the time or later. */
export function firstIdAt(at: number): string {
  const time = Math.max(0, Math.ceil(at)).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}`;
}

/** The id of a global user follows from the folded userName: a UUIDv8 from its SHA-256. */
export function globalUserId(userName: string): string {
  const hex = hash('sha256', fold(userName));
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16);
  const start = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}`;
  return `${start}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

const ID_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-';

/** The id of an integration in its URL: 21 characters, 126 bits. */
export function newIntegrationId(random: (size: number) => Buffer = randomBytes): string {
  return [...random(21)].map((byte) => ID_ALPHABET.charAt(byte & 63)).join('');
}
