/** Links for the administrator of an identity provider, who has no access to the cluster. */

interface SetupLink {
  /** SHA-256 of the secret in the link, in hex. */
  readonly hash: string;
  readonly tenant: string;
  /** The ScimIntegration that the link is for. */
  readonly namespace: string;
  readonly name: string;
  /** The Kubernetes user name of the person who created the link. */
  readonly createdBy: string;
  readonly createdAt: number;
  readonly expiresAt: number;
}

export interface SetupLinkStore {
  create(link: SetupLink): Promise<void>;
  /** Undefined if it has expired. */
  find(
    hash: string,
    at: number,
  ): Promise<(SetupLink & { readonly tokenShownAt: number | undefined }) | undefined>;
  /** Returns true once: for the caller who may show the token. */
  markTokenShown(hash: string, at: number): Promise<boolean>;
  /** Deletes expired links. Returns how many. */
  prune(at: number): Promise<number>;
}
