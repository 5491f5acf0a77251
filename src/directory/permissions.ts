/**
 * What a provisioner may do. The rules of the Kubernetes Role `SCIMProvisioner` and the permissions
 * that the server enforces on every request both come from here. The resources are virtual:
 * Kubernetes stores nothing for them.
 */
import { forbidden } from '../scim/error.ts';

export const DIRECTORY_API_GROUP = 'directory.scim-operator.dev';

/**
 * Users can't be deleted, because they are global. DELETE removes a binding, which is the user's
 * access to the tenant.
 */
export const PROVISIONER_RULES = {
  groups: ['create', 'get', 'list', 'update', 'patch', 'delete'],
  users: ['create', 'get', 'list', 'update', 'patch'],
  bindings: ['create', 'get', 'list', 'update', 'patch', 'delete'],
} as const;

type DirectoryResource = keyof typeof PROVISIONER_RULES;
export type Permission = {
  [R in DirectoryResource]: `${R}.${(typeof PROVISIONER_RULES)[R][number]}`;
}[DirectoryResource];

export type Permissions = ReadonlySet<Permission>;

export const PROVISIONER_PERMISSIONS: Permissions = new Set(
  Object.entries(PROVISIONER_RULES).flatMap(([resource, verbs]) =>
    verbs.map((verb) => `${resource}.${verb}` as Permission),
  ),
);

/** Refuses with 403 unless every permission is held. */
export function demand(held: Permissions, ...needed: readonly Permission[]): void {
  for (const permission of needed) {
    if (!held.has(permission)) throw forbidden(`the role lacks the permission ${permission}`);
  }
}
