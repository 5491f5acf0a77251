/** The members of a group, for readers that follow it without SCIM. */
/** How a group of a tenant is named outside of SCIM. */
export type GroupSelector = { readonly displayName: string } | { readonly externalId: string };

/**
 * What a reading of a group's members depends on: as long as it is the same, so are the members.
 * Plain data, to be compared as a whole.
 */
export interface MembershipBasis {
  /** Ids of the groups that the selector finds, in order. */
  readonly found: readonly string[];
  /** The versions of the group and of the groups in it, at any depth, by id. */
  readonly versions: Readonly<Record<string, number>>;
  /** How often a userName or `active` has changed in the tenant. */
  readonly userChanges: number;
}

export interface MembershipReading {
  readonly basis: MembershipBasis;
  /** Only if the selector finds exactly one group. */
  readonly group?: { readonly id: string; readonly displayName: string };
  /**
   * The userNames of active users in the group, itself or through groups, in the order of their
   * ids; undefined beyond the limits.
   */
  readonly userNames: readonly string[] | undefined;
}

/**
 * `members` counts users, including inactive ones, once for each group that they are in. `groups`
 * includes the group itself.
 */
export interface MembershipLimits {
  readonly members: number;
  readonly groups: number;
}

/** A group that is followed, and the groups that its last reading depends on. */
export interface FollowedGroup {
  readonly tenant: string;
  readonly selector: GroupSelector;
  readonly groupIds: readonly string[];
}

/** Reads who is in a group, for readers that follow it without SCIM. */
export interface MembershipStore {
  /**
   * An externalId counts whichever integration gave it. One of an ended integration counts only if
   * no live integration gave it. At most one more than the limits is read.
   */
  read(
    tenant: string,
    selector: GroupSelector,
    limits: MembershipLimits,
  ): Promise<MembershipReading>;
  /** Returns the current bases, in order, at a cost that doesn't depend on the size of groups. */
  bases(followed: readonly FollowedGroup[]): Promise<readonly MembershipBasis[]>;
}
