/** Tokens, of which only hashes are known. */
import type { IntegrationRecord } from './integrations.ts';

export interface TokenRecord {
  readonly integrationId: string;
  /** The public part of the token. */
  readonly keyId: string;
  /** SHA-256 of the whole token, in hex. */
  readonly hash: string;
  readonly issuedAt: number;
  /** The token is refused from here on; undefined: no end is set. */
  readonly expiresAt: number | undefined;
  /** Written before its Secret, already valid, not yet seen in the Secret. */
  readonly pending: boolean;
}

/** A token that another one has replaced. */
type EndingToken = Pick<TokenRecord, 'hash'> & { readonly expiresAt: number };

/**
 * What a request's token says; `undefined` answers tell a caller nothing about which part was
 * wrong.
 */
export interface Authenticated {
  readonly integration: IntegrationRecord;
  readonly keyId: string;
}

export interface TokenStore {
  /**
   * The integration of this tenant with this id, if a valid token has this hash at the time `at`.
   */
  authenticate(
    tenant: string,
    integrationId: string,
    hash: string,
    at: number,
  ): Promise<Authenticated | undefined>;
  list(integrationId: string): Promise<readonly TokenRecord[]>;
  /** The integration that any token with this hash belongs to. */
  owner(hash: string): Promise<string | undefined>;
  /** Refused with uniqueness, as is keepOnly, when another integration has the token. */
  add(token: TokenRecord): Promise<void>;
  /**
   * Makes this token current and ends every other one of its integration at once; only `previous`,
   * if it is still there, works until its end. Answers which tokens the integration had until then:
   * of several that do the same at once, one finds it undone.
   */
  keepOnly(token: TokenRecord, previous?: EndingToken): Promise<readonly TokenRecord[]>;
  /** Ends every token of the integration at once; answers how many there were. */
  revokeAll(integrationId: string): Promise<number>;
}
