import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Condition } from '../../src/scim/condition.ts';
import { resolveElementFilter, resolveFilter } from '../../src/scim/condition-resolver.ts';
import type { Filter } from '../../src/scim/filter.ts';
import { parseFilter } from '../../src/scim/filter-parser.ts';
import type { JsonObject } from '../../src/scim/json.ts';
import { matches, order } from '../../src/scim/match.ts';
import { parseResource } from '../../src/scim/resource.ts';
import { STANDARD_RESOURCE_TYPES } from '../../src/scim/resource-types.ts';
import { attribute, findAttribute, type ResourceType } from '../../src/scim/schema.ts';
import { body, filters, ODDITIES } from '../support/scim/arbitrary-resources.ts';

const { user, group } = STANDARD_RESOURCE_TYPES;
const ENTERPRISE_URN = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const TYPE: ResourceType = {
  ...user,
  extensions: [...user.extensions, { schema: ODDITIES, required: false }],
};

const ANN: JsonObject = {
  schemas: [user.schema.id, ENTERPRISE_URN],
  id: '0190-A',
  externalId: 'Okta-1',
  userName: 'Ann@Example.com',
  name: { familyName: "O'Malley", givenName: 'Ann' },
  title: '',
  active: true,
  emails: [
    { value: 'ann@example.com', type: 'work', primary: true },
    { value: 'ann@home.example', type: 'home' },
  ],
  phoneNumbers: [{ type: 'mobile' }],
  groups: [{ value: 'g1', display: 'Admins', type: 'direct' }],
  meta: { created: '2026-01-01T00:00:00.000Z', resourceType: 'User' },
  [ENTERPRISE_URN]: { department: 'Tools', manager: { value: 'u2' } },
  [ODDITIES.id]: { count: 10, tags: ['red', 'Blue'] },
};

const satisfies = (text: string, resource: JsonObject = ANN, type: ResourceType = TYPE) =>
  matches(resolveFilter(parseFilter(text), type), resource);

describe('a resource', () => {
  it.each([
    'userName eq "ANN@example.COM"',
    'externalId eq "Okta-1"',
    'id eq "0190-A"',
    'name.familyName co "o\'m"',
    'userName sw "ann@"',
    'userName ew ".COM"',
    'emails eq "ann@home.example"',
    'emails.value co "home"',
    'emails.type eq "WORK"',
    'emails[type eq "work" and value ew "example.com"]',
    'emails[type eq "work"].value eq "ann@example.com"',
    'emails[not (primary eq true)]',
    'emails[primary eq null]',
    'emails[primary eq false and type eq "home"]',
    'emails.primary eq false',
    'emails.primary ne true',
    'ims.primary ne true',
    'phoneNumbers[primary ne true]',
    'emails ne "ann@example.com"',
    'name[familyName sw "O"]',
    'meta.created ge "2026-01-01T01:00:00+01:00"',
    'meta.created lt 2026-01-01T00:00:00.001Z',
    'manager eq "u2"',
    `${ENTERPRISE_URN}:department eq tools`,
    'groups eq "g1" and groups.display eq "admins"',
    `schemas eq "${ENTERPRISE_URN}"`,
    'active eq "True"',
    'active ne false',
    'count gt 9',
    'count eq "10"',
    'tags eq "blue"',
    'tags[value sw "b"]',
    'nickName eq null',
    'nickName ne "x"',
    'title eq ""',
    'title ne null',
    'not (title pr)',
    'not (nickName pr)',
    'phoneNumbers pr',
    'not (phoneNumbers.value pr)',
    'phoneNumbers.value ne "1"',
    'userName eq "x" or active eq true',
    'title pr and title pr or active eq true',
    '(userName eq "x" or active eq true) and not (userName eq "x")',
  ])('satisfies %s', (filter) => {
    expect(satisfies(filter)).toBe(true);
  });

  it.each([
    'userName eq "ann"',
    'externalId eq "okta-1"',
    'id eq "0190-a"',
    'nickName eq "x"',
    'nickName co ""',
    'nickName gt "a"',
    'nickName le "z"',
    'nickName ne null',
    'title eq null',
    'title pr',
    'active eq false',
    'emails[type eq "home" and value ew "example.com"]',
    'emails[type eq "other"].value pr',
    'addresses[not (type eq "work")]',
    'addresses.primary eq false',
    'phoneNumbers.primary ne false',
    'emails[primary ne false and type eq "home"]',
    'emails eq null',
    'ims ne null',
    'count gt 10',
    'count lt 9',
    'tags[value eq "red" and value eq "blue"]',
    'meta.created gt "2026-01-01T00:00:00Z"',
    'not (userName pr)',
    'title pr and (title pr or active eq true)',
  ])('does not satisfy %s', (filter) => {
    expect(satisfies(filter)).toBe(false);
  });

  it('is matched by its own attributes, never by its prototype', () => {
    const schema = {
      id: 'urn:example:2.0:Traps',
      name: 'Traps',
      description: '',
      attributes: [attribute('constructor', ''), attribute('__proto__', '')],
    };
    const type = { ...user, extensions: [{ schema, required: false }] };
    for (const name of ['constructor', '__proto__']) {
      expect(satisfies(`${name} pr`, { [schema.id]: {} }, type)).toBe(false);
      expect(satisfies(`${name} pr`, {}, type)).toBe(false);
    }
  });

  it('is not matched by values of another type than the attribute has', () => {
    expect(satisfies('userName ne "x"', { userName: 5 })).toBe(true);
    expect(satisfies('userName eq "5"', { userName: 5 })).toBe(false);
  });
});

describe('a group', () => {
  it.each<[string, boolean]>([
    ['id eq "g1" and members eq "u1"', true],
    ['members[value eq "u2" and type eq "Group"]', false],
    ['members.type eq "group"', true],
    ['displayName EQ "ADMINS"', true],
  ])('satisfies %s: %s', (filter, expected) => {
    const admins = {
      id: 'g1',
      displayName: 'Admins',
      members: [
        { value: 'u1', type: 'User' },
        { value: 'u2', type: 'User' },
        { value: 'g2', type: 'Group' },
      ],
    };
    expect(satisfies(filter, admins, group)).toBe(expected);
  });
});

describe('the laws of logic', () => {
  const resources = body(TYPE, 'userName').map((each) =>
    parseResource({ ...each, userName: 'Ann' }, TYPE),
  );
  const conditions = filters(TYPE, ['Ann', 'urn:x']).map((filter) => resolveFilter(filter, TYPE));
  const not = (term: Condition): Condition => ({ kind: 'not', term });
  const join = (kind: 'and' | 'or', ...terms: Condition[]): Condition => ({ kind, terms });

  it('hold for not, and, or', () => {
    fc.assert(
      fc.property(resources, conditions, conditions, conditions, (resource, a, b, c) => {
        const is = (condition: Condition) => matches(condition, resource);
        expect(is(not(a))).toBe(!is(a));
        expect(is(not(not(a)))).toBe(is(a));
        expect(is(not(join('and', a, b)))).toBe(is(join('or', not(a), not(b))));
        expect(is(not(join('or', a, b)))).toBe(is(join('and', not(a), not(b))));
        expect(is(join('and', a, join('or', b, c)))).toBe(
          is(join('or', join('and', a, b), join('and', a, c))),
        );
      }),
    );
  });

  it('hold for comparisons of single values, absent ones included', () => {
    const single = fc.constantFrom('title', 'userName', 'count', 'hired', 'name.givenName', 'code');
    const literal = fc.constantFrom('a', 'Ab', 'é', '10', '2026-01-01', '');
    fc.assert(
      fc.property(resources, single, literal, (resource, name, text) => {
        const value = name === 'count' ? 9 : name === 'hired' ? '2026-01-01' : text;
        const is = (operator: string) =>
          satisfies(`${name} ${operator} ${JSON.stringify(value)}`, resource);
        const absent = satisfies(`${name} eq null`, resource);
        expect(is('ne')).toBe(!is('eq'));
        expect(is('ge')).toBe(is('gt') || is('eq'));
        expect(is('le')).toBe(is('lt') || is('eq'));
        expect(is('gt') && is('le')).toBe(false);
        expect(is('gt') || is('le')).toBe(!absent);
        expect(satisfies(`${name} ne null`, resource)).toBe(!absent);
        if (satisfies(`${name} pr`, resource)) expect(absent).toBe(false);
      }),
    );
  });

  it('make a value path hold if one element satisfies all of it', () => {
    const emails = findAttribute(user.schema.attributes, 'emails');
    const inner = filters(TYPE, []).filter(isOnEmails);
    fc.assert(
      fc.property(resources, inner, (resource, filter) => {
        const held = Array.isArray(resource.emails) ? resource.emails : [];
        const where = emails && resolveElementFilter(filter.filter, emails);
        const expected = where !== undefined && held.some((each) => matches(where, each));
        expect(matches(resolveFilter(filter, TYPE), resource)).toBe(expected);
      }),
      { numRuns: 50 },
    );
  });
});

function isOnEmails(filter: Filter): filter is Extract<Filter, { kind: 'any' }> {
  return filter.kind === 'any' && filter.path.name === 'emails';
}

describe('the order of values', () => {
  it('is numeric for numbers and bytewise for text', () => {
    expect([10, 9, -1].toSorted(order)).toEqual([-1, 9, 10]);
    expect([false, true].toSorted((left, right) => order(right, left))).toEqual([true, false]);
    expect(['💼', '\uffee', 'b', 'a', 'ab'].toSorted(order)).toEqual([
      'a',
      'ab',
      'b',
      '\uffee',
      '💼',
    ]);
  });
});
