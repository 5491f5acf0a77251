/** Values in another form than the schema's are accepted as they are meant, or refused. */
import { describe, expect, it } from 'vitest';
import {
  BEFORE,
  changed,
  ENTERPRISE_URN,
  GROUP_URN,
  INVALID_VALUE,
  memberChanges,
  refusal,
  USER_URN,
} from '../support/scim/patched.ts';

describe('a value that repeats the name of its attribute', () => {
  it.each([
    { members: [{ value: 'u1' }] },
    { Members: { Value: 'u1' } },
    [{ members: ['u1'] }],
    { schemas: [GROUP_URN], id: 'g', members: [{ value: 'u1' }] },
    { [`${GROUP_URN}:members`]: [{ value: 'u1' }] },
    '{"members":[{"value":"u1"}]}',
    '[{"value":"u1"}]',
    '{"value":"u1"}',
    ['{"value":"u1"}'],
    'u1',
  ])('counts as the value itself, for members in all three operations: %j', (value) => {
    for (const op of ['add', 'replace', 'remove']) {
      const kind = { kind: op, values: ['u1'] };
      expect(memberChanges({ op, path: 'members', value })).toEqual([kind]);
      expect(memberChanges({ op, path: `${GROUP_URN}:members`, value })).toEqual([kind]);
    }
  });

  it('empties the group only if it replaces the members with an empty list', () => {
    const none = { op: 'replace', path: 'members', value: { members: [] } };
    expect(memberChanges(none)).toEqual([{ kind: 'replace', values: [] }]);
    expect(memberChanges({ ...none, op: 'remove' })).toEqual([]);
    expect(memberChanges({ ...none, op: 'add' })).toEqual([{ kind: 'add', values: [] }]);
  });

  it.each<[string, unknown, object]>([
    ['emails', { emails: [{ value: 'b@x' }] }, { emails: [{ value: 'b@x' }] }],
    ['emails', { Emails: { value: 'b@x' } }, { emails: [{ value: 'b@x' }] }],
    ['name', { name: { givenName: 'A' } }, { name: { givenName: 'A', familyName: 'Byron' } }],
    ['active', { active: 'False' }, { active: false }],
    ['displayName', { displayName: 'A' }, { displayName: 'A' }],
    [
      'name.givenName',
      { 'name.givenName': 'A' },
      { name: { givenName: 'A', familyName: 'Byron' } },
    ],
    ['name.givenName', { givenName: 'A' }, { name: { givenName: 'A', familyName: 'Byron' } }],
    [
      'manager',
      { manager: 'm2' },
      { [ENTERPRISE_URN]: { department: 'Maths', manager: { value: 'm2' } } },
    ],
    [
      ENTERPRISE_URN,
      { [ENTERPRISE_URN]: { department: 'D' } },
      { [ENTERPRISE_URN]: { ...BEFORE[ENTERPRISE_URN], department: 'D' } },
    ],
    [
      ENTERPRISE_URN,
      { [ENTERPRISE_URN.toUpperCase()]: { department: 'D' } },
      { [ENTERPRISE_URN]: { ...BEFORE[ENTERPRISE_URN], department: 'D' } },
    ],
    [
      ENTERPRISE_URN,
      { [`${ENTERPRISE_URN}:department`]: 'D' },
      { [ENTERPRISE_URN]: { ...BEFORE[ENTERPRISE_URN], department: 'D' } },
    ],
    [USER_URN, { [USER_URN]: { displayName: 'A' } }, { displayName: 'A' }],
  ])('counts as the value itself: %s %j', (path, value, expected) => {
    expect(changed({ op: 'replace', path, value })).toEqual(expected);
  });
});

describe('a single value', () => {
  const wrapped = (value: unknown) => [
    [value],
    { value },
    { Value: value, display: null },
    [{ value }],
    [{ $ref: null, value }],
    [{ $ref: '../Users/x', VALUE: value }],
  ];

  it.each<[string, unknown, object]>([
    ['active', 'False', { active: false }],
    ['active', false, { active: false }],
    ['displayName', 'x', { displayName: 'x' }],
    ['title', 'x', { title: 'x' }],
    ['name.givenName', 'x', { name: { givenName: 'x', familyName: 'Byron' } }],
    [
      `${ENTERPRISE_URN}:department`,
      'x',
      { [ENTERPRISE_URN]: { ...BEFORE[ENTERPRISE_URN], department: 'x' } },
    ],
    [
      `${ENTERPRISE_URN}:manager.value`,
      'm2',
      { [ENTERPRISE_URN]: { department: 'Maths', manager: { value: 'm2' } } },
    ],
    ['emails[type eq "work"].value', 'x', { emails: [{ value: 'x', type: 'work' }] }],
    [
      'emails[type eq "work"].primary',
      'True',
      { emails: [{ value: 'a@x', type: 'work', primary: true }] },
    ],
    ['displayName', null, { displayName: undefined }],
  ])('of %s may be wrapped in any way: %j', (path, value, expected) => {
    for (const op of ['Add', 'Replace']) {
      for (const sent of wrapped(value)) {
        expect(changed({ op, path, value: sent }), JSON.stringify(sent)).toEqual(expected);
        const pathless = { op, value: { [path]: sent } };
        expect(changed(pathless), JSON.stringify(pathless)).toEqual(expected);
      }
    }
  });

  it.each([
    ['active', [true, false]],
    ['active', [{ value: 'True' }, { value: 'False' }]],
    ['displayName', ['a', 'b']],
    ['displayName', [{ value: 'a' }, { value: 'b' }]],
    ['displayName', { value: 'a', display: 'b' }],
    ['displayName', { display: 'a' }],
    ['displayName', {}],
    ['displayName', [[]]],
    ['displayName', { value: { value: { value: 7 } } }],
    ['name.givenName', ['a', 'b']],
    [`${ENTERPRISE_URN}:manager`, [{ value: 'a' }, { value: 'b' }]],
    ['emails[type eq "work"].value', ['a', 'b']],
    ['emails[type eq "work"]', [{ value: 'a' }, { value: 'b' }]],
  ])('of %s is never picked from several or guessed: %j', (path, value) => {
    for (const op of ['add', 'replace']) {
      expect(refusal(() => changed({ op, path, value }))).toMatchObject(INVALID_VALUE);
    }
  });
});

describe('an empty string', () => {
  it.each<[string, object]>([
    ['name', { name: undefined }],
    ['emails', { emails: undefined }],
    ['roles', { roles: undefined }],
    ['addresses', { addresses: undefined }],
    ['phoneNumbers', {}],
    ['emails[type eq "work"]', { emails: undefined }],
    ['emails[type eq "work"].primary', {}],
    ['emails[type eq "work"].display', { emails: [{ ...BEFORE.emails[0], display: '' }] }],
    ['manager', { [ENTERPRISE_URN]: { department: 'Maths' } }],
    [`${ENTERPRISE_URN}:manager`, { [ENTERPRISE_URN]: { department: 'Maths' } }],
    ['displayName', { displayName: '' }],
  ])('clears what isn’t text, and is text elsewhere: %s', (path, expected) => {
    expect(changed({ op: 'replace', path, value: '' })).toEqual(expected);
    expect(changed({ op: 'replace', value: { [path]: '' } })).toEqual(expected);
  });

  it('clears primary, whatever it was', () => {
    const set = { op: 'replace', path: 'emails[type eq "work"].primary', value: true };
    expect(changed(set, { ...set, value: '' })).toEqual({});
    const whole = { op: 'replace', path: 'emails', value: [{ value: 'b@x', primary: '' }] };
    expect(changed(whole)).toEqual({ emails: [{ value: 'b@x' }] });
  });

  it('adds nothing to a list', () => {
    expect(changed({ op: 'add', path: 'emails', value: '' })).toEqual({});
  });

  it.each(['', ['']])('never empties a group, and names no member: %j', (value) => {
    for (const op of ['add', 'replace', 'remove']) {
      const refused = refusal(() => memberChanges({ op, path: 'members', value }));
      expect(refused).toMatchObject(INVALID_VALUE);
    }
  });

  it.each([[['']], [['', null]]])('is 400 invalidValue as the only element: %j', (value) => {
    const refused = refusal(() => changed({ op: 'replace', path: 'emails', value }));
    expect(refused).toMatchObject(INVALID_VALUE);
  });

  it('removes no element of a list', () => {
    expect(changed({ op: 'remove', path: 'emails', value: '' })).toEqual({});
  });
});

describe('JSON in a string', () => {
  it.each<[string, string, object]>([
    ['emails', '[{"value":"b@x"}]', { emails: [{ value: 'b@x' }] }],
    ['emails', ' {"value": "b@x"} ', { emails: [{ value: 'b@x' }] }],
    ['emails[value eq "a@x"]', '{"display":"A"}', { emails: [{ value: 'a@x', display: 'A' }] }],
    ['emails[type eq "work"]', '[{"value":"b@x"}]', { emails: [{ value: 'b@x', type: 'work' }] }],
    [
      `${ENTERPRISE_URN}:manager`,
      '{"value":"m2"}',
      { [ENTERPRISE_URN]: { department: 'Maths', manager: { value: 'm2' } } },
    ],
    [
      'manager',
      '[{"value":"m2"}]',
      { [ENTERPRISE_URN]: { department: 'Maths', manager: { value: 'm2' } } },
    ],
    ['name', '{"givenName":"A"}', { name: { givenName: 'A', familyName: 'Byron' } }],
    ['addresses', '{"locality":"Rome"}', { addresses: [{ locality: 'Rome' }] }],
    [
      ENTERPRISE_URN,
      '{"department":"D"}',
      { [ENTERPRISE_URN]: { ...BEFORE[ENTERPRISE_URN], department: 'D' } },
    ],
    ['roles', '[]', { roles: undefined }],
  ])('is read as the value of the complex attribute %s: %s', (path, value, expected) => {
    expect(changed({ op: 'replace', path, value })).toEqual(expected);
  });

  it.each<[string, unknown, object]>([
    ['displayName', '{x}', { displayName: '{x}' }],
    ['displayName', '{"a":1}', { displayName: '{"a":1}' }],
    ['displayName', '["a"]', { displayName: '["a"]' }],
    ['name.givenName', '{"a":1}', { name: { givenName: '{"a":1}', familyName: 'Byron' } }],
    ['roles', [{ value: '{"id":"1"}' }], { roles: [{ value: '{"id":"1"}' }] }],
    [
      'emails[type eq "work"].display',
      '[1]',
      { emails: [{ ...BEFORE.emails[0], display: '[1]' }] },
    ],
    ['roles', '{2819c223-7f76}', { roles: [{ value: '{2819c223-7f76}' }] }],
    [
      `${ENTERPRISE_URN}:manager`,
      '{2819c223-7f76}',
      { [ENTERPRISE_URN]: { department: 'Maths', manager: { value: '{2819c223-7f76}' } } },
    ],
  ])(
    'is kept as text where a string belongs, and so is text that only begins like JSON: %s %j',
    (path, value, expected) => {
      expect(changed({ op: 'replace', path, value })).toEqual(expected);
    },
  );

  it.each([
    '{"value":"x"',
    '[{"value":"x"}',
    '[',
    '{',
    '{"value":"x"}}',
    '{"name":"x"}',
    '[[1]]',
    '[7]',
  ])('is 400 invalidValue if it is broken or contains nothing known: %s', (value) => {
    for (const path of [
      'emails',
      'emails[type eq "work"]',
      `${ENTERPRISE_URN}:manager`,
      'name',
      'roles',
    ]) {
      const operation = { op: 'replace', path, value };
      expect(
        refusal(() => changed(operation)),
        path,
      ).toMatchObject(INVALID_VALUE);
    }
  });
});
