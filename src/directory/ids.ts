/** Identifiers of the directory. */
import { hash, randomBytes, randomUUIDv7 } from 'node:crypto';
import { fold } from '../scim/text.ts';

/** UUIDv7: ids sort in the order of creation, and new rows go to the end of every index. */
export function newId(): string {
  return randomUUIDv7();
}

/** The id of a global user follows from the folded userName (a UUIDv8 made of its SHA-256). */
export function globalUserId(userName: string): string {
  const hex = hash('sha256', fold(userName));
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16);
  const text = `${hex.slice(0, 12)}8${hex.slice(13, 16)}${variant}${hex.slice(17, 32)}`;
  return text.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

const ID_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-';

/** The id of an integration in its URL: 21 characters, 126 bits. */
export function newIntegrationId(random: (size: number) => Buffer = randomBytes): string {
  return [...random(21)].map((byte) => ID_ALPHABET.charAt(byte & 63)).join('');
}
