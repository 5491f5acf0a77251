/** Tokens, of which only hashes are stored. */
import type { Eventual } from '../../eventual.ts';
import type { IntegrationRecord } from './integrations.ts';

export interface TokenRecord {
  readonly integrationId: string;
  /** The public part of the token. */
  readonly keyId: string;
  /** SHA-256 of the whole token, in hex. */
  readonly hash: string;
  readonly issuedAt: number;
  /** When the token expires; undefined if no end is set. */
  readonly expiresAt: number | undefined;
  /** Written before its Secret: already valid, but not yet seen in the Secret. */
  readonly pending: boolean;
  /** When a request last used it, to within some seconds. Only `touch` writes it. */
  readonly lastUsedAt?: number | undefined;
  /** When it was shown to somebody. Only `markShown` writes it. */
  readonly shownAt?: number | undefined;
}

/** A request with a token. */
export interface TokenUse {
  readonly integrationId: string;
  readonly keyId: string;
  readonly at: number;
}

/** A token that has been replaced. */
type EndingToken = Pick<TokenRecord, 'hash'> & { readonly expiresAt: number };

/**
 * What a request's token stands for. An `undefined` instead doesn't tell a caller which part was
 * wrong.
 */
export interface Authenticated {
  readonly integration: IntegrationRecord;
  readonly keyId: string;
  /** When the token expires; undefined if no end is set. */
  readonly expiresAt: number | undefined;
}

/**
 * A token can't be added to an integration that the directory doesn't have, or that has ended: an
 * operator that lags behind another one would leave it a token.
 */
export class UnknownIntegrationError extends Error {
  override readonly name = 'UnknownIntegrationError';

  constructor() {
    super('the integration of the token is unknown or has ended');
  }
}

export interface TokenStore {
  /**
   * Returns the tenant's integration with this id, if a token that is valid at the time `at` has
   * this hash.
   */
  authenticate(
    tenant: string,
    integrationId: string,
    hash: string,
    at: number,
  ): Eventual<Authenticated | undefined>;
  list(integrationId: string): Promise<readonly TokenRecord[]>;
  /** The integration that any token with this hash belongs to. */
  owner(hash: string): Promise<string | undefined>;
  /**
   * Rejects, like keepOnly, with uniqueness if another integration has the token, and with
   * UnknownIntegrationError.
   */
  add(token: TokenRecord): Promise<void>;
  /**
   * Makes this token the current one and immediately ends every other token of its integration,
   * except that `previous`, if it is still there, works until its end. Returns which tokens the
   * integration had before. If several calls do the same at once, one of them finds it undone.
   */
  keepOnly(token: TokenRecord, previous?: EndingToken): Promise<readonly TokenRecord[]>;
  /** Records when tokens were used. Earlier times than the recorded ones change nothing. */
  touch(uses: readonly TokenUse[]): Promise<void>;
  /** Returns true once for a token: for the caller who may show it. */
  markShown(integrationId: string, keyId: string, at: number): Promise<boolean>;
  /** Immediately ends every token of the integration. Returns how many there were. */
  revokeAll(integrationId: string): Promise<number>;
}
