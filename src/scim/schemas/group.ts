/** The Group schema (RFC 7643 §4.2, §8.7.1). */
import { attribute, type Schema } from '../schema.ts';

const GROUP_URN = 'urn:ietf:params:scim:schemas:core:2.0:Group';

export const MEMBERS_ATTRIBUTE = attribute('members', 'Users and groups in the group.', {
  multiValued: true,
  subAttributes: [
    attribute('value', 'Id of the user or group.', {
      caseExact: true,
      mutability: 'immutable',
    }),
    attribute('$ref', 'URL of the user or group.', {
      type: 'reference',
      referenceTypes: ['User', 'Group'],
      mutability: 'immutable',
    }),
    attribute('type', 'Type of the member.', {
      canonicalValues: ['User', 'Group'],
      mutability: 'immutable',
    }),
  ],
});

export const GROUP_SCHEMA: Schema = {
  id: GROUP_URN,
  name: 'Group',
  description: 'A set of users and groups of the tenant.',
  attributes: [
    attribute('displayName', 'Name of the group; unique in the tenant, ignoring case.', {
      required: true,
      uniqueness: 'server',
    }),
    MEMBERS_ATTRIBUTE,
  ],
};
