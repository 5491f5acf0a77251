/** Which account of an identity provider a user of a tenant signs in with. */

/** An account: the `iss` and `sub` of its ID tokens. */
export interface ProviderIdentity {
  readonly issuer: string;
  readonly subject: string;
}

/** `otherSubject`: the user has another account. `otherAccess`: the account has another user. */
type BindResult = 'bound' | 'otherSubject' | 'otherAccess';

export interface IdentityStore {
  /**
   * Binds the account to the user unless one of them is bound already, and returns what is true
   * afterwards. Rejects with notFound if the tenant has no such user. A binding ends with its user.
   */
  bind(
    tenant: string,
    accessId: string,
    identity: ProviderIdentity,
    at: number,
  ): Promise<BindResult>;
  /** Returns whether there was a binding. */
  unbind(tenant: string, accessId: string): Promise<boolean>;
}
