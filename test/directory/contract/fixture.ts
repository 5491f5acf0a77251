/**
 * What the contract suites share: a store for each test, scopes, and queries from the text of
 * filters.
 */
import { afterEach, beforeEach } from 'vitest';
import { newId } from '../../../src/directory/ids.ts';
import type { ActivityOptions } from '../../../src/directory/store/activity.ts';
import type { IntegrationRecord } from '../../../src/directory/store/integrations.ts';
import type {
  GroupRecord,
  PackedMembers,
  PageKey,
  Query,
  Scope,
  UserRecord,
} from '../../../src/directory/store/resources.ts';
import type { Store } from '../../../src/directory/store/store.ts';
import type { TokenRecord } from '../../../src/directory/store/tokens.ts';
import { resolveFilter, resolveSort } from '../../../src/scim/condition-resolver.ts';
import { parseFilter } from '../../../src/scim/filter-parser.ts';
import type { MemberChange } from '../../../src/scim/members.ts';
import type { Attributes } from '../../../src/scim/resource.ts';
import { type ResourceTypes, STANDARD_RESOURCE_TYPES } from '../../../src/scim/resource-types.ts';
import type { ResourceType } from '../../../src/scim/schema.ts';

export interface OpenStore {
  readonly store: Store;
  /** Closes the store and removes its data. */
  close(): Promise<void>;
}
/** Uses the standard types by default. */
export type Open = (types?: ResourceTypes, activity?: ActivityOptions) => Promise<OpenStore>;

export const ACME: Scope = { tenant: 'acme', integrationId: 'okta' };
export const ACME_TOO: Scope = { tenant: 'acme', integrationId: 'entra' };
export const GLOBEX: Scope = { tenant: 'globex', integrationId: 'globex-okta' };

/** Opens an empty store before each test of the enclosing `describe`. */
export function useStore(open: Open): () => Store {
  let opened: OpenStore | undefined;
  beforeEach(async () => {
    opened = await open();
  });
  afterEach(async () => {
    await opened?.close();
    opened = undefined;
  });
  return () => {
    if (opened === undefined) throw new Error('the store is open inside of tests only');
    return opened.store;
  };
}

/** The time of the n-th event of a test. */
export const at = (n: number): number => Date.UTC(2026, 0, 1) + n * 1000;

export function addUser(
  store: Store,
  scope: Scope,
  userName: string,
  more: Attributes = {},
): Promise<UserRecord> {
  return store.users.create(scope, {
    id: newId(),
    attributes: { userName, active: true, ...more },
    at: at(0),
  });
}

export async function addGroup(
  store: Store,
  scope: Scope,
  displayName: string,
  members: readonly string[] = [],
): Promise<GroupRecord> {
  const attributes = { displayName };
  const { group } = await store.groups.create(scope, {
    id: newId(),
    attributes,
    members,
    at: at(0),
  });
  return group;
}

export const add = (...values: string[]): MemberChange => ({ kind: 'add', values });
export const remove = (...values: string[]): MemberChange => ({ kind: 'remove', values });
export const replace = (...values: string[]): MemberChange => ({ kind: 'replace', values });

/** Changes members and nothing else. */
export function changeMembers(store: Store, scope: Scope, id: string, ...changes: MemberChange[]) {
  return store.groups.change(scope, id, ({ profile }) => profile.attributes, changes, at(1));
}

export async function memberIds(store: Store, scope: Scope, id: string): Promise<string[]> {
  const group = await store.groups.get(scope, id, true);
  return unpacked(group?.members).map(({ value }) => value);
}

/** The members in their order. */
export const unpacked = (members: readonly PackedMembers[] = []) =>
  members
    .flatMap((part) => part.match(/[+!][^+!]*/g) ?? [])
    .map((each) => ({ value: each.slice(1), type: each.startsWith('+') ? 'User' : 'Group' }));

interface QueryOptions {
  readonly filter?: string;
  readonly sortBy?: string;
  readonly sortOrder?: string;
  readonly offset?: number;
  readonly after?: PageKey | 'start';
  readonly limit?: number;
  readonly related?: boolean;
}

export const userQuery = (options: QueryOptions = {}): Query =>
  query(STANDARD_RESOURCE_TYPES.user, options);
export const groupQuery = (options: QueryOptions = {}): Query =>
  query(STANDARD_RESOURCE_TYPES.group, options);

function query(
  type: ResourceType,
  { filter, sortBy, sortOrder, offset = 0, after, ...rest }: QueryOptions,
): Query {
  return {
    start: after === undefined ? { offset } : { after: after === 'start' ? undefined : after },
    limit: 1000,
    related: false,
    ...rest,
    ...(filter === undefined ? {} : { filter: resolveFilter(parseFilter(filter), type) }),
    ...(sortBy === undefined ? {} : { sort: resolveSort(sortBy, sortOrder, type) }),
  };
}

export async function userNames(
  store: Store,
  scope: Scope,
  options?: QueryOptions,
): Promise<unknown[]> {
  const { records } = await store.users.list(scope, userQuery(options));
  return records.map(({ profile }) => profile.attributes.userName);
}

export async function groupNames(
  store: Store,
  scope: Scope,
  options?: QueryOptions,
): Promise<unknown[]> {
  const { records } = await store.groups.list(scope, groupQuery(options));
  return records.map(({ profile }) => profile.attributes.displayName);
}

export function integration(changes: Partial<IntegrationRecord> = {}): IntegrationRecord {
  return {
    id: 'okta',
    tenant: 'acme',
    clusterUid: 'cluster',
    namespace: 'acme',
    name: 'okta',
    uid: 'uid-okta',
    namespaceUid: 'uid-acme',
    enabled: true,
    allowed: true,
    deletionPolicy: 'Retain',
    endedAt: undefined,
    ...changes,
  };
}

export function token(changes: Partial<TokenRecord> = {}): TokenRecord {
  return {
    integrationId: 'okta',
    keyId: 'keyidkeyid',
    hash: 'hash',
    issuedAt: at(0),
    expiresAt: undefined,
    pending: false,
    ...changes,
  };
}
