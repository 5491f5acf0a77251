/** Values in another form than the schema's are taken as they are meant, or refused. */
import { describe, expect, it } from 'vitest';
import {
  BEFORE,
  changed,
  E,
  G,
  INVALID_VALUE,
  memberChanges,
  refusal,
  U,
} from '../support/scim/patched.ts';

describe('a value that names its attribute once more', () => {
  it.each([
    { members: [{ value: 'u1' }] },
    { Members: { Value: 'u1' } },
    [{ members: ['u1'] }],
    { schemas: [G], id: 'g', members: [{ value: 'u1' }] },
    { [`${G}:members`]: [{ value: 'u1' }] },
    '{"members":[{"value":"u1"}]}',
    '[{"value":"u1"}]',
    '{"value":"u1"}',
    ['{"value":"u1"}'],
    'u1',
  ])('is the value itself, for members in all three operations: %j', (value) => {
    for (const op of ['add', 'replace', 'remove']) {
      const kind = { kind: op, values: ['u1'] };
      expect(memberChanges({ op, path: 'members', value })).toEqual([kind]);
      expect(memberChanges({ op, path: `${G}:members`, value })).toEqual([kind]);
    }
  });

  it('empties the group when it says so', () => {
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
    ['manager', { manager: 'm2' }, { [E]: { department: 'Maths', manager: { value: 'm2' } } }],
    [E, { [E]: { department: 'D' } }, { [E]: { ...BEFORE[E], department: 'D' } }],
    [E, { [E.toUpperCase()]: { department: 'D' } }, { [E]: { ...BEFORE[E], department: 'D' } }],
    [E, { [`${E}:department`]: 'D' }, { [E]: { ...BEFORE[E], department: 'D' } }],
    [U, { [U]: { displayName: 'A' } }, { displayName: 'A' }],
  ])('is the value itself: %s %j', (path, value, expected) => {
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
    [`${E}:department`, 'x', { [E]: { ...BEFORE[E], department: 'x' } }],
    [`${E}:manager.value`, 'm2', { [E]: { department: 'Maths', manager: { value: 'm2' } } }],
    ['emails[type eq "work"].value', 'x', { emails: [{ value: 'x', type: 'work' }] }],
    [
      'emails[type eq "work"].primary',
      'True',
      { emails: [{ value: 'a@x', type: 'work', primary: true }] },
    ],
    ['displayName', null, { displayName: undefined }],
  ])('of %s is set by any wrapping of %j', (path, value, expected) => {
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
    [`${E}:manager`, [{ value: 'a' }, { value: 'b' }]],
    ['emails[type eq "work"].value', ['a', 'b']],
    ['emails[type eq "work"]', [{ value: 'a' }, { value: 'b' }]],
  ])('of %s is not picked from several, nor guessed: %j', (path, value) => {
    for (const op of ['add', 'replace']) {
      expect(refusal(() => changed({ op, path, value }))).toMatchObject(INVALID_VALUE);
    }
  });
});

describe('JSON within a text', () => {
  it.each<[string, string, object]>([
    ['emails', '[{"value":"b@x"}]', { emails: [{ value: 'b@x' }] }],
    ['emails', ' {"value": "b@x"} ', { emails: [{ value: 'b@x' }] }],
    ['emails[value eq "a@x"]', '{"display":"A"}', { emails: [{ value: 'a@x', display: 'A' }] }],
    ['emails[type eq "work"]', '[{"value":"b@x"}]', { emails: [{ value: 'b@x', type: 'work' }] }],
    [`${E}:manager`, '{"value":"m2"}', { [E]: { department: 'Maths', manager: { value: 'm2' } } }],
    ['manager', '[{"value":"m2"}]', { [E]: { department: 'Maths', manager: { value: 'm2' } } }],
    ['name', '{"givenName":"A"}', { name: { givenName: 'A', familyName: 'Byron' } }],
    ['addresses', '{"locality":"Rome"}', { addresses: [{ locality: 'Rome' }] }],
    [E, '{"department":"D"}', { [E]: { ...BEFORE[E], department: 'D' } }],
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
      `${E}:manager`,
      '{2819c223-7f76}',
      { [E]: { department: 'Maths', manager: { value: '{2819c223-7f76}' } } },
    ],
  ])(
    'stays text where text belongs, and what only begins like it, too: %s %j',
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
  ])('is 400 invalidValue where it is none or says nothing: %s', (value) => {
    for (const path of ['emails', 'emails[type eq "work"]', `${E}:manager`, 'name', 'roles']) {
      const operation = { op: 'replace', path, value };
      expect(
        refusal(() => changed(operation)),
        path,
      ).toMatchObject(INVALID_VALUE);
    }
  });
});
