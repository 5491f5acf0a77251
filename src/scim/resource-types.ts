/**
 * The resource types of a tenant (RFC 7643 §6). They are passed as a value, so that tenants can
 * have their own extensions.
 */
import type { ResourceType, Schema } from './schema.ts';
import { ENTERPRISE_USER_SCHEMA } from './schemas/enterprise-user.ts';
import { GROUP_SCHEMA } from './schemas/group.ts';
import { USER_SCHEMA } from './schemas/user.ts';

export interface ResourceTypes {
  readonly user: ResourceType;
  readonly group: ResourceType;
}

export const STANDARD_RESOURCE_TYPES: ResourceTypes = {
  user: {
    name: 'User',
    endpoint: '/Users',
    description: 'Users of the tenant.',
    schema: USER_SCHEMA,
    extensions: [{ schema: ENTERPRISE_USER_SCHEMA, required: false }],
  },
  group: {
    name: 'Group',
    endpoint: '/Groups',
    description: 'Groups of the tenant.',
    schema: GROUP_SCHEMA,
    extensions: [],
  },
};

/** Every schema of the set once, in a stable order. */
export function schemasOf(types: ResourceTypes): readonly Schema[] {
  const all = [types.user, types.group].flatMap((type) => [
    type.schema,
    ...type.extensions.map(({ schema }) => schema),
  ]);
  return [...new Set(all)];
}
