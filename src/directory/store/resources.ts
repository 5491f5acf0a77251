/** What a database must do for users and groups. */
import type { Eventual } from '../../eventual.ts';
import type { Comparable, Condition, SortKey } from '../../scim/condition.ts';
import type { MemberChange } from '../../scim/members.ts';
import type { StoredProfile } from '../../scim/profile.ts';
import type { Attributes } from '../../scim/resource.ts';

/** The tenant, and the integration that sees it: only its own `externalId`s. */
export interface Scope {
  readonly tenant: string;
  readonly integrationId: string;
  /** Undefined if the client waits in any case. */
  readonly client?: WaitingClient | undefined;
}

/** The client that waits for the result. */
export interface WaitingClient {
  /** Whether it no longer does. */
  readonly isGone?: boolean;
}

/** The integration that writes, and its request, which the activity log names. */
export interface Author extends Scope {
  readonly requestId?: string;
}

export interface GroupMembership {
  readonly groupId: string;
  readonly displayName: string;
  readonly type: 'direct' | 'indirect';
}

/**
 * Members in the order of their ids, in one text: `+` and the id for each user, `!` and the id for
 * each group. A group may have so many that an object for each would take long.
 */
export type PackedMembers = string;

/** `profile` contains the externalId of the scope's integration. */
export interface StoredResource {
  readonly id: string;
  readonly profile: StoredProfile;
  readonly version: number;
  readonly created: number;
  readonly lastModified: number;
}

/** A user in a tenant. `groups` is only there on request. */
export interface UserRecord extends StoredResource {
  readonly groups?: readonly GroupMembership[];
}

/** `members`, a part of them after the other, are only there on request. */
export interface GroupRecord extends StoredResource {
  readonly members?: readonly PackedMembers[];
}

export interface NewResource {
  /** A UUIDv7, so that ids are in the order of creation. */
  readonly id: string;
  readonly attributes: Attributes;
  readonly at: number;
}

export interface NewGroup extends NewResource {
  readonly members: readonly string[];
}

/**
 * Decides on the next attributes from the current ones, inside the transaction. Must be synchronous
 * and pure, because it may be called again. Throws ScimError to refuse. Equal attributes are not
 * written: neither the version nor lastModified changes.
 */
export type Decide<R extends StoredResource> = (current: R) => Attributes;

/** `unknownMembers` were skipped because the tenant has no such user or group. */
export interface GroupChangeResult {
  readonly group: GroupRecord;
  readonly unknownMembers: readonly string[];
}

/**
 * The position of a resource in a list: its id, and the value that the list is sorted by unless
 * that is the id.
 */
export interface PageKey {
  /** In comparable form; null for a resource without a value. */
  readonly sorted?: Comparable | null;
  readonly id: string;
}

/**
 * Where a page begins: at a zero-based offset, or behind the resource at `after`, which stays right
 * while others write. Undefined stands for the beginning of the list.
 */
export type PageStart = { readonly offset: number } | { readonly after: PageKey | undefined };

export interface Query {
  readonly filter?: Condition;
  readonly sort?: SortKey;
  readonly start: PageStart;
  /** At most this many records; 0 asks for the total only. */
  readonly limit: number;
  /** Load users' groups, or groups' members, for each record of the page. */
  readonly related: boolean;
}

export interface Page<R> {
  readonly total: number;
  readonly records: readonly R[];
  /**
   * The key of the last record, if the query asked for a page behind a key and more records follow.
   */
  readonly next?: PageKey;
  /** Whether the records are fewer than the query asked for, because they are large. */
  readonly isCut?: boolean;
}

export interface UserStore {
  create(author: Author, user: NewResource): Promise<UserRecord>;
  get(scope: Scope, id: string, related: boolean): Eventual<UserRecord | undefined>;
  list(scope: Scope, query: Query): Eventual<Page<UserRecord>>;
  /**
   * Renaming moves the access to another global user. With `related`, the result has `groups` if
   * that costs less than a read.
   */
  change(
    author: Author,
    id: string,
    decide: Decide<UserRecord>,
    at: number,
    related?: boolean,
  ): Promise<UserRecord>;
  /**
   * Removes the tenant's access and its memberships; the global user remains. `check` may refuse.
   */
  delete(
    author: Author,
    id: string,
    check: (current: UserRecord) => void,
    at: number,
  ): Promise<void>;
}

export interface GroupStore {
  create(author: Author, group: NewGroup): Promise<GroupChangeResult>;
  get(scope: Scope, id: string, related: boolean): Eventual<GroupRecord | undefined>;
  list(scope: Scope, query: Query): Eventual<Page<GroupRecord>>;
  /**
   * Applies `decide` and the member changes in order, at a cost that depends on the change alone.
   * Without `decide`, the attributes stay as they are. A cycle of groups is refused with 400.
   */
  change(
    author: Author,
    id: string,
    decide: Decide<GroupRecord> | undefined,
    members: readonly MemberChange[],
    at: number,
  ): Promise<GroupChangeResult>;
  delete(
    author: Author,
    id: string,
    check: (current: GroupRecord) => void,
    at: number,
  ): Promise<void>;
}
