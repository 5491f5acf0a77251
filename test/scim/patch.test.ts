/** The operations of a PATCH (RFC 7644 §3.5.2): add, replace and remove. */
import { describe, expect, it } from 'vitest';
import { applyPatch } from '../../src/scim/patch.ts';
import { STANDARD_RESOURCE_TYPES } from '../../src/scim/resource-types.ts';
import { attribute, type ResourceType } from '../../src/scim/schema.ts';
import { parsePatch } from '../support/scim/parse-patch.ts';

const USER = STANDARD_RESOURCE_TYPES.user;
const ENTERPRISE_URN = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const BASE = { userName: 'ada' };

type Operation = { readonly [name: string]: unknown };

function patched(before: object, ...operations: readonly Operation[]): object {
  const { userName: _, ...rest } = patchedAs(USER, before, ...operations);
  return rest;
}

function patchedAs(type: ResourceType, before: object, ...operations: readonly Operation[]) {
  const parsed = parsePatch({ Operations: operations }, type);
  return applyPatch({ ...BASE, ...before }, parsed, type) as { [name: string]: unknown };
}

describe('add', () => {
  const emails = [{ value: 'a@x', type: 'work', primary: true }];
  const add = (value: unknown) => patched({ emails }, { op: 'add', path: 'emails', value });

  it('appends new elements, one or several', () => {
    expect(add({ value: 'b@x' })).toEqual({ emails: [...emails, { value: 'b@x' }] });
    expect(add([{ value: 'b@x' }, { value: 'c@x' }])).toEqual({
      emails: [...emails, { value: 'b@x' }, { value: 'c@x' }],
    });
  });

  it.each([
    ['the same element', emails],
    ['an element with only the same value', [{ value: 'a@x' }]],
    ['an empty list', []],
  ])('changes nothing for %s', (_, value) => {
    expect(add(value)).toEqual({ emails });
  });

  it('finds a value and its type in any case, and merges new sub-attributes', () => {
    expect(add([{ value: 'A@X', type: 'WORK', display: 'Ada' }])).toEqual({
      emails: [{ value: 'A@X', type: 'WORK', display: 'Ada', primary: true }],
    });
  });

  it('keeps the same value with another type as a separate element', () => {
    const both = [...emails, { value: 'a@x', type: 'home' }];
    expect(add([{ value: 'a@x', type: 'home' }])).toEqual({ emails: both });
  });

  it('adds the type to an element without one, once', () => {
    const value = [
      { value: 'b@x', type: 'work' },
      { value: 'b@x', type: 'home' },
    ];
    expect(patched({ emails: [{ value: 'b@x' }] }, { op: 'add', path: 'emails', value })).toEqual({
      emails: value,
    });
  });

  it('moves primary to the added element', () => {
    expect(add([{ value: 'b@x', primary: true }])).toEqual({
      emails: [
        { ...emails[0], primary: false },
        { value: 'b@x', primary: true },
      ],
    });
  });

  it('compares elements without a value as a whole, with keys in any order', () => {
    const addresses = [{ locality: 'London', country: 'GB' }];
    expect(
      patched(
        { addresses },
        { op: 'add', path: 'addresses', value: [{ country: 'GB', locality: 'London' }] },
        { op: 'add', path: 'addresses', value: [{ country: 'GB' }] },
      ),
    ).toEqual({ addresses: [...addresses, { country: 'GB' }] });
  });

  it('adds sub-attributes to a complex attribute', () => {
    const before = { name: { givenName: 'Ada' } };
    const add = { op: 'add', path: 'name', value: { familyName: 'Byron' } };
    expect(patched(before, add)).toEqual({ name: { givenName: 'Ada', familyName: 'Byron' } });
    expect(patched(before, { ...add, value: {} })).toEqual(before);
  });

  it('sets a sub-attribute of every element if there is no filter', () => {
    expect(
      patched(
        { emails: [{ value: 'a' }, { value: 'b' }] },
        { op: 'add', path: 'emails.type', value: 'work' },
      ),
    ).toEqual({
      emails: [
        { value: 'a', type: 'work' },
        { value: 'b', type: 'work' },
      ],
    });
  });
});

describe('replace', () => {
  const emails = [
    { value: 'a@x', type: 'work', display: 'A', primary: true },
    { value: 'b@x', type: 'home' },
  ];

  it('replaces the whole list', () => {
    const value = [{ value: 'c@x' }];
    expect(patched({ emails }, { op: 'replace', path: 'emails', value })).toEqual({
      emails: value,
    });
  });

  it('clears sub-attributes that are null, and keeps those that are not named', () => {
    const before = { name: { givenName: 'Ada', middleName: 'A', familyName: 'Byron' } };
    const value = { middleName: null, familyName: 'Lovelace' };
    const after = { name: { givenName: 'Ada', familyName: 'Lovelace' } };
    expect(patched(before, { op: 'replace', path: 'name', value })).toEqual(after);
    expect(patched(before, { op: 'replace', value: { name: value } })).toEqual(after);
    expect(
      patched({ name: { middleName: 'A' } }, { op: 'replace', value: { name: value } }),
    ).toEqual({ name: { familyName: 'Lovelace' } });
  });

  it.each([null, {}, [], ''])('removes a complex attribute for the value %j', (value) => {
    const name = { givenName: 'Ada' };
    expect(patched({ name }, { op: 'replace', path: 'name', value })).toEqual({});
  });

  it('replaces a selected element, and keeps what the filter says of it', () => {
    const path = 'emails[type eq "work"]';
    expect(patched({ emails }, { op: 'replace', path, value: { value: 'c@x' } })).toEqual({
      emails: [{ type: 'work', value: 'c@x' }, emails[1]],
    });
    expect(patched({ emails }, { op: 'add', path, value: { value: 'c@x' } })).toEqual({
      emails: [{ ...emails[0], value: 'c@x' }, emails[1]],
    });
    expect(patched({ emails }, { op: 'replace', path, value: null })).toEqual({
      emails: [emails[1]],
    });
  });

  it('keeps the spelling of the selected element, not that of the filter', () => {
    const path = 'emails[type eq "WORK" and display eq "a"]';
    expect(patched({ emails }, { op: 'replace', path, value: { value: 'n' } })).toEqual({
      emails: [{ type: 'work', display: 'A', value: 'n' }, emails[1]],
    });
    const named = { op: 'replace', path, value: { value: 'n', type: 'Work' } };
    expect(patched({ emails }, named)).toEqual({
      emails: [{ type: 'Work', display: 'A', value: 'n' }, emails[1]],
    });
  });

  it('creates the element that the terms of the filter describe', () => {
    const path = 'emails[type eq "other" and display eq "C"].value';
    expect(patched({}, { op: 'replace', path, value: 'c@x' })).toEqual({
      emails: [{ type: 'other', display: 'C', value: 'c@x' }],
    });
    const digits = { op: 'add', path: 'roles[value eq 42].display', value: 'the answer' };
    expect(patched({}, digits)).toEqual({ roles: [{ value: '42', display: 'the answer' }] });
  });

  it('leaves one element primary, however another becomes primary', () => {
    const expected = {
      emails: [
        { ...emails[0], primary: false },
        { ...emails[1], primary: true },
      ],
    };
    const path = 'emails[type eq "home"].primary';
    expect(patched({ emails }, { op: 'replace', path, value: true })).toEqual(expected);
    const whole = { op: 'add', path: 'emails[type eq "home"]', value: { primary: true } };
    expect(patched({ emails }, whole)).toEqual(expected);
    const made = { op: 'add', path: 'emails[type eq "other"]', value: { primary: true } };
    expect(patched({ emails }, made)).toEqual({
      emails: [expected.emails[0], emails[1], { type: 'other', primary: true }],
    });
  });
});

describe('remove', () => {
  const emails = [
    { value: 'a@x', type: 'work' },
    { value: 'b@x', type: 'home' },
  ];

  it.each<[string, Operation, readonly object[]]>([
    ['all elements', { path: 'emails' }, []],
    ['all elements for null', { path: 'emails', value: null }, []],
    ['the selected elements', { path: 'emails[type eq "work"]' }, [{ value: 'b@x', type: 'home' }]],
    ['nothing if no element matches', { path: 'emails[type eq "other"]' }, emails],
    [
      'the elements named by value',
      { path: 'emails', value: [{ value: 'A@x' }] },
      [emails[1] ?? {}],
    ],
    ['one element named by value', { path: 'emails', value: { value: 'b@x' } }, [emails[0] ?? {}]],
    [
      'no element whose type differs',
      { path: 'emails', value: [{ value: 'a@x', type: 'home' }] },
      emails,
    ],
    ['nothing for an empty list', { path: 'emails', value: [] }, emails],
    [
      'the selected elements, whatever the value',
      { path: 'emails[type eq "work"]', value: [1, 2] },
      [{ value: 'b@x', type: 'home' }],
    ],
    [
      'a sub-attribute of the selected element',
      { path: 'emails[type eq "home"].type' },
      [{ value: 'a@x', type: 'work' }, { value: 'b@x' }],
    ],
    [
      'a sub-attribute of all elements',
      { path: 'emails.type' },
      [{ value: 'a@x' }, { value: 'b@x' }],
    ],
  ])('removes %s', (_, operation, left) => {
    const after = patched({ emails }, { op: 'remove', ...operation });
    expect(after).toEqual(left.length === 0 ? {} : { emails: left });
  });

  const addresses = [
    { type: 'work', locality: 'Rome', primary: true },
    { type: 'home', locality: 'Kyiv', country: 'UA' },
    { type: 'work', locality: 'Kyiv' },
    { type: 'work', locality: 'Kyiv', country: 'UA' },
  ];
  it.each<[readonly object[], readonly number[]]>([
    [[{ type: 'home', locality: 'Kyiv', country: 'UA' }], [0, 2, 3]],
    [[{ locality: 'Kyiv', type: 'work' }], [0, 1, 3]],
    [[{ type: 'work', locality: 'Oslo' }], [0, 1, 2, 3]],
    [
      [{ type: 'work', locality: 'Rome', primary: true }, { type: 'other' }],
      [1, 2, 3],
    ],
  ])('removes the elements that are listed whole, and no others: %j', (value, left) => {
    const after = patched({ addresses }, { op: 'remove', path: 'addresses', value });
    expect(after).toEqual({ addresses: left.map((index) => addresses[index]) });
  });

  it.each([
    ['addresses', [{ type: 'WORK' }]],
    ['addresses', [{ type: 'work', locality: 'rome' }]],
    ['addresses', [{ type: 'home', locality: 'Kyiv', country: 'UA' }, { primary: 'True' }]],
    ['addresses', [{ type: 'work', street: 'X' }]],
    ['emails', [{ type: 'work' }, { value: 'b@x' }]],
    ['emails', [{ type: 'work', vaule: 'b@x' }]],
    ['emails', [{ type: 'work', value: null }]],
  ])('is refused for a part of an element of %s: %j', (path, value) => {
    expect(() => patched({ addresses, emails }, { op: 'remove', path, value })).toThrow(
      expect.objectContaining({ status: 400, scimType: 'invalidValue' }),
    );
  });

  it.each([
    [[{}]],
    [{}],
    [[{ type: null }]],
    [{ value: null }],
    [[{ shoe: 4 }]],
    ['{"type":null}'],
  ])('is refused for a value that names no element: %j', (value) => {
    const remove = { op: 'remove', path: 'emails', value };
    expect(() => patched({ emails }, remove)).toThrow(
      expect.objectContaining({ status: 400, scimType: 'invalidValue' }),
    );
  });

  it('removes single attributes and sub-attributes, and ignores a value', () => {
    const before = { title: 'Dr', name: { givenName: 'Ada' }, active: true };
    expect(
      patched(
        before,
        { op: 'remove', path: 'title', value: 7 },
        { op: 'remove', path: 'name.givenName' },
        { op: 'remove', path: 'active' },
      ),
    ).toEqual({});
  });

  it('leaves no empty element, however it was emptied', () => {
    const before = { emails: [{ display: 'A' }, { value: 'b@x' }] };
    const after = { emails: [{ value: 'b@x' }] };
    const path = 'emails[display eq "A"].display';
    expect(patched(before, { op: 'remove', path })).toEqual(after);
    expect(patched(before, { op: 'replace', path, value: null })).toEqual(after);
  });

  it('removes a whole extension', () => {
    const before = { [ENTERPRISE_URN]: { department: 'Maths', manager: { value: 'm' } } };
    expect(patched(before, { op: 'remove', path: ENTERPRISE_URN })).toEqual({});
    expect(patched(before, { op: 'replace', path: ENTERPRISE_URN, value: null })).toEqual({});
    expect(patched(before, { op: 'replace', value: { [ENTERPRISE_URN]: null } })).toEqual({});
    for (const value of [{}, [], [{}], '{}', { [ENTERPRISE_URN]: {} }]) {
      expect(patched(before, { op: 'replace', path: ENTERPRISE_URN, value })).toEqual({});
      expect(patched(before, { op: 'add', path: ENTERPRISE_URN, value })).toEqual(before);
    }
    expect(patched(before, { op: 'replace', value: { [ENTERPRISE_URN]: {} } })).toEqual({});
    expect(patched(before, { op: 'add', value: { [ENTERPRISE_URN]: {} } })).toEqual(before);
    expect(patched(before, { op: 'add', value: { [ENTERPRISE_URN]: null } })).toEqual(before);
  });
});

describe('paths', () => {
  it.each([
    'title',
    'TITLE',
    'urn:ietf:params:scim:schemas:core:2.0:User:title',
    'URN:ietf:params:scim:schemas:core:2.0:USER:Title',
    ' title ',
  ])('may name an attribute as %j', (path) => {
    expect(patched({}, { op: 'add', path, value: 'Dr' })).toEqual({ title: 'Dr' });
  });

  it.each(['', null, 'urn:ietf:params:scim:schemas:core:2.0:User'])(
    'may be the resource itself: %j',
    (path) => {
      expect(patched({}, { op: 'add', path, value: { title: 'Dr' } })).toEqual({ title: 'Dr' });
    },
  );

  it('of an extension take its attributes as the value', () => {
    const value = { department: 'Maths', 'manager.value': 'm', userName: 'eve' };
    expect(patched({}, { op: 'add', path: ENTERPRISE_URN, value })).toEqual({
      [ENTERPRISE_URN]: { department: 'Maths', manager: { value: 'm' } },
    });
  });

  it('as keys of a value may have a filter', () => {
    const value = { 'emails[type eq "work"].value': 'w@x', 'shoes[type eq "x"]': 'ignored' };
    expect(patched({}, { op: 'add', value })).toEqual({ emails: [{ type: 'work', value: 'w@x' }] });
  });

  it.each([
    "emails[type eq 'work'].value",
    'emails[type eq “work”].value',
    'emails[type eq ‘work’].value',
    'emails[type eq `work`].value',
    'emails[type eq work].value',
    'emails[type\u00a0eq\u00a0"work"].value',
  ])('select the same element with other quotes: %s', (path) => {
    const before = { emails: [{ type: 'work', value: 'old' }] };
    const after = { emails: [{ type: 'work', value: 'new' }] };
    expect(patched(before, { op: 'replace', path, value: 'new' })).toEqual(after);
    expect(patched(before, { op: 'replace', value: { [path]: 'new' } })).toEqual(after);
    expect(patched({}, { op: 'add', path, value: 'new' })).toEqual(after);
  });

  it('as keys of a value are ignored for attributes that clients can’t write', () => {
    const value = JSON.parse(
      `{"id":"x","meta":{},"groups":[{"value":"g"}],"schemas":[],"password":"p","shoeSize":4,
        "__proto__":{"title":"x"},"constructor":{"title":"x"},"${ENTERPRISE_URN}":{"manager":{"displayName":"M"}}}`,
    );
    expect(patched({}, { op: 'add', value })).toEqual({});
  });

  it('of the password are accepted and dropped', () => {
    expect(patched({}, { op: 'replace', path: 'password', value: 'p' })).toEqual({});
  });

  it('select the plain values of a list', () => {
    const schema = {
      ...USER.schema,
      attributes: [...USER.schema.attributes, attribute('tags', 'Tags.', { multiValued: true })],
    };
    const type = { ...USER, schema };
    const before = { tags: ['a', 'b'] };
    const tags = (...operations: readonly Operation[]) =>
      patchedAs(type, before, ...operations).tags;
    expect(tags({ op: 'add', path: 'tags', value: ['A', 'c'] })).toEqual(['A', 'b', 'c']);
    expect(tags({ op: 'add', path: 'tags', value: 'c' })).toEqual(['a', 'b', 'c']);
    expect(tags({ op: 'remove', path: 'tags', value: ['b'] })).toEqual(['a']);
    expect(tags({ op: 'remove', path: 'tags[value eq "a"]' })).toEqual(['b']);
    expect(tags({ op: 'replace', path: 'tags[value eq "a"]', value: 'z' })).toEqual(['z', 'b']);
  });
});
