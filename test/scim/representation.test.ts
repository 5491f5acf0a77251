/** Resources as clients read them, their versions, and the headers that name versions. */
import { describe, expect, it } from 'vitest';
import {
  etag,
  matchesEtag,
  parseIfMatch,
  represent,
  versionTag,
} from '../../src/scim/representation.ts';
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

describe('a version', () => {
  it('is a weak ETag, with a digest where more than the version counts', () => {
    expect([etag(3), etag(3, 'abc')]).toEqual(['W/"3"', 'W/"3.abc"']);
  });

  it.each<[string, readonly number[] | undefined]>([
    ['*', undefined],
    [' * ', undefined],
    ['W/"3"', [3]],
    ['"3"', [3]],
    ['W/"3.abc"', [3]],
    ['W/"1", "2" ,W/"3.x"', [1, 2, 3]],
    ['"abc"', []],
    ['3', []],
    ['', []],
    ['"99999999999999999999"', []],
  ])('is asked for by If-Match: %s', (header, versions) => {
    expect(parseIfMatch(header)).toEqual(versions && new Set(versions));
  });

  it.each([
    ['W/"3"', 'W/"3"'],
    ['"3"', 'W/"3"'],
    [' W/"3.abc" ', 'W/"3"'],
    ['W/"1", W/"2"', undefined],
    ['3', undefined],
    ['W/"3', undefined],
    ['*', undefined],
  ])('is what a tag without its digest says: %s', (tag, version) => {
    expect(versionTag(tag)).toBe(version);
  });

  it.each<[string, string, boolean]>([
    ['W/"3"', 'W/"3"', true],
    ['"3"', 'W/"3"', true],
    ['*', 'W/"3"', true],
    ['W/"1", W/"3.a"', 'W/"3.a"', true],
    ['W/"3"', 'W/"3.a"', false],
    ['W/"3.b"', 'W/"3.a"', false],
    ['', 'W/"3"', false],
  ])('If-None-Match: %s knows %s: %j', (header, current, expected) => {
    expect(matchesEtag(header, current)).toBe(expected);
  });
});
