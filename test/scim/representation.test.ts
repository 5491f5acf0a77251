/** Resources as clients read them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/scim/json.ts';
import { StoredProfile } from '../../src/scim/profile.ts';
import { parseProjection, project } from '../../src/scim/projection.ts';
import { locationOf, represent } from '../../src/scim/representation.ts';
import { type Attributes, parseResource } from '../../src/scim/resource.ts';
import { STANDARD_RESOURCE_TYPES } from '../../src/scim/resource-types.ts';
import type { ResourceType } from '../../src/scim/schema.ts';
import { pathsOf } from '../support/scim/arbitrary-patches.ts';
import { body, ODDITIES } from '../support/scim/arbitrary-resources.ts';

const { user: STANDARD_USER, group: STANDARD_GROUP } = STANDARD_RESOURCE_TYPES;
const USER: ResourceType = {
  ...STANDARD_USER,
  extensions: [...STANDARD_USER.extensions, { schema: ODDITIES, required: false }],
};
const GROUP: ResourceType = {
  ...STANDARD_GROUP,
  extensions: [{ schema: ODDITIES, required: false }],
};
const ENTERPRISE_URN = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const BASE_URL = 'https://scim.example/api/v1/t/integrations/i/scim/v2';

const VERSION = 'W/"3"';
const shown = { baseUrl: BASE_URL, version: VERSION };
const stored = { id: '1', created: 0, lastModified: 1_767_225_600_123 };

/** What a representation contains, in its order. */
function expected(
  attributes: Attributes,
  type: ResourceType,
  computed: JsonObject = {},
): JsonObject {
  const { externalId, ...profile } = attributes;
  const extensions = type.extensions.filter(({ schema }) => Object.hasOwn(profile, schema.id));
  return {
    schemas: [type.schema.id, ...extensions.map(({ schema }) => schema.id)],
    id: '1',
    ...(externalId === undefined ? {} : { externalId }),
    ...profile,
    ...computed,
    meta: {
      resourceType: type.name,
      created: '1970-01-01T00:00:00.000Z',
      lastModified: '2026-01-01T00:00:00.123Z',
      location: locationOf(type, BASE_URL, '1'),
      version: VERSION,
    },
  };
}

const HOSTILE = `x","${ENTERPRISE_URN}":{"\\"${ENTERPRISE_URN}":`;

const kinds = [
  { type: USER, required: 'userName', list: 'groups' },
  { type: GROUP, required: 'displayName', list: 'members' },
] as const;

describe('a representation', () => {
  it('has schemas first, then id, externalId, the attributes, the computed ones and meta', () => {
    const attributes = {
      userName: 'ada',
      externalId: 'e',
      [ENTERPRISE_URN]: { department: 'Maths' },
    };
    const computed = '"groups":[]';
    const json = represent({ ...stored, profile: StoredProfile.of(attributes) }, USER, {
      ...shown,
      computed,
    });
    expect(json).toBe(JSON.stringify(expected(attributes, USER, { groups: [] })));
    expect(Object.keys(JSON.parse(json))).toEqual([
      ...['schemas', 'id', 'externalId', 'userName', ENTERPRISE_URN, 'groups', 'meta'],
    ]);
  });

  it('names only the schemas whose attributes it contains', () => {
    for (const userName of ['a', ENTERPRISE_URN, HOSTILE]) {
      const profile = StoredProfile.of({ userName });
      const plain = JSON.parse(represent({ ...stored, profile }, USER, shown));
      expect(plain).toMatchObject({ schemas: [USER.schema.id], userName });
      expect(plain).not.toHaveProperty('externalId');
      expect(plain).not.toHaveProperty('groups');
    }
  });

  it.each(kinds)('of any $type.name is the JSON of its parts, whole or projected', (kind) => {
    const { type, required, list } = kind;
    const names = fc.array(fc.oneof(fc.constantFrom(...pathsOf(type)), fc.string()), {
      maxLength: 5,
    });
    const plain = fc.string({ unit: 'binary' }).map((each) => `${each.replaceAll('\0', '')}x`);
    const text = fc.oneof(plain, fc.constant(HOSTILE));
    const elements = fc.array(fc.record({ value: text, type: text }), { maxLength: 3 });
    fc.assert(
      fc.property(
        body(type, required),
        fc.option(text, { nil: undefined }),
        text,
        fc.option(elements, { nil: undefined }),
        fc.option(names, { nil: undefined }),
        fc.option(names, { nil: undefined }),
        fc.boolean(),
        (sent, externalId, name, values, only, without, isRead) => {
          const { members: _, ...attributes } = parseResource(
            { ...sent, externalId, [required]: name },
            type,
          );
          const written = StoredProfile.of(attributes);
          const profile = isRead ? new StoredProfile(written.json, written.externalId) : written;
          const projection = parseProjection(only, without, type);
          const computed = values && `"${list}":${JSON.stringify(values)}`;
          const whole = expected(attributes, type, values && { [list]: values });
          expect(represent({ ...stored, profile }, type, { ...shown, computed, projection })).toBe(
            JSON.stringify(project(whole, type, projection)),
          );
          expect(profile.attributes).toEqual(attributes);
        },
      ),
      { numRuns: 300 },
    );
  });
});
