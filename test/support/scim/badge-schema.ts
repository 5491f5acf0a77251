/**
 * Resource types with custom extensions: every type, multiplicity and characteristic of RFC 7643
 * §7.
 */
import { type ResourceTypes, STANDARD_RESOURCE_TYPES } from '../../../src/scim/resource-types.ts';
import { attribute, type Schema } from '../../../src/scim/schema.ts';

export const BADGE = 'urn:example:params:scim:schemas:extension:badge:1.0:User';
export const ROOM = 'urn:example:params:scim:schemas:extension:room:1.0:Group';

const BADGE_SCHEMA: Schema = {
  id: BADGE,
  name: 'Badge',
  description: 'The badge that opens doors.',
  attributes: [
    attribute('colour', 'Text in any case.', { canonicalValues: ['red', 'blue'] }),
    attribute('code', 'Text in this case.', { caseExact: true }),
    attribute('level', 'Whole number.', { type: 'integer' }),
    attribute('weight', 'Number.', { type: 'decimal' }),
    attribute('valid', 'Truth.', { type: 'boolean' }),
    attribute('issued', 'Time.', { type: 'dateTime' }),
    attribute('picture', 'URL.', { type: 'reference', referenceTypes: ['external'] }),
    attribute('print', 'Base64.', { type: 'binary' }),
    attribute('tags', 'Texts.', { multiValued: true }),
    attribute('levels', 'Whole numbers.', { type: 'integer', multiValued: true }),
    attribute('serial', 'Given once.', { mutability: 'immutable' }),
    attribute('printed', 'Known to the server.', { mutability: 'readOnly' }),
    attribute('secret', 'Written only.', { mutability: 'writeOnly', returned: 'never' }),
    attribute('hidden', 'Kept, never shown.', { returned: 'never' }),
    attribute('note', 'Shown on request.', { returned: 'request' }),
    attribute('zone', 'Always shown.', { returned: 'always' }),
    attribute('holder', 'One complex value.', {
      subAttributes: [
        attribute('desk', 'Required in it.', { required: true }),
        attribute('floor', 'Whole number.', { type: 'integer' }),
        attribute('origin', 'Given once.', { mutability: 'immutable' }),
        attribute('pin', 'Kept, never shown.', { returned: 'never' }),
        attribute('remark', 'Shown on request.', { returned: 'request' }),
        attribute('kind', 'Always shown.', { returned: 'always' }),
      ],
    }),
    attribute('doors', 'Complex values.', {
      multiValued: true,
      subAttributes: [
        attribute('value', 'Which.'),
        attribute('primary', 'The usual one.', { type: 'boolean' }),
        attribute('opens', 'Time.', { type: 'dateTime' }),
        attribute('rank', 'Number.', { type: 'decimal' }),
        attribute('lock', 'Given once.', { mutability: 'immutable' }),
      ],
    }),
  ],
};

const ROOM_SCHEMA: Schema = {
  id: ROOM,
  name: 'Room',
  description: 'Where a group meets.',
  attributes: [
    attribute('number', 'Required where there is a room.', { type: 'integer', required: true }),
    attribute('members', 'Not those of the group.', { multiValued: true }),
  ],
};

const { user, group } = STANDARD_RESOURCE_TYPES;

export const BADGE_TYPES: ResourceTypes = {
  user: { ...user, extensions: [...user.extensions, { schema: BADGE_SCHEMA, required: false }] },
  group: { ...group, extensions: [{ schema: ROOM_SCHEMA, required: true }] },
};
