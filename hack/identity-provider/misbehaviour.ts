/** What a broken or hostile identity provider does. */
import { createSecretKey } from 'node:crypto';
import { decodeJwt, type JWTPayload, SignJWT } from 'jose';
import { createSigningKey, type SigningKey } from './signing-key.ts';

/** Returns the ID token that is sent instead of the original. */
export type Forgery = (original: string, key: SigningKey) => string | Promise<string>;

export interface Misbehaviour {
  /** Wait this long before each response. */
  readonly delayMs?: number;
  /** Close each connection without a response. */
  readonly down?: boolean;
  /** Change the discovery document. */
  readonly discovery?: (document: Record<string, unknown>) => void;
  /** Change the URL to which the browser is sent back. */
  readonly callback?: (url: URL) => void;
  readonly idToken?: Forgery;
}

const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString('base64url');

/** `alg: none`, without a signature. */
export const unsigned: Forgery = (original) =>
  `${encode({ alg: 'none', typ: 'JWT' })}.${encode(decodeJwt(original))}.`;

/** HS256 with the published key as the secret, which confuses careless verifiers. */
export const signedWithPublicKey: Forgery = (original, { kid, publicJwk }) =>
  new SignJWT(decodeJwt(original))
    .setProtectedHeader({ alg: 'HS256', kid })
    .sign(createSecretKey(Buffer.from(JSON.stringify(publicJwk))));

/** The right `kid`, but another key. */
export const signedByStranger: Forgery = async (original, { kid }) =>
  (await createSigningKey(kid)).sign(decodeJwt(original));

/** Other claims, with the provider's real signature. `undefined` removes a claim. */
export const withClaims =
  (changes: JWTPayload): Forgery =>
  (original, key) =>
    key.sign(JSON.parse(JSON.stringify({ ...decodeJwt(original), ...changes })) as JWTPayload);
