/** Resources as clients read them. */
import { describe, expect, it } from 'vitest';
import { represent } from '../../src/scim/representation.ts';
import { STANDARD_RESOURCE_TYPES } from '../../src/scim/resource-types.ts';

const { user: USER, group: GROUP } = STANDARD_RESOURCE_TYPES;
const E = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const BASE_URL = 'https://scim.example/api/v1/t/integrations/i/scim/v2';

const stored = { id: '1', version: 3, created: 0, lastModified: 1_767_225_600_123 };

describe('a representation', () => {
  it('has schemas first, then id and externalId, the attributes, what is computed, and meta', () => {
    const attributes = { userName: 'ada', externalId: 'e', [E]: { department: 'Maths' } };
    const whole = represent({ ...stored, attributes }, USER, BASE_URL, 'W/"3"', { groups: [] });
    expect(Object.keys(whole)).toEqual([
      ...['schemas', 'id', 'externalId', 'userName', E, 'groups', 'meta'],
    ]);
    expect(whole).toMatchObject({
      schemas: [USER.schema.id, E],
      meta: {
        resourceType: 'User',
        created: '1970-01-01T00:00:00.000Z',
        lastModified: '2026-01-01T00:00:00.123Z',
        location: `${BASE_URL}/Users/1`,
        version: 'W/"3"',
      },
    });
  });

  it('names only the schemas whose attributes it carries', () => {
    const attributes = { displayName: 'g' };
    const whole = represent({ ...stored, attributes }, GROUP, BASE_URL, 'W/"3"');
    expect(whole).toMatchObject({ schemas: [GROUP.schema.id] });
    const plain = represent({ ...stored, attributes: { userName: 'a' } }, USER, BASE_URL, 'W/"3"');
    expect(plain.schemas).toEqual([USER.schema.id]);
    expect(whole).not.toHaveProperty('externalId');
    expect(whole).not.toHaveProperty('members');
  });
});
