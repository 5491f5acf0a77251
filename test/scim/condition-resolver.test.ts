import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { refText } from '../../src/scim/attribute-path.ts';
import type { Condition } from '../../src/scim/condition.ts';
import {
  resolveElementFilter,
  resolveFilter,
  resolveSort,
} from '../../src/scim/condition-resolver.ts';
import { ScimError } from '../../src/scim/error.ts';
import { parseFilter } from '../../src/scim/filter-parser.ts';
import { STANDARD_RESOURCE_TYPES } from '../../src/scim/resource-types.ts';
import { attribute, type ResourceType } from '../../src/scim/schema.ts';
import { filterTrees } from '../support/scim/arbitrary-filters.ts';

const { user, group } = STANDARD_RESOURCE_TYPES;
const ENTERPRISE_URN = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

/** A condition as short text: `emails.value eq "x"`. */
function words(condition: Condition): string {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return `(${condition.terms.map(words).join(` ${condition.kind} `)})`;
    case 'not':
      return `not ${words(condition.term)}`;
    case 'present':
      return `${refText(condition.ref)} pr`;
    case 'compare':
      return `${refText(condition.ref)} ${condition.operator} ${JSON.stringify(condition.value)}`;
    case 'any':
      return `${refText(condition.ref)}[${words(condition.where)}]`;
    case 'constant':
      return String(condition.value);
  }
}

const bound = (text: string, type: ResourceType = user) =>
  words(resolveFilter(parseFilter(text), type));

describe('a filter of users', () => {
  it.each([
    ['username EQ "Ann"', 'userName eq "ann"'],
    ['externalId eq "Ann"', 'externalId eq "Ann"'],
    ['id eq "a" and manager eq "B"', `(id eq "a" and ${ENTERPRISE_URN}:manager.value eq "B")`],
    ['emails co "@Example"', 'emails.value co "@example"'],
    ['emails pr', 'emails pr'],
    ['name pr', 'name pr'],
    ['emails[type eq "Work"].value eq "A"', 'emails[(type eq "work" and value eq "a")]'],
    ['emails[not (primary eq "True")]', 'emails[not primary eq true]'],
    ['emails[primary eq false]', 'emails[not primary eq true]'],
    ['emails[primary ne "False"]', 'emails[primary eq true]'],
    ['emails[primary ne null]', 'emails[primary ne null]'],
    ['emails.primary eq true', 'emails[primary eq true]'],
    ['emails.primary eq false', 'emails[not primary eq true]'],
    ['emails.primary ne true', '(not emails pr or emails[not primary eq true])'],
    ['name[familyName eq "X"]', 'name[familyName eq "x"]'],
    ['schemas[value eq "urn:X"]', 'schemas[value eq "urn:X"]'],
    ['active eq "FALSE"', 'active eq false'],
    ['active ne null', 'active ne null'],
    ['userName eq 42', 'userName eq "42"'],
    ['meta.created gt 2026-01-01T01:00:00+01:00', 'meta.created gt "2026-01-01T00:00:00.000Z"'],
    ['meta.version eq "W/\\"3\\""', 'meta.version eq "W/\\"3\\""'],
    ['meta.version ne "W/\\"3.abc\\""', 'meta.version ne "W/\\"3\\""'],
    ['meta[version eq \'"3"\']', 'meta[version eq "W/\\"3\\""]'],
    ['meta.version eq "3"', 'meta.version eq "3"'],
    ['groups.$ref ew "b"', 'groups.$ref ew "b"'],
    ['profileUrl sw "https://x/Users/"', 'profileUrl sw "https://x/Users/"'],
    ['x509Certificates eq "AAb="', 'x509Certificates.value eq "AAb="'],
    [
      'groups.display sw "Admins" or not (title pr)',
      '(groups.display sw "admins" or not title pr)',
    ],
  ])('is bound to names and comparable values: %s', (text, expected) => {
    expect(bound(text)).toBe(expected);
  });

  it.each([
    ['colour eq "x"', 'colour is not an attribute of User'],
    ['groups.$ref co "x"', "co can't be used with groups.$ref; use one of eq, ne, ew"],
    ['groups[$ref sw "https://"]', "sw can't be used with $ref; use one of eq, ne, ew"],
    [
      'manager.$ref gt "x"',
      `gt can't be used with ${ENTERPRISE_URN}:manager.$ref; use one of eq, ne, ew`,
    ],
    ['name.colour pr', 'name.colour is not an attribute of User'],
    ['members eq "x"', 'members is not an attribute of User'],
    ['urn:example:2.0:User:userName eq "x"', 'urn:example:2.0:User:userName is not an attribute'],
    ['emails[colour eq "x"]', 'colour is not a sub-attribute of emails'],
    ['emails[type.value eq "x"]', 'type.value is not a sub-attribute of emails'],
    ['emails[emails.type eq "x"]', 'emails.type is not a sub-attribute of emails'],
    [
      'emails[type[value eq "x"]]',
      "type can't be followed by [ ]; only multi-valued and complex attributes can",
    ],
    [
      'emails.type[value eq "x"]',
      "emails.type can't be followed by [ ]; only multi-valued and complex attributes can",
    ],
    [
      'userName[value eq "x"]',
      "userName can't be followed by [ ]; only multi-valued and complex attributes can",
    ],
    ['schemas[type eq "x"]', 'type is not a sub-attribute of schemas'],
    ['name eq "x"', 'name is a complex attribute; use one of its sub-attributes'],
    ['addresses eq "x"', 'addresses is a complex attribute; use one of its sub-attributes'],
    [
      'meta gt "2026-01-01T00:00:00Z"',
      'meta is a complex attribute; use one of its sub-attributes',
    ],
    ['password eq "x"', "password can't be used in a filter"],
    ['password pr', "password can't be used in a filter"],
    ['active gt true', "gt can't be used with active; use one of eq, ne"],
    ['active co "tru"', "co can't be used with active; use one of eq, ne"],
    ['emails.primary le true', "le can't be used with emails.primary; use one of eq, ne"],
    [
      'x509Certificates.value lt "x"',
      "lt can't be used with x509Certificates.value; use one of eq, ne, co, sw, ew",
    ],
    [
      'meta.created sw "2026"',
      "sw can't be used with meta.created; use one of eq, ne, gt, ge, lt, le",
    ],
    ['userName gt null', "gt can't be used with null; use one of eq, ne"],
    ['userName co null', "co can't be used with null; use one of eq, ne"],
    ['active eq "yes"', 'active must be compared with a value of type boolean'],
    ['emails[primary eq 1]', 'primary must be compared with a value of type boolean'],
    ['meta.created gt "now"', 'meta.created must be compared with a value of type dateTime'],
  ])('that is meaningless is refused with the name: %s', (text, detail) => {
    expect(() => bound(text)).toThrow(
      expect.objectContaining({ status: 400, scimType: 'invalidFilter' }),
    );
    expect(() => bound(text)).toThrow(detail);
  });

  it.each(['__proto__', 'constructor', 'toString', 'valueOf', 'hasOwnProperty'])(
    'reaches nothing through %s',
    (name) => {
      for (const text of [
        `${name} pr`,
        `${name}.x eq "y"`,
        `name.${name} eq "y"`,
        `emails[${name} pr]`,
        `emails[type pr].${name} pr`,
        `${ENTERPRISE_URN}:${name} pr`,
      ]) {
        expect(() => bound(text)).toThrow(expect.objectContaining({ scimType: 'invalidFilter' }));
      }
    },
  );

  it.each([
    ['userName eq "\\u0000"', 'false'],
    ['userName co "a\\ud83d"', 'false'],
    ['userName gt "\\udcbc"', 'false'],
    ['userName ne "\\u0000"', 'true'],
    ['emails[value eq "\\u0000"]', 'emails[false]'],
    ['userName eq "\\ud83d\\udcbc"', 'userName eq "💼"'],
  ])(
    'with text that no value can contain matches nothing, and everything with ne: %s',
    (text, expected) => {
      expect(bound(text)).toBe(expected);
    },
  );

  it('is bound or refused, whatever it contains', () => {
    fc.assert(
      fc.property(filterTrees, fc.constantFrom(user, group), (filter, type) => {
        try {
          resolveFilter(filter, type);
        } catch (error) {
          expect(error).toBeInstanceOf(ScimError);
          expect(error).toMatchObject({ status: 400, scimType: 'invalidFilter' });
        }
      }),
    );
  });
});

describe('a filter of several types', () => {
  const both = (text: string, type: ResourceType) =>
    words(resolveFilter(parseFilter(text), type, [user, group]));

  it.each([
    ['userName eq "x"', 'false'],
    ['userName ne "x"', 'false'],
    ['userName pr', 'false'],
    ['emails[type eq "work"]', 'false'],
    ['manager eq "x"', 'false'],
    [`${ENTERPRISE_URN}:manager eq "x"`, 'false'],
    ['not (userName eq "x")', 'not false'],
    ['displayName eq "x" or userName eq "x"', '(displayName eq "x" or false)'],
  ])('compares as false for groups if only users have the attribute: %s', (text, expected) => {
    expect(both(text, group)).toBe(expected);
  });

  it('is refused for an attribute that neither type has, or that is never returned', () => {
    expect(() => both('colour pr', group)).toThrow('colour is not an attribute of Group');
    expect(() => both('password pr', user)).toThrow("password can't be used in a filter");
  });
});

describe('the filter of a value path', () => {
  it('is bound to the elements of the attribute', () => {
    const tags = attribute('tags', '', { multiValued: true });
    expect(words(resolveElementFilter(parseFilter('VALUE eq "X"'), tags))).toBe('value eq "x"');
    expect(() => resolveElementFilter(parseFilter('tags eq "X"'), tags)).toThrow(
      'tags is not a sub-attribute of tags',
    );
  });
});

describe('a sort order', () => {
  const sorted = (sortBy: string, sortOrder?: string) => {
    const { ref, descending } = resolveSort(sortBy, sortOrder, user);
    return `${refText(ref)} ${descending ? 'down' : 'up'}`;
  };

  it.each([
    ['userName', undefined, 'userName up'],
    ['USERNAME', 'ascending', 'userName up'],
    ['name.familyName', 'Descending', 'name.familyName down'],
    ['emails', 'descending', 'emails.value down'],
    ['emails.type', undefined, 'emails.type up'],
    ['meta.lastModified', undefined, 'meta.lastModified up'],
    [`${ENTERPRISE_URN}:manager`, undefined, `${ENTERPRISE_URN}:manager.value up`],
    ['urn:ietf:params:scim:schemas:core:2.0:User:userName', undefined, 'userName up'],
  ])('by %s, %s is resolved to %s', (sortBy, sortOrder, expected) => {
    expect(sorted(sortBy, sortOrder)).toBe(expected);
  });

  it.each(['colour', 'name', 'meta', 'addresses', 'password', 'members', '__proto__', ''])(
    'by %j is refused',
    (sortBy) => {
      expect(() => sorted(sortBy)).toThrow(
        expect.objectContaining({
          status: 400,
          scimType: 'invalidPath',
          detail: expect.stringContaining(`sortBy: ${sortBy} is`),
        }),
      );
    },
  );
});
