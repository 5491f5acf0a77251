/** The meaning of a PATCH apart from its values: it never succeeds without doing what it says. */
import { describe, expect, it } from 'vitest';
import { parsePatch } from '../support/scim/parse-patch.ts';
import {
  BEFORE,
  changed,
  ENTERPRISE_URN,
  GROUP,
  GROUP_URN,
  INVALID_VALUE,
  memberChanges,
  refusal,
  USER,
  USER_URN,
} from '../support/scim/patched.ts';

describe('an add or replace without a value', () => {
  const paths = ['active', 'displayName', 'title', 'name', 'name.givenName', 'emails', 'password'];
  it.each([
    ...paths,
    'emails[type eq "work"]',
    'emails[type eq "work"].value',
    ENTERPRISE_URN,
    `${ENTERPRISE_URN}:manager`,
    USER_URN,
  ])('is 400 invalidValue: %s', (path) => {
    expect(refusal(() => changed({ op: 'Replace', path }))).toMatchObject(INVALID_VALUE);
    expect(refusal(() => changed({ op: 'add', path }))).toMatchObject(INVALID_VALUE);
  });

  it('is 400 invalidValue for a group, with or without a path', () => {
    for (const path of ['members', `${GROUP_URN}:members`, 'displayName', 'externalId', '']) {
      const operation = { op: 'replace', path };
      expect(refusal(() => memberChanges(operation))).toMatchObject(INVALID_VALUE);
    }
  });

  it('is not one with the value null, which clears the attribute', () => {
    const cleared = ['displayName', 'name', 'emails', ENTERPRISE_URN].map((path) => ({
      op: 'replace',
      path,
      value: null,
    }));
    const after = {
      displayName: undefined,
      name: undefined,
      emails: undefined,
      [ENTERPRISE_URN]: undefined,
    };
    expect(changed(...cleared)).toEqual(after);
  });
});

describe('a remove with a misspelled value', () => {
  it.each(['values', 'Val', 'members'])('is 400 and empties no group: %s', (key) => {
    const operation = { op: 'remove', path: 'members', [key]: [{ value: 'a' }] };
    const refused = refusal(() => memberChanges(operation));
    expect(refused).toMatchObject({ status: 400, scimType: 'invalidSyntax' });
    expect(refused?.detail).toContain(key);
  });

  it.each([
    { name: 'removeMember', op: 'remove', path: 'members' },
    { op: 'remove', path: 'members', from: null },
    { op: 'remove', path: 'members[value eq "a"]', display: 'Ada' },
  ])('is accepted if a value would make no difference: %j', (operation) => {
    expect(refusal(() => memberChanges(operation))).toBeUndefined();
  });

  it('is accepted for a single value', () => {
    const operation = { op: 'remove', path: 'displayName', display: 'Ada' };
    expect(changed(operation)).toEqual({ displayName: undefined });
  });
});

describe('an operation without the path that its value needs', () => {
  it.each([
    { value: 'u1' },
    [{ value: 'u1' }],
    [{ value: 'u1', type: 'User', $ref: null }],
    '[{"value":"u1"}]',
    { Value: 'u1', display: 'x' },
  ])('is 400 invalidValue: %j', (value) => {
    for (const op of ['add', 'replace']) {
      expect(refusal(() => memberChanges({ op, value }))).toMatchObject(INVALID_VALUE);
      expect(refusal(() => changed({ op, value }))).toMatchObject(INVALID_VALUE);
    }
  });

  it('is accepted if the value contains known attributes', () => {
    const value = { value: 'x', displayName: 'Lovelace' };
    expect(changed({ op: 'replace', value })).toEqual({ displayName: 'Lovelace' });
  });
});

describe('an operation without a path that gives one attribute two values', () => {
  it.each<[string, object]>([
    ['title', { Title: 'a', title: 'b' }],
    ['title', { title: 'a', [`${USER_URN}:title`]: 'b' }],
    ['title', { title: 'a', [USER_URN]: { title: 'b' } }],
    ['emails', { emails: [{ value: 'b@x' }], Emails: [{ value: 'c@x' }] }],
    ['emails.value', { 'emails[type eq "work"].value': 'b', "emails[type eq 'work'].value": 'c' }],
    ['name.givenName', { 'name.givenName': 'a', Name: { givenName: 'b' } }],
    [`${ENTERPRISE_URN}:department`, { department: 'a', [ENTERPRISE_URN]: { department: 'b' } }],
    [
      `${ENTERPRISE_URN}:manager.value`,
      { manager: 'a', [`${ENTERPRISE_URN}:manager`]: { value: 'b' } },
    ],
  ])('is 400 invalidValue: %s', (name, value) => {
    for (const op of ['add', 'replace']) {
      const refused = refusal(() => changed({ op, value }));
      expect(refused).toMatchObject(INVALID_VALUE);
      expect(refused?.detail).toContain(`${name} is given more than once`);
    }
  });

  it.each<[object, object]>([
    [
      { 'name.givenName': 'A', name: { familyName: 'B' } },
      { name: { givenName: 'A', familyName: 'B' } },
    ],
    [
      { 'emails[type eq "work"].value': 'b', 'emails[type eq "home"].value': 'b' },
      {
        emails: [
          { type: 'work', value: 'b' },
          { type: 'home', value: 'b' },
        ],
      },
    ],
    [
      { [ENTERPRISE_URN]: null, [`${ENTERPRISE_URN}:department`]: 'D' },
      { [ENTERPRISE_URN]: { department: 'D' } },
    ],
    [
      { [`${ENTERPRISE_URN}:department`]: 'D', [ENTERPRISE_URN]: {} },
      { [ENTERPRISE_URN]: { department: 'D' } },
    ],
    [
      { 'name.givenName': 'A', name: { givenName: null } },
      { name: { givenName: 'A', familyName: 'Byron' } },
    ],
    [{ 'name.givenName': 'A', name: null }, { name: { givenName: 'A' } }],
    [{ title: 'a', TITLE: null }, { title: 'a' }],
    [{ emails: [{ value: 'z@x' }], Emails: [] }, { emails: [{ value: 'z@x' }] }],
    [{ title: 'a', [`${USER_URN}:title`]: 'a', [USER_URN]: { title: 'a' } }, { title: 'a' }],
    [
      { name: { givenName: null }, 'name.givenName': 'A' },
      { name: { givenName: 'A', familyName: 'Byron' } },
    ],
  ])('is not one that gives it parts: %j', (value, expected) => {
    const after = changed({ op: 'replace', value });
    expect(after).toEqual(expected);
  });
});

describe('the body of a PATCH', () => {
  it.each([
    { schemas: [USER_URN], active: false },
    { active: false },
    { Operation: [{ op: 'replace', path: 'active', value: false }] },
    { op: 'replace', path: 'active', value: false },
    { schemas: [USER_URN], op: 'remove', path: 'title' },
    { data: { Operations: [] } },
    { Operations: null, active: false },
    { Operations: [], active: false },
    { Operations: {} },
    { Operations: '[]' },
    { Operations: false },
    { Operations: [], operations: [{ op: 'remove', path: 'title' }] },
  ])('with anything but Operations is 400 invalidSyntax: %j', (body) => {
    for (const type of [USER, GROUP]) {
      const refused = refusal(() => parsePatch(body, type));
      expect(refused).toMatchObject({ status: 400, scimType: 'invalidSyntax' });
      expect(refused?.detail).toContain('Operations');
    }
  });

  it.each([
    { schemas: ['x'] },
    { SCHEMAS: null },
    {},
    { operations: [] },
    { schemas: [], OPERATIONS: [] },
  ])('that asks for nothing succeeds: %j', (body) => {
    expect(parsePatch(body, USER)).toEqual([]);
  });
});

describe('an operation', () => {
  it.each([
    { op: 'replace', path: 'active', value: true, Value: false },
    { op: 'replace', Op: 'remove', path: 'title', value: 'x' },
    { op: 'remove', path: 'title', PATH: 'emails' },
  ])('with one key in two spellings is 400 invalidSyntax: %j', (operation) => {
    const refused = refusal(() => changed(operation));
    expect(refused).toMatchObject({ status: 400, scimType: 'invalidSyntax' });
  });
});

describe('schemas', () => {
  it.each([
    [[ENTERPRISE_URN]],
    [ENTERPRISE_URN],
    [[USER_URN, ENTERPRISE_URN]],
    [[ENTERPRISE_URN.toUpperCase()]],
    [[{ value: ENTERPRISE_URN }]],
  ])('of the resource type may be added: %j', (value) => {
    expect(changed({ op: 'add', path: 'schemas', value })).toEqual({});
    expect(changed({ op: 'Add', path: 'Schemas', value })).toEqual({});
  });

  it.each([
    ['add', ['urn:x']],
    ['add', [ENTERPRISE_URN, 'urn:x']],
    ['add', [GROUP_URN]],
    ['add', []],
    ['add', null],
    ['replace', [USER_URN]],
    ['replace', [USER_URN, ENTERPRISE_URN]],
    ['remove', [ENTERPRISE_URN]],
  ])('can’t be changed otherwise: %s %j', (op, value) => {
    const refused = refusal(() => changed({ op, path: 'schemas', value }));
    expect(refused).toMatchObject({ status: 400, scimType: 'mutability' });
  });
});

describe('brackets after a single complex attribute', () => {
  const manager = (filter: string, more = '') => `${ENTERPRISE_URN}:manager[${filter}]${more}`;

  it.each<[string, object]>([
    [manager('value eq "m1"'), { [ENTERPRISE_URN]: { department: 'Maths' } }],
    ['manager[value eq "m1"]', { [ENTERPRISE_URN]: { department: 'Maths' } }],
    [
      manager('value eq "m1"', '.$ref'),
      { [ENTERPRISE_URN]: { department: 'Maths', manager: { value: 'm1' } } },
    ],
    [manager('value eq "m2"'), {}],
    [manager('value eq "m2"', '.$ref'), {}],
    [manager('value eq "m1" and $ref ew "/m2"'), {}],
    ['name[givenName eq "ADA"]', { name: undefined }],
    ['name[givenName eq "Eve"]', {}],
    ['name[givenName eq "Ada"].familyName', { name: { givenName: 'Ada' } }],
  ])('select it for removal if it matches: %s', (path, expected) => {
    expect(changed({ op: 'remove', path })).toEqual(expected);
  });

  it('select it for a change, and are noTarget if it doesn’t match', () => {
    expect(
      changed(
        { op: 'replace', path: manager('value eq "m1"', '.value'), value: 'm2' },
        { op: 'add', path: 'name[givenName eq "Ada"]', value: { middleName: 'K' } },
      ),
    ).toEqual({
      [ENTERPRISE_URN]: { department: 'Maths', manager: { value: 'm2' } },
      name: { ...BEFORE.name, middleName: 'K' },
    });
    for (const [path, value] of [
      [manager('value eq "m9"'), 'm2'],
      [manager('value eq "m9"', '.value'), 'm2'],
      ['name[givenName eq "Eve"]', { familyName: 'x' }],
    ]) {
      for (const op of ['add', 'replace']) {
        const refused = refusal(() => changed({ op, path, value }));
        expect(refused).toMatchObject({ status: 400, scimType: 'noTarget' });
      }
    }
  });

  it.each(['title[value eq "x"]', 'name.givenName[value eq "x"]', 'active[value eq "true"]'])(
    'are not allowed after a simple one, which is 400 invalidPath: %s',
    (path) => {
      const refused = refusal(() => changed({ op: 'remove', path }));
      expect(refused).toMatchObject({ status: 400, scimType: 'invalidPath' });
    },
  );
});
