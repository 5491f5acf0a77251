/** What the console reads about the people of a tenant, across integrations. */
import type { Attributes } from '../../scim/resource.ts';
import type { ProviderIdentity } from './identities.ts';

/** What people can be found by when they sign in. */
export type PersonKey = 'userName' | 'externalId' | 'email';

export interface PersonMatch {
  readonly id: string;
  readonly userName: string;
  readonly active: boolean;
}

/** An integration that provisioned a user. */
interface Provisioner {
  readonly integrationId: string;
  /** The ScimIntegration; undefined if the directory has forgotten it. */
  readonly integration: { readonly namespace: string; readonly name: string } | undefined;
  /** Whether the integration has ended, and what it provisioned was retained. */
  readonly ended: boolean;
  readonly externalId: string | undefined;
}

export interface Person {
  readonly id: string;
  /** Without externalId, of which each provisioner has its own. */
  readonly attributes: Attributes;
  readonly active: boolean;
  readonly version: number;
  readonly created: number;
  readonly lastModified: number;
  readonly provisionedBy: readonly Provisioner[];
  readonly identity: (ProviderIdentity & { readonly boundAt: number }) | undefined;
}

/** A line of a list of people. */
export interface PersonSummary {
  readonly id: string;
  readonly userName: string;
  readonly displayName: string | undefined;
  /** The primary one, or the first. */
  readonly email: string | undefined;
  readonly active: boolean;
  readonly lastModified: number;
}

export interface PeopleQuery {
  /**
   * The beginning of a userName, an e-mail address, or a display, given or family name, compared as
   * SCIM does. Without it, the list is in the order of userNames, or in that of creation if it is
   * filtered by group or integration.
   */
  readonly text?: string | undefined;
  readonly active?: boolean | undefined;
  /** People in the group, themselves or through groups. */
  readonly groupId?: string | undefined;
  /** People that the integration provisioned. */
  readonly integrationId?: string | undefined;
  /** The `next` of the previous page. Any other text is rejected with CursorError. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/**
 * A page may have fewer people than its limit, or none, although more follow: a search that many
 * people fulfil in part looks at a limited number of them for one page.
 */
interface PeoplePage {
  readonly people: readonly PersonSummary[];
  readonly next: string | undefined;
}

export interface GroupReference {
  readonly id: string;
  readonly displayName: string;
}

/** A number that is counted up to a limit only. */
interface LimitedCount {
  readonly count: number;
  /** Whether there are more. */
  readonly more: boolean;
}

/** A line of a list of groups. */
export interface GroupSummary extends GroupReference {
  readonly members: LimitedCount;
  readonly lastModified: number;
}

/** The groups that have a user as a member themselves. */
export interface DirectGroups extends LimitedCount {
  /** A few of them, the oldest first. */
  readonly named: readonly GroupReference[];
}

interface GroupPage {
  readonly groups: readonly GroupSummary[];
  readonly next: string | undefined;
}

export interface GroupOfPerson extends GroupReference {
  /**
   * The groups through which the person is in this one, beginning with the one that has the person
   * as a member. Empty if that is this one. The shortest way, if there are several.
   */
  readonly via: readonly GroupReference[];
}

/** A user or a group in a group. */
export type GroupMember =
  | (PersonSummary & {
      readonly type: 'User';
      /** The group below this one that has the person as a member; undefined for a direct member. */
      readonly via: GroupReference | undefined;
    })
  | (GroupReference & { readonly type: 'Group' });

export interface MembersQuery {
  /** Users of this group and of all groups below it, instead of its own users and groups. */
  readonly nested: boolean;
  /** The `next` of the previous page. Any other text is rejected with CursorError. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** In the order of creation. */
export interface MemberPage {
  readonly members: readonly GroupMember[];
  readonly next: string | undefined;
}

/** The totals of a tenant. */
interface PeopleCounts {
  readonly active: number;
  readonly inactive: number;
  readonly groups: number;
}

export interface PeopleStore {
  /**
   * Compares as SCIM does: externalId exactly, as any live integration gave it, and the others
   * folded. Returns at most ten.
   */
  find(tenant: string, by: PersonKey, value: string): Promise<readonly PersonMatch[]>;
  get(tenant: string, id: string): Promise<Person | undefined>;
  /** At a cost that doesn't depend on the number of people. */
  counts(tenant: string): Promise<PeopleCounts>;
  search(tenant: string, query: PeopleQuery): Promise<PeoplePage>;
  /** The groups of a person, direct and nested, in the order of their names. */
  groupsOf(tenant: string, id: string): Promise<readonly GroupOfPerson[]>;
  /** Those of a page of users, by their ids, with the same number of statements for any page. */
  directGroups(
    tenant: string,
    userIds: readonly string[],
  ): Promise<ReadonlyMap<string, DirectGroups>>;
  /** By the beginning of the displayName, compared as SCIM does, and in its order. */
  searchGroups(
    tenant: string,
    query: Pick<PeopleQuery, 'text' | 'after' | 'limit'>,
  ): Promise<GroupPage>;
  /** The first of these groups, without the cost of what they contain. */
  groupNames(
    tenant: string,
    query: Pick<PeopleQuery, 'text' | 'limit'>,
  ): Promise<readonly GroupReference[]>;
  group(tenant: string, id: string): Promise<GroupReference | undefined>;
  /** Empty if there is no such group. */
  members(tenant: string, groupId: string, query: MembersQuery): Promise<MemberPage>;
}
