/**
 * Rows of users and groups, and the attribute that they are unique by in their tenant: a user's
 * userName, a group's displayName.
 */
import type { StringChunk } from 'drizzle-orm';
import { uniqueness } from '../../scim/error.ts';
import { StoredProfile } from '../../scim/profile.ts';
import type { Attributes } from '../../scim/resource.ts';
import type { ResourceType } from '../../scim/schema.ts';
import { fold } from '../../scim/text.ts';
import { sameValue } from '../../scim/values.ts';
import type { Scope } from '../store/resources.ts';
import type { SearchDialect } from './conditions.ts';
import { type Names, named, type Row, type Tables } from './names.ts';
import { searchDocument } from './search-document.ts';
import { Slot, type Slots } from './template.ts';

const KEY_ATTRIBUTE = { User: 'userName', Group: 'displayName' } as const;
export type ResourceName = keyof typeof KEY_ATTRIBUTE;

/** The names of their totals in the table of counters. */
export const TOTALS: Readonly<Record<ResourceName, string>> = { User: 'users', Group: 'groups' };

/**
 * The counter of inactive users in a tenant. The active ones follow from it and the total, so that
 * it changes with few writes.
 */
export const INACTIVE_USERS = 'inactive_users';

/**
 * The columns that users and groups have in common. `key` is the folded userName or displayName.
 */
export type ResourceNames = Names<keyof Row<'access'> & keyof Row<'groups'>> &
  Readonly<Record<'key', StringChunk>>;

export function resourceNames(
  { access, groups }: Tables,
  name: ResourceName,
  alias?: string,
): ResourceNames {
  if (name === 'Group') {
    const names = named(groups, alias);
    return { ...names, key: names.displayNameKey };
  }
  const names = named(access, alias);
  return { ...names, key: names.userNameKey };
}

const WRITTEN = ['document', 'attributes', 'version', 'created', 'lastModified'] as const;
/** The columns of a user's row, in the order in which both databases insert them. */
export const USER_COLUMNS = [
  'tenant',
  'id',
  'userId',
  'userNameKey',
  'active',
  ...WRITTEN,
] as const;
/** The same of a group's. */
export const GROUP_COLUMNS = ['tenant', 'id', 'displayNameKey', ...WRITTEN] as const;

/** The resources of one type that conditions and lists are composed for. */
export interface SearchContext {
  readonly dialect: SearchDialect;
  readonly scope: Slots<ScopeKey>;
  readonly type: ResourceType;
  readonly name: ResourceName;
  /** The attribute that the resources are unique by. */
  readonly key: string;
  /** A resource's row. */
  readonly r: ResourceNames;
}

type ScopeKey = Pick<Scope, 'tenant' | 'integrationId'>;

const SCOPE: Slots<ScopeKey> = {
  tenant: new Slot('tenant'),
  integrationId: new Slot('integrationId'),
};

export function searchContext(
  dialect: SearchDialect,
  name: ResourceName,
  type: ResourceType,
): SearchContext {
  const { tables } = dialect;
  return {
    dialect,
    scope: SCOPE,
    type,
    name,
    key: KEY_ATTRIBUTE[name],
    r: resourceNames(tables, name, 'r'),
  };
}

/** The values of the row. */
export function rowOf(name: ResourceName, type: ResourceType, attributes: Attributes) {
  return {
    profile: StoredProfile.of(attributes),
    key: foldedName(name, attributes),
    document: JSON.stringify(searchDocument(attributes, type)),
    active: attributes.active === true,
  };
}

/** The folded userName or displayName. */
export const foldedName = (name: ResourceName, attributes: Attributes): string =>
  fold(shownName(name, attributes));

/** The userName or displayName. */
export const shownName = (name: ResourceName, attributes: Attributes): string =>
  String(attributes[KEY_ATTRIBUTE[name]]);

/** The refusal of a write whose key another row has. */
export function taken(name: ResourceName) {
  const kind = name === 'User' ? 'a user' : 'a group';
  return uniqueness(`${kind} with this ${KEY_ATTRIBUTE[name]} exists in the tenant`);
}

/** Whether a change of a user ends the sessions. */
export function isOtherPerson(current: Attributes, next: Attributes): boolean {
  return current.userName !== next.userName || current.active !== next.active;
}

/**
 * Whether a change of a user may change the members of the groups that are followed, because
 * Kubernetes users are named after an e-mail address or an externalId.
 */
export function isOtherSubject(current: Attributes, next: Attributes): boolean {
  return (
    isOtherPerson(current, next) ||
    !sameValue(current.emails, next.emails) ||
    current.externalId !== next.externalId
  );
}

/** How a change of `active` changes the number of inactive users. */
export function inactiveChange(current: Attributes, next: Attributes): 1 | 0 | -1 {
  const [was, is] = [current.active === true, next.active === true];
  return was === is ? 0 : is ? -1 : 1;
}
