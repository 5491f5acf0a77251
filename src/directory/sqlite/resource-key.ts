/** The attribute that a resource is unique by in its tenant: a user's userName, a group's displayName. */
import { uniqueness } from '../../scim/error.ts';
import type { Attributes } from '../../scim/resource.ts';
import { fold } from '../../scim/text.ts';
import { isUniqueViolation } from './writer.ts';

export const KEY_ATTRIBUTE = { User: 'userName', Group: 'displayName' } as const;
export type ResourceName = keyof typeof KEY_ATTRIBUTE;

/** What goes into the row, apart from the externalId, which belongs to an integration. */
export function rowOf(name: ResourceName, { externalId, ...profile }: Attributes) {
  return {
    externalId: typeof externalId === 'string' ? externalId : null,
    profile,
    key: fold(String(profile[KEY_ATTRIBUTE[name]])),
  };
}

/** Runs a write of the row; one that meets another row of the key is refused with uniqueness. */
export function refuseTaken(name: ResourceName, write: () => void): void {
  try {
    write();
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    const kind = name === 'User' ? 'a user' : 'a group';
    throw uniqueness(`${kind} with this ${KEY_ATTRIBUTE[name]} exists in the tenant`);
  }
}
