/** Sessions of people in the console, of whose secrets only hashes are stored. */

/** The holder of a Kubernetes token, as a TokenReview names it. */
export interface TokenHolder {
  readonly user: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

interface AnySession {
  /** SHA-256 of the session's secret id, in hex. */
  readonly hash: string;
  readonly createdAt: number;
  readonly lastUsedAt: number;
  /** When the session ends, however much it is used. */
  readonly expiresAt: number;
}

/** A person who signed in at an identity provider, in one tenant. */
export interface PersonSession extends AnySession {
  readonly kind: 'person';
  readonly tenant: string;
  /** The SCIM id of the user in the tenant. */
  readonly accessId: string;
  /** The name of the provider in the configuration of sign-in. */
  readonly provider: string;
  readonly issuer: string;
  readonly subject: string;
  /** The provider's own id of its session, if it names one. */
  readonly sid?: string | undefined;
  /** The ID token, which the provider's sign-out wants back, encrypted with the sealing key. */
  readonly sealedIdToken?: string | undefined;
}

export interface TokenSession extends AnySession {
  readonly kind: 'kubernetes';
  /** As of the sign-in. */
  readonly holder: TokenHolder;
  /** The token, encrypted with the session's secret id, which is not stored. */
  readonly sealedToken: string;
}

export type SessionRecord = PersonSession | TokenSession;

/** The person of a session, as provisioned now. */
interface SignedInPerson {
  readonly userName: string;
  readonly displayName: string | undefined;
}

export type FoundSession = (PersonSession & { readonly person: SignedInPerson }) | TokenSession;

/** A session, in the tenant that its cookie names. */
export interface SessionKey {
  /** Empty for the holder of a Kubernetes token. */
  readonly tenant: string;
  readonly hash: string;
}

export const tenantOfSession = (session: SessionRecord): string =>
  session.kind === 'person' ? session.tenant : '';

/** Whose sessions end together. */
export type SessionOwner = { readonly tenant: string; readonly accessId: string } | AccountSessions;

/**
 * Sessions at a provider. With both `sid` and `subject`, they are those of the `sid`, and those of
 * the account without any `sid`, which may be the same.
 */
export type AccountSessions =
  | { readonly issuer: string; readonly subject: string; readonly sid?: string }
  | { readonly issuer: string; readonly subject?: string; readonly sid: string };

/**
 * The sessions of a user also end in the transaction that deactivates, renames or deletes the user.
 */
export interface SessionStore {
  /** Returns false, and writes nothing, if the user of the session is missing or inactive. */
  create(session: SessionRecord): Promise<boolean>;
  /**
   * Undefined if the user of the session is missing or inactive. The times are for the caller to
   * compare.
   */
  find(session: SessionKey): Promise<FoundSession | undefined>;
  /** Records a use. Earlier times than the recorded one change nothing. */
  touch(session: SessionKey, at: number): Promise<void>;
  end(session: SessionKey): Promise<void>;
  /** Returns how many there were. */
  endAll(of: SessionOwner): Promise<number>;
  /** The sessions of a user, the most recently created one first. */
  list(tenant: string, accessId: string): Promise<readonly PersonSession[]>;
  /** Deletes sessions that have expired or were not used for so long. Returns how many. */
  prune(at: number, idleMs: number): Promise<number>;
}
