/** Tokens: 200 characters, of which the directory keeps only a hash. */
import { hash, randomBytes } from 'node:crypto';
import { andThen, type Eventual } from '../eventual.ts';
import type { Store } from './store/store.ts';
import type { Authenticated } from './store/tokens.ts';

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const KEY_ID_LENGTH = 10;
const SECRET_LENGTH = 184;
const FORM = /^scim_[0-9A-Za-z]{10}_[0-9A-Za-z]{184}$/;
/** Longer texts are no tokens, and hashing them would only cost time. */
const MAX_TOKEN_LENGTH = 1024;
const ACCEPTABLE = /^[\x21-\x7e]{32,}$/;

/** `scim_`, a public key id, `_`, and 184 characters (1,095 bits) from a CSPRNG: 200 in all. */
export function generateToken(random: (size: number) => Buffer = randomBytes): string {
  return `scim_${generateKeyId(random)}_${base62(SECRET_LENGTH, random)}`;
}

/**
 * For a token that was not generated here. It is random, because nothing that is derived from a
 * token may be shown.
 */
export function generateKeyId(random: (size: number) => Buffer = randomBytes): string {
  return base62(KEY_ID_LENGTH, random);
}

function base62(length: number, random: (size: number) => Buffer): string {
  let text = '';
  while (text.length < length) {
    for (const byte of random(length)) {
      // 248 is the largest multiple of 62 in a byte. Without the rest, every character is equally
      // likely.
      if (byte < 248 && text.length < length) text += BASE62.charAt(byte % 62);
    }
  }
  return text;
}

export function isWellFormedToken(text: string): boolean {
  return FORM.test(text);
}

/** For any token: 32 to 1,024 visible ASCII characters. */
export function isAcceptableToken(text: string): boolean {
  return text.length <= MAX_TOKEN_LENGTH && ACCEPTABLE.test(text);
}

/** The part of a well-formed token that may be shown and logged. */
export function keyIdOf(token: string): string {
  return token.slice(5, 5 + KEY_ID_LENGTH);
}

export function hashToken(token: string): string {
  return hash('sha256', token);
}

/**
 * Returns the integration that the token opens at this tenant and id; undefined whatever is wrong.
 */
export function authenticate(
  store: Store,
  tenant: string,
  integrationId: string,
  token: string,
  at: number,
): Eventual<Authenticated | undefined> {
  if (token.length > MAX_TOKEN_LENGTH) return undefined;
  const known = hashes.of(token);
  const hash = known ?? hashToken(token);
  const found = store.tokens.authenticate(tenant, integrationId, hash, at);
  if (known !== undefined) return found;
  return andThen(found, (authenticated) => {
    if (authenticated !== undefined) hashes.keep(token, hash);
    return authenticated;
  });
}

/** How long a hash is kept, so that a token that has ended doesn't stay in memory. */
const HASHES_MS = 30_000;
const MOST_HASHES = 10_000;

/**
 * The hashes of tokens that were accepted a short time ago. A hash costs a tenth of a look-up by id,
 * and decides nothing: it is looked up all the same.
 */
class KnownHashes {
  readonly #hashes = new Map<string, string>();
  #since = 0;

  of(token: string): string | undefined {
    if (performance.now() - this.#since > HASHES_MS) this.#hashes.clear();
    return this.#hashes.get(token);
  }

  keep(token: string, hash: string): void {
    if (this.#hashes.size >= MOST_HASHES) this.#hashes.clear();
    if (this.#hashes.size === 0) this.#since = performance.now();
    this.#hashes.set(token, hash);
  }
}

const hashes = new KnownHashes();
