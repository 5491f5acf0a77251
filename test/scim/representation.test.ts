/** Resources as clients read them. */
import { describe, expect, it } from 'vitest';
import { represent } from '../../src/scim/representation.ts';
import { STANDARD_RESOURCE_TYPES } from '../../src/scim/resource-types.ts';

const { user: USER, group: GROUP } = STANDARD_RESOURCE_TYPES;
const ENTERPRISE_URN = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const BASE_URL = 'https://scim.example/api/v1/t/integrations/i/scim/v2';

const stored = { id: '1', version: 3, created: 0, lastModified: 1_767_225_600_123 };

describe('a representation', () => {
  it('has schemas first, then id, externalId, the attributes, the computed ones and meta', () => {
    const attributes = {
      userName: 'ada',
      externalId: 'e',
      [ENTERPRISE_URN]: { department: 'Maths' },
    };
    const whole = represent({ ...stored, attributes }, USER, BASE_URL, 'W/"3"', { groups: [] });
    expect(Object.keys(whole)).toEqual([
      ...['schemas', 'id', 'externalId', 'userName', ENTERPRISE_URN, 'groups', 'meta'],
    ]);
    expect(whole).toMatchObject({
      schemas: [USER.schema.id, ENTERPRISE_URN],
      meta: {
        resourceType: 'User',
        created: '1970-01-01T00:00:00.000Z',
        lastModified: '2026-01-01T00:00:00.123Z',
        location: `${BASE_URL}/Users/1`,
        version: 'W/"3"',
      },
    });
  });

  it('names only the schemas whose attributes it contains', () => {
    const attributes = { displayName: 'g' };
    const whole = represent({ ...stored, attributes }, GROUP, BASE_URL, 'W/"3"');
    expect(whole).toMatchObject({ schemas: [GROUP.schema.id] });
    const plain = represent({ ...stored, attributes: { userName: 'a' } }, USER, BASE_URL, 'W/"3"');
    expect(plain.schemas).toEqual([USER.schema.id]);
    expect(whole).not.toHaveProperty('externalId');
    expect(whole).not.toHaveProperty('members');
  });
});
