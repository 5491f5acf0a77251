/** Links for the administrator of an identity provider, who has no access to the cluster. */
import type { TokenHolder } from './sessions.ts';

/** A user of the tenant, by the SCIM id, or the holder of a Kubernetes token, as of then. */
export type SetupLinkCreator =
  | { readonly kind: 'person'; readonly accessId: string }
  | { readonly kind: 'kubernetes'; readonly holder: TokenHolder };

interface NewSetupLink {
  /** SHA-256 of the secret in the link, in hex. */
  readonly hash: string;
  readonly tenant: string;
  /** The ScimIntegration that the link is for. */
  readonly namespace: string;
  readonly name: string;
  readonly integrationUid: string;
  readonly creator: SetupLinkCreator;
  /** The Kubernetes user name of the creator at that time. */
  readonly createdBy: string;
  readonly createdAt: number;
  readonly expiresAt: number;
}

export interface SetupLink extends NewSetupLink {
  readonly tokenShownAt: number | undefined;
}

export interface SetupLinkStore {
  create(link: NewSetupLink): Promise<void>;
  /** Undefined if it has expired or was revoked. */
  find(hash: string, at: number): Promise<SetupLink | undefined>;
  /** Those of the integration that have not expired, the most recently created one first. */
  list(integrationUid: string, at: number): Promise<readonly SetupLink[]>;
  /** Returns true once: for the caller who may show the token. */
  markTokenShown(hash: string, at: number): Promise<boolean>;
  /** Returns whether the integration had this link. */
  revoke(integrationUid: string, hash: string): Promise<boolean>;
  /** Deletes expired links. Returns how many. */
  prune(at: number): Promise<number>;
}
