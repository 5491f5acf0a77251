/** The members of a group, for readers that follow it without SCIM. */
import type { Nameable, NamingRule } from '../kubernetes-names.ts';

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
  /** How often `active`, or what a user is named after, has changed in the tenant. */
  readonly userChanges: number;
}

export interface MembershipReading {
  readonly basis: MembershipBasis;
  /** Only if the selector finds exactly one group. */
  readonly group?: { readonly id: string; readonly displayName: string };
  /**
   * The active users in the group, itself or through groups, in the order of their ids; undefined
   * beyond the limits.
   */
  readonly members: readonly Nameable[] | undefined;
}

/** A user, and the groups that the user is in. */
export interface UserMembership {
  readonly person: Nameable;
  readonly active: boolean;
  /** The displayNames of the groups that the user is in, itself or through groups. */
  readonly groups: readonly string[];
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

/**
 * Reads who is in a group, for readers that follow it without SCIM. `attribute` is what users are
 * named after; only that one is sure to be read. The externalIds of an ended integration count only
 * for users that no live integration gave one.
 */
export interface MembershipStore {
  /**
   * An externalId counts whichever integration gave it. One of an ended integration counts only if
   * no live integration gave it. At most one more than the limits is read.
   */
  read(
    tenant: string,
    selector: GroupSelector,
    limits: MembershipLimits,
    attribute: NamingRule['from'],
  ): Promise<MembershipReading>;
  /** Undefined if the tenant has no such user. */
  of(
    tenant: string,
    accessId: string,
    attribute: NamingRule['from'],
  ): Promise<UserMembership | undefined>;
  /** Returns the current bases, in order, at a cost that doesn't depend on the size of groups. */
  bases(followed: readonly FollowedGroup[]): Promise<readonly MembershipBasis[]>;
}
