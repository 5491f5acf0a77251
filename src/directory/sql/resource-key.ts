/**
 * The attribute that a resource is unique by in its tenant: a user's userName, a group's
 * displayName.
 */
import { type SQL, sql } from 'drizzle-orm';
import { uniqueness } from '../../scim/error.ts';
import type { Attributes } from '../../scim/resource.ts';
import { fold } from '../../scim/text.ts';

const KEY_ATTRIBUTE = { User: 'userName', Group: 'displayName' } as const;
export type ResourceName = keyof typeof KEY_ATTRIBUTE;

/**
 * Where resources are, the column that holds their folded userName or displayName, and their total.
 */
export interface ResourcePlace {
  readonly table: SQL;
  readonly key: { readonly attribute: string; readonly column: string };
  /** The name of their total in counters. */
  readonly counter: string;
}

export const PLACES: Readonly<Record<ResourceName, ResourcePlace>> = {
  User: {
    table: sql.raw('access'),
    key: { attribute: KEY_ATTRIBUTE.User, column: 'user_name_key' },
    counter: 'users',
  },
  Group: {
    table: sql.raw('groups'),
    key: { attribute: KEY_ATTRIBUTE.Group, column: 'display_name_key' },
    counter: 'groups',
  },
};

/** What goes into the row, apart from the externalId, which belongs to an integration. */
export function rowOf(name: ResourceName, { externalId, ...profile }: Attributes) {
  return {
    externalId: typeof externalId === 'string' ? externalId : null,
    profile,
    key: fold(String(profile[KEY_ATTRIBUTE[name]])),
  };
}

/** The refusal of a write that met another row of the key. */
export function taken(name: ResourceName) {
  const kind = name === 'User' ? 'a user' : 'a group';
  return uniqueness(`${kind} with this ${KEY_ATTRIBUTE[name]} exists in the tenant`);
}

/** Whether the change of a user matters to whoever follows a group that it is in. */
export function isOtherSubject(current: Attributes, next: Attributes): boolean {
  return current.userName !== next.userName || current.active !== next.active;
}
