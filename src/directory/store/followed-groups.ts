/** The members of a group, for those who follow it without SCIM. */
/** How a group of a tenant is named from outside of SCIM. */
export type GroupSelector = { readonly displayName: string } | { readonly externalId: string };

/**
 * What is known of a group's members rests on this: as long as it is the same, they are. Plain
 * data, to be compared whole.
 */
export interface MembershipBasis {
  /** Ids of the groups that the selector finds, in order. */
  readonly found: readonly string[];
  /** Of the group and of those in it at any depth: id → version. */
  readonly versions: Readonly<Record<string, number>>;
  /** How often a userName or `active` of the tenant has changed. */
  readonly userChanges: number;
}

export interface MembershipReading {
  readonly basis: MembershipBasis;
  /** Where the selector finds exactly one. */
  readonly group?: { readonly id: string; readonly displayName: string };
  /**
   * Of the active users in the group, itself or through groups, in the order of their ids;
   * undefined where the limits are passed.
   */
  readonly userNames: readonly string[] | undefined;
}

/**
 * `members` counts users, inactive ones too, once for each of the groups that they are in; `groups`
 * counts the group itself as well.
 */
export interface MembershipLimits {
  readonly members: number;
  readonly groups: number;
}

/** A group that somebody knows, and the groups that this rests on. */
export interface FollowedGroup {
  readonly tenant: string;
  readonly selector: GroupSelector;
  readonly groupIds: readonly string[];
}

/** Who is in a group, for those who follow it without SCIM. */
export interface MembershipStore {
  /**
   * An externalId counts whichever integration gave it; those of ended integrations only where no
   * living one gave it. Never more is read than the limits and one.
   */
  read(
    tenant: string,
    selector: GroupSelector,
    limits: MembershipLimits,
  ): Promise<MembershipReading>;
  /** The bases as they are now, in order, at a cost that no group's size changes. */
  bases(followed: readonly FollowedGroup[]): Promise<readonly MembershipBasis[]>;
}
