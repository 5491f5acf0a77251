/** Properties of every body, every PATCH and every projection. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ScimError } from '../../src/scim/error.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../src/scim/json.ts';
import { withoutOwnReference } from '../../src/scim/manager.ts';
import { separateMemberOperations, separateMembers } from '../../src/scim/members.ts';
import { applyPatch } from '../../src/scim/patch.ts';
import { StoredProfile } from '../../src/scim/profile.ts';
import { parseProjection } from '../../src/scim/projection.ts';
import { represent } from '../../src/scim/representation.ts';
import { type Attributes, parseResource } from '../../src/scim/resource.ts';
import { STANDARD_RESOURCE_TYPES } from '../../src/scim/resource-types.ts';
import type { Attribute, ResourceType } from '../../src/scim/schema.ts';
import { coreAttributes } from '../../src/scim/schemas/common.ts';
import { looseValue, operation, pathsOf } from '../support/scim/arbitrary-patches.ts';
import { body, ODDITIES } from '../support/scim/arbitrary-resources.ts';
import { parsePatch } from '../support/scim/parse-patch.ts';

const { user, group: GROUP } = STANDARD_RESOURCE_TYPES;
const USER: ResourceType = {
  ...user,
  extensions: [...user.extensions, { schema: ODDITIES, required: false }],
};

const BASE_URL = 'https://x.example';

/** As they are stored. */
const users = body(USER, 'userName').map((each) =>
  withoutOwnReference(parseResource({ ...each, userName: 'ada' }, USER), BASE_URL),
);

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null)
    Object.values(Object.freeze(value)).forEach(frozen);
  return value;
}

/** The user as a client reads it. */
function read(attributes: Attributes, more: object = {}): JsonObject {
  const stored = { id: '1', profile: StoredProfile.of(attributes), created: 0, lastModified: 0 };
  const shown = { baseUrl: BASE_URL, version: 'W/"1"', ...more };
  return JSON.parse(represent(stored, USER, shown));
}

/** The result or the refusal. Any other error is a defect. */
function outcome<T>(act: () => T): T | ScimError {
  try {
    return act();
  } catch (error) {
    if (error instanceof ScimError && error.status >= 400 && error.status < 500) return error;
    throw error;
  }
}

const patched = (current: Attributes, operations: readonly object[], type = USER) =>
  applyPatch(current, parsePatch({ Operations: operations }, type), type);

function unknownKeys(holder: JsonValue, attributes: readonly Attribute[]): readonly string[] {
  if (!isJsonObject(holder)) return [];
  return Object.entries(holder).flatMap(([key, value]) => {
    const known = attributes.find(
      ({ name, mutability }) => name === key && mutability !== 'readOnly',
    );
    if (known === undefined) return [key];
    return [value].flat().flatMap((each) => unknownKeys(each, known.subAttributes));
  });
}

function strangersIn(attributes: Attributes, type: ResourceType): readonly string[] {
  const core: Record<string, JsonValue> = { ...attributes };
  const strangers = type.extensions.flatMap(({ schema }) => {
    const held = core[schema.id] ?? {};
    delete core[schema.id];
    return unknownKeys(held, schema.attributes);
  });
  return [...strangers, ...unknownKeys(core, coreAttributes(type))];
}

describe('every body', () => {
  it('is accepted or refused, has no side effects, and yields only known attributes', () => {
    const before = Reflect.ownKeys(Object.prototype);
    fc.assert(
      fc.property(looseValue(USER), fc.boolean(), (value, named) => {
        const sent = named && isJsonObject(value) ? { userName: 'ada', ...value } : value;
        const result = outcome(() => parseResource(frozen(sent), USER));
        if (!(result instanceof ScimError)) expect(strangersIn(result, USER)).toEqual([]);
      }),
      { numRuns: 1000 },
    );
    expect(Reflect.ownKeys(Object.prototype)).toEqual(before);
  });

  it('[Okta, authentik] that was read can be written back without a change', () => {
    fc.assert(
      fc.property(users, (attributes) => {
        const group = { value: 'g', type: 'direct', $ref: '../Groups/g', display: 'G' };
        const computed = `"groups":${JSON.stringify([group])}`;
        expect(parseResource(read(attributes, { computed }), USER)).toEqual(attributes);
      }),
    );
  });
});

describe('every PATCH', () => {
  const operations = fc.array(operation(USER), { minLength: 1, maxLength: 4 });

  it('is applied or refused, and doesn’t modify its input', () => {
    const before = Reflect.ownKeys(Object.prototype);
    let applied = 0;
    fc.assert(
      fc.property(users, operations, (current, sent) => {
        const result = outcome(() => patched(frozen(current), frozen(sent)));
        if (result instanceof ScimError) return;
        applied++;
        expect(strangersIn(result, USER)).toEqual([]);
      }),
      { numRuns: 1000 },
    );
    expect(applied).toBeGreaterThan(200);
    expect(Reflect.ownKeys(Object.prototype)).toEqual(before);
  });

  it('results in a resource that a PUT may contain', () => {
    fc.assert(
      fc.property(users, operation(USER), (current, sent) => {
        const result = outcome(() => patched(current, [sent]));
        if (result instanceof ScimError) return;
        expect(parseResource(result, USER)).toEqual(result);
      }),
      { numRuns: 1000 },
    );
  });

  it('changes nothing when it is repeated', () => {
    const plain = operation(USER).filter(
      ({ path }) => !/\[.*(primary|type|not|or)/.test(path ?? ''),
    );
    fc.assert(
      fc.property(users, plain, (current, sent) => {
        const once = outcome(() => patched(current, [sent]));
        if (once instanceof ScimError) return;
        const twice = outcome(() => patched(once, [sent]));
        // The first time may have changed what the filter looks for.
        if (twice instanceof ScimError) expect(twice.scimType).toBe('noTarget');
        else expect(twice).toEqual(once);
      }),
      { numRuns: 1000 },
    );
  });

  it('[authentik] that replaces everything with the current values changes nothing', () => {
    fc.assert(
      fc.property(users, (attributes) => {
        const value = read(attributes);
        expect(patched(attributes, [{ op: 'replace', value }])).toEqual(attributes);
      }),
    );
  });

  it('of a group is separated into members and the rest', () => {
    fc.assert(
      fc.property(fc.array(operation(GROUP), { maxLength: 4 }), (sent) => {
        outcome(() => {
          const parsed = parsePatch({ Operations: sent }, GROUP);
          const { operations: rest, changes } = separateMemberOperations(parsed);
          expect(rest.length + changes.length).toBe(parsed.length);
          const result = applyPatch({ displayName: 'g' }, rest, GROUP);
          expect(separateMembers(result)).toEqual({ attributes: result, members: [] });
        });
      }),
      { numRuns: 1000 },
    );
  });
});

describe('every projection', () => {
  const names = fc.array(fc.oneof(fc.constantFrom(...pathsOf(USER)), fc.string()), {
    maxLength: 5,
  });
  const isPart = (part: JsonValue, whole: JsonValue): boolean => {
    if (!isJsonObject(part) || !isJsonObject(whole)) {
      return Array.isArray(part) || JSON.stringify(part) === JSON.stringify(whole);
    }
    return Object.entries(part).every(
      ([key, value]) => whole[key] !== undefined && isPart(value, whole[key]),
    );
  };

  it('selects a part of the resource, always with id and schemas', () => {
    fc.assert(
      fc.property(users, fc.option(names), fc.option(names), (attributes, only, without) => {
        const whole = read(attributes);
        const projection = parseProjection(only ?? undefined, without ?? undefined, USER);
        const part = read(attributes, { projection });
        expect(part).toMatchObject({ id: '1', schemas: whole.schemas });
        expect(isPart(part, whole)).toBe(true);
      }),
    );
  });
});
