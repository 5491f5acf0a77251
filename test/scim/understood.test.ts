/**
 * A value is accepted as it is meant, or refused. A value that is not understood never counts as
 * "none".
 */
import { describe, expect, it } from 'vitest';
import { separateMembers } from '../../src/scim/members.ts';
import { parseResource } from '../../src/scim/resource.ts';
import {
  changed,
  ENTERPRISE_URN,
  GROUP,
  INVALID_VALUE,
  memberChanges,
  refusal,
  USER,
} from '../support/scim/patched.ts';

/** Values of `members` that name no member, although they aren't empty. */
const NO_MEMBERS = [
  [{ display: 'x' }],
  [{ id: 'u1' }],
  [{}],
  [null],
  [{ $ref: null }],
  [{ value: null }],
  [{ Type: 'User' }],
  { id: 'u1' },
  {},
  [{ value: 'u1' }, { id: 'u2' }],
  [{ value: 'u1' }, {}],
  [{ value: 'u1' }, { value: null }],
  [[]],
  [['u1', 'u2']],
  { members: [{ id: 'u1' }] },
  { members: [{ value: 'u1' }], displayName: 'x' },
  { groups: [{ value: 'u1' }] },
  '{"id":"u1"}',
  '[{"id":"u1"}]',
  '{"value":"u1"',
  '[{"value":',
  ['{"id":"u1"}'],
];

describe('members of which nothing is understood', () => {
  const operations = NO_MEMBERS.flatMap((value) => [
    ...['add', 'replace', 'remove'].map((op) => ({ op, path: 'members', value })),
    ...['add', 'replace'].map((op) => ({ op, value: { members: value } })),
  ]);
  it.each(operations)('are 400 invalidValue in a PATCH: %j', (operation) => {
    expect(refusal(() => memberChanges(operation))).toMatchObject(INVALID_VALUE);
  });

  it.each(NO_MEMBERS)('are 400 invalidValue in a POST and a PUT: %j', (members) => {
    const read = () => separateMembers(parseResource({ displayName: 'g', members }, GROUP));
    expect(refusal(read)).toMatchObject(INVALID_VALUE);
  });

  it('are refused with what a member must contain', () => {
    const details = ([[{ id: 'x' }], [{}], [{ value: null }]] as const).map(
      (value) => refusal(() => memberChanges({ op: 'replace', path: 'members', value }))?.detail,
    );
    expect(details).toEqual([
      'members contains no known sub-attribute; its sub-attributes are value, $ref, type',
      'each member must have a value, which is the id of a user or group',
      'each member must have a value, which is the id of a user or group',
    ]);
  });
});

/** Values of which nothing is understood, by path. */
const NOT_UNDERSTOOD: readonly (readonly [string, unknown])[] = [
  ...['roles', 'emails', 'phoneNumbers', 'addresses', 'ims', 'photos', 'x509Certificates'].flatMap(
    (path) =>
      [
        [{ name: 'x' }],
        { name: 'x' },
        [{}],
        {},
        [null],
        [{ name: null }],
        [{ value: null, name: 'x' }],
        [[]],
        '{"name":"x"}',
        '[{"name":"x"}]',
        '{"value":"x"',
      ].map((value) => [path, value] as const),
  ),
  ['roles', [{ value: 'known' }, { name: 'x' }]],
  ['addresses', [{ locality: 'Rome' }, { street: 'x' }]],
  ['name', { nick: 'x' }],
  ['name', [{ nick: 'x' }]],
  ['name', { nick: 'x', givenName: null }],
  ['name', '{"nick":"x"}'],
  ['name', '{"givenName":'],
  [`${ENTERPRISE_URN}:manager`, { id: 'm2' }],
  [`${ENTERPRISE_URN}:manager`, [{ id: 'm2', $ref: null }]],
  [`${ENTERPRISE_URN}:manager`, '{"id":"m2"}'],
  [`${ENTERPRISE_URN}:manager`, '{"value":"m2"'],
];

describe('a value of which nothing is understood', () => {
  it.each(NOT_UNDERSTOOD)('of %s is 400 invalidValue in every write: %j', (path, value) => {
    for (const op of ['add', 'replace']) {
      expect(refusal(() => changed({ op, path, value }))).toMatchObject(INVALID_VALUE);
      expect(refusal(() => changed({ op, value: { [path]: value } }))).toMatchObject(INVALID_VALUE);
    }
    const [name, urn] = [path.split(':').at(-1) ?? '', path.includes(':')];
    const body = urn ? { [ENTERPRISE_URN]: { [name]: value } } : { [name]: value };
    const read = () => parseResource({ userName: 'ada', ...body }, USER);
    expect(refusal(read)).toMatchObject(INVALID_VALUE);
  });

  it.each([[{ name: 'x' }], [[{ name: 'x' }]], [[{}]], [{}], ['{"name":"x"}']])(
    'is 400 invalidValue as the value of a remove: %j',
    (value) => {
      const remove = { op: 'remove', path: 'roles', value };
      expect(refusal(() => changed(remove))).toMatchObject(INVALID_VALUE);
    },
  );

  it.each([
    ['add', { shoeSize: 7 }],
    ['replace', { shoeSize: 7 }],
    ['replace', '{"shoeSize":7}'],
    ['replace', [{ value: 'b' }, { value: 'c' }]],
  ])('is 400 invalidValue for a selected element: %s %j', (op, value) => {
    for (const filter of ['type eq "work"', 'type eq "home"', 'value eq "a@x"']) {
      const operation = { op, path: `emails[${filter}]`, value };
      expect(refusal(() => changed(operation))).toMatchObject(INVALID_VALUE);
    }
  });

  it.each([
    { shoeSize: 7 },
    { [ENTERPRISE_URN]: { shoeSize: 7 } },
    [{ shoeSize: 7 }],
    '{"shoeSize":7}',
  ])('is 400 invalidValue for the path of an extension: %j', (value) => {
    for (const op of ['add', 'replace']) {
      expect(refusal(() => changed({ op, path: ENTERPRISE_URN, value }))).toMatchObject(
        INVALID_VALUE,
      );
    }
  });

  it('is refused with its name and the known sub-attributes', () => {
    const operation = {
      op: 'replace',
      path: `${ENTERPRISE_URN}:manager`,
      value: { secret: 'hunter2' },
    };
    expect(refusal(() => changed(operation))?.detail).toBe(
      `${ENTERPRISE_URN}:manager contains no known sub-attribute; its sub-attributes are value, $ref, displayName`,
    );
  });

  it.each<[string, unknown, object]>([
    ['roles', [], { roles: undefined }],
    ['roles', null, { roles: undefined }],
    ['roles', [{ value: null }], { roles: undefined }],
    ['roles', [{ value: 'a' }, {}, null], { roles: [{ value: 'a' }] }],
    ['roles', [{ value: 'a', unknown: 'x' }], { roles: [{ value: 'a' }] }],
    ['name', {}, { name: undefined }],
    ['name', [], { name: undefined }],
    ['name', { nick: 'x', givenName: 'A' }, { name: { givenName: 'A', familyName: 'Byron' } }],
    [`${ENTERPRISE_URN}:manager`, { displayName: 'read only' }, {}],
    [
      `${ENTERPRISE_URN}:manager`,
      { value: null, foo: null },
      { [ENTERPRISE_URN]: { department: 'Maths' } },
    ],
  ])('is not one that means "none" or is known in part: %s %j', (path, value, expected) => {
    expect(changed({ op: 'replace', path, value })).toEqual(expected);
  });
});
