/**
 * What a database must do for the directory: atomic operations only. Each resolves after its commit
 * and changes nothing when it rejects. Two implementations share one contract suite (test/directory).
 *
 * Operations reject with ScimError: notFound, uniqueness (409), or 503 while the database is away.
 * Times are milliseconds since the epoch.
 */
import type { Comparable, Condition, SortKey } from '../scim/condition.ts';
import type { MemberChange } from '../scim/members.ts';
import type { Attributes } from '../scim/resource.ts';

/** Whose directory, seen by which integration: its own `externalId`s only. */
export interface Scope {
  readonly tenant: string;
  readonly integrationId: string;
}

export interface GroupMembership {
  readonly groupId: string;
  readonly displayName: string;
  readonly type: 'direct' | 'indirect';
}

export interface Member {
  readonly value: string;
  readonly type: 'User' | 'Group';
}

/** `attributes` carries the externalId of the scope's integration. */
export interface StoredResource {
  readonly id: string;
  readonly attributes: Attributes;
  readonly version: number;
  readonly created: number;
  readonly lastModified: number;
}

/** A user in a tenant. `groups` is there when it was asked for. */
export interface UserRecord extends StoredResource {
  readonly groups?: readonly GroupMembership[];
  /** Of a manager who is a user of the tenant; see withManagers. */
  readonly managerId?: string;
}

/** `members` is there when it was asked for. */
export interface GroupRecord extends StoredResource {
  readonly members?: readonly Member[];
}

export interface NewResource {
  /** A UUIDv7: ids are in creation order. */
  readonly id: string;
  readonly attributes: Attributes;
  readonly at: number;
}

export interface NewGroup extends NewResource {
  readonly members: readonly string[];
}

/**
 * Decides on the next attributes from the current ones, inside the transaction: synchronous, pure,
 * possibly called again. Throws ScimError to refuse. Equal attributes are no write: neither the version nor
 * lastModified moves.
 */
export type Decide<R extends StoredResource> = (current: R) => Attributes;

/** Counts member ids that were skipped because the tenant has no such user or group. */
export interface GroupChangeResult {
  readonly group: GroupRecord;
  readonly unknownMembers: readonly string[];
}

/** The place of a resource in a list: what the list is sorted by, where it isn't by id alone, and the id. */
export interface PageKey {
  /** In comparable form; null for a resource without a value. */
  readonly sorted?: Comparable | null;
  readonly id: string;
}

/**
 * Where a page begins: so many resources behind the start, zero-based; or behind the resource at `after`, which stays right while
 * others write (undefined: at the start).
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
  /** Of the last record, where the query asked for a page behind a key and there are more behind this one. */
  readonly next?: PageKey;
}

export interface UserStore {
  create(scope: Scope, user: NewResource): Promise<UserRecord>;
  get(scope: Scope, id: string, related: boolean): Promise<UserRecord | undefined>;
  list(scope: Scope, query: Query): Promise<Page<UserRecord>>;
  /** Those of the ids that users of the tenant have. */
  known(tenant: string, ids: readonly string[]): Promise<ReadonlySet<string>>;
  /** Renaming moves the access to the other global user. */
  change(scope: Scope, id: string, decide: Decide<UserRecord>, at: number): Promise<UserRecord>;
  /** Removes the tenant's access and its memberships; the global user remains. `check` may refuse. */
  delete(scope: Scope, id: string, check: (current: UserRecord) => void, at: number): Promise<void>;
}

export interface GroupStore {
  create(scope: Scope, group: NewGroup): Promise<GroupChangeResult>;
  get(scope: Scope, id: string, related: boolean): Promise<GroupRecord | undefined>;
  list(scope: Scope, query: Query): Promise<Page<GroupRecord>>;
  /**
   * Applies `decide` and the member changes in order, at a cost that depends on the change alone; without `decide` the attributes
   * stay, whatever they are. A cycle of groups is 400.
   */
  change(
    scope: Scope,
    id: string,
    decide: Decide<GroupRecord> | undefined,
    members: readonly MemberChange[],
    at: number,
  ): Promise<GroupChangeResult>;
  delete(
    scope: Scope,
    id: string,
    check: (current: GroupRecord) => void,
    at: number,
  ): Promise<void>;
}

/** How a group of a tenant is named from outside of SCIM. */
export type GroupSelector = { readonly displayName: string } | { readonly externalId: string };

/**
 * What is known of a group's members rests on this: as long as it is the same, they are. Plain data, to be compared whole.
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
  /** Of the active users in the group, itself or through groups, in the order of their ids; undefined where the limits are passed. */
  readonly userNames: readonly string[] | undefined;
}

/** `members` counts users, inactive ones too, once for each of the groups that they are in; `groups` counts the group itself as well. */
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
   * An externalId counts whichever integration gave it; those of ended integrations only where no living one gave it. Never more is
   * read than the limits and one.
   */
  read(
    tenant: string,
    selector: GroupSelector,
    limits: MembershipLimits,
  ): Promise<MembershipReading>;
  /** The bases as they are now, in order, at a cost that no group's size changes. */
  bases(followed: readonly FollowedGroup[]): Promise<readonly MembershipBasis[]>;
}

/** The object behind a record: a ScimIntegration in a cluster (UID of its kube-system namespace). */
export interface IntegrationOwner {
  readonly clusterUid: string;
  readonly namespace: string;
  readonly name: string;
}

export type DeletionPolicy = 'Retain' | 'Delete';

/** What the operator says of an integration. */
export interface IntegrationRecord extends IntegrationOwner {
  readonly id: string;
  readonly tenant: string;
  readonly uid: string;
  readonly namespaceUid: string;
  readonly enabled: boolean;
  /** False while the namespace may not use the tenant: requests get 403. */
  readonly allowed: boolean;
  readonly deletionPolicy: DeletionPolicy;
  /** Set when the custom resource is gone; its tokens are then gone too. */
  readonly endedAt: number | undefined;
}

export interface TokenRecord {
  readonly integrationId: string;
  /** The public part of the token. */
  readonly keyId: string;
  /** SHA-256 of the whole token, in hex. */
  readonly hash: string;
  readonly issuedAt: number;
  /** The token is refused from here on; undefined: no end is set. */
  readonly expiresAt: number | undefined;
  /** Written before its Secret, already valid, not yet seen in the Secret. */
  readonly pending: boolean;
}

/** A token that another one has replaced. */
export type EndingToken = Pick<TokenRecord, 'hash'> & { readonly expiresAt: number };

/** What is remembered of a tenant for as long as the directory lives, whatever became of its integrations. */
export interface TenantHistory {
  /** UID of the namespace that has the tenant by its own name, in whichever cluster; forgotten integrations' too. */
  readonly ownerUid: string | undefined;
  /** A ScimTenant has said, in any cluster, who may use it. */
  readonly governed: boolean;
}

/** A namespace, by its UID and that of its cluster. */
export type ClusterNamespace = Pick<IntegrationRecord, 'clusterUid' | 'namespaceUid'>;

export interface IntegrationActivity {
  readonly users: number;
  readonly groups: number;
  readonly lastRequestAt: number | undefined;
}

export interface IntegrationStore {
  /** The live (not ended) record of a custom resource. */
  find(owner: IntegrationOwner): Promise<IntegrationRecord | undefined>;
  get(id: string): Promise<IntegrationRecord | undefined>;
  /** Records of one cluster, and of one tenant if it is given; ended ones included. */
  list(clusterUid: string, tenant?: string): Promise<readonly IntegrationRecord[]>;
  /** Inserts or updates by id. False, and no write, when the id belongs to another custom resource's live record. */
  put(record: IntegrationRecord): Promise<boolean>;
  /** Not allowed from now on, all at once, until `put` says otherwise; tokens and data stay. */
  disallow(ids: readonly string[]): Promise<void>;
  /** Ends the integration and revokes its tokens at once; users and groups stay. */
  end(id: string, at: number): Promise<void>;
  /**
   * Deprovisions what no other integration provisioned and forgets the record of an ended integration (deletionPolicy Delete). Does
   * nothing, or stops, when the integration lives (again).
   */
  purge(id: string, at: number): Promise<void>;
  /** The same for every cluster: what one of them has is not given to another. */
  tenantHistory(tenant: string): Promise<TenantHistory>;
  /** Gives the tenant for ever to the namespace if no other has it; the history as it is then. Of several at once, one gets it. */
  claim(tenant: string, namespace: ClusterNamespace): Promise<TenantHistory>;
  /** Remembers for ever that a ScimTenant says who may use the tenant. */
  govern(tenant: string): Promise<void>;
  activity(id: string): Promise<IntegrationActivity>;
  /** The live integrations of a cluster in whose tenants any was called since then: whose activity may be another now. */
  activeSince(clusterUid: string, at: number): Promise<readonly IntegrationOwner[]>;
  /** Records when integrations were last called: id → time. */
  touch(lastRequests: ReadonlyMap<string, number>): Promise<void>;
}

/** What a request's token says; `undefined` answers tell a caller nothing about which part was wrong. */
export interface Authenticated {
  readonly integration: IntegrationRecord;
  readonly keyId: string;
}

export interface TokenStore {
  /** The integration of this tenant with this id, if a valid token has this hash at the time `at`. */
  authenticate(
    tenant: string,
    integrationId: string,
    hash: string,
    at: number,
  ): Promise<Authenticated | undefined>;
  list(integrationId: string): Promise<readonly TokenRecord[]>;
  /** The integration that any token with this hash belongs to. */
  owner(hash: string): Promise<string | undefined>;
  /** Refused with uniqueness, as is keepOnly, when another integration has the token. */
  add(token: TokenRecord): Promise<void>;
  /**
   * Makes this token current and ends every other one of its integration at once; only `previous`, if it is still there, works until
   * its end. Answers which tokens the integration had until then: of several that do the same at once, one finds it undone.
   */
  keepOnly(token: TokenRecord, previous?: EndingToken): Promise<readonly TokenRecord[]>;
  /** Ends every token of the integration at once; answers how many there were. */
  revokeAll(integrationId: string): Promise<number>;
}

/** The custom resource that objects of a cluster are made for. */
export interface Maker extends IntegrationOwner {
  readonly kind: string;
}

/** An object in its maker's namespace. */
export interface MadeObject {
  readonly kind: string;
  readonly name: string;
  /** Undefined: it is about to be made, or was when the process ended. */
  readonly uid: string | undefined;
  /** Which of several operators on one cluster looks after it, where that matters for its end. */
  readonly operator?: string | undefined;
}

/**
 * What the operator made in a cluster. All else of an object can be copied, labels, annotations and owner references too, so that nothing
 * but a UID that is remembered here says which one may be deleted.
 */
export interface MadeObjectStore {
  /** In the order of kinds and names. */
  list(maker: Maker): Promise<readonly MadeObject[]>;
  /** Whoever of a kind has made objects in a cluster, whether it is there any more or not. */
  makers(
    clusterUid: string,
    kind: string,
  ): Promise<readonly (Maker & Pick<MadeObject, 'operator'>)[]>;
  /** In the place of what had the kind and the name before. */
  put(maker: Maker, object: MadeObject): Promise<void>;
  forget(maker: Maker, object: Pick<MadeObject, 'kind' | 'name'>): Promise<void>;
}

/** What the whole directory holds, for those who watch over it. */
export interface Census {
  /** Tenants that have, or once had, a user or group. */
  readonly tenants: readonly TenantTotals[];
  /** The live ones of every cluster. */
  readonly integrations: readonly CountedIntegration[];
  /** Those of live integrations, without what they could be known by; expired ones too, until they are removed. */
  readonly tokens: readonly CountedToken[];
}

export interface TenantTotals {
  readonly tenant: string;
  readonly users: number;
  readonly groups: number;
}

export interface CountedIntegration
  extends Pick<IntegrationRecord, 'id' | 'tenant' | 'namespace' | 'name' | 'enabled' | 'allowed'> {
  readonly lastRequestAt: number | undefined;
}

export interface CountedToken
  extends Pick<TokenRecord, 'integrationId' | 'keyId' | 'issuedAt' | 'expiresAt'> {
  readonly tenant: string;
}

export interface Store {
  readonly users: UserStore;
  readonly groups: GroupStore;
  readonly memberships: MembershipStore;
  readonly integrations: IntegrationStore;
  readonly tokens: TokenStore;
  readonly madeObjects: MadeObjectStore;
  /** Signs cursors: the same in every process on this database, and nowhere else. */
  readonly cursorKey: string;
  census(): Promise<Census>;
  /** Rejects while the database can't be read and written. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
