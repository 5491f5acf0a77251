/** The key pair that signs the provider's tokens. */
import { randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';

export interface SigningKey {
  readonly kid: string;
  /** Includes the private parts. */
  readonly jwk: JWK;
  readonly publicJwk: JWK;
  sign(claims: JWTPayload, typ?: string): Promise<string>;
}

const ALG = 'RS256';

export async function createSigningKey(kid: string = randomUUID()): Promise<SigningKey> {
  const pair = await generateKeyPair(ALG, { extractable: true });
  const common = { kid, use: 'sig', alg: ALG };
  return {
    kid,
    jwk: { ...(await exportJWK(pair.privateKey)), ...common },
    publicJwk: { ...(await exportJWK(pair.publicKey)), ...common },
    sign: (claims, typ) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: ALG, kid, ...(typ === undefined ? {} : { typ }) })
        .sign(pair.privateKey),
  };
}
