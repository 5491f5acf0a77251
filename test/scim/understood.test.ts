/** A value is taken as it is meant, or refused: what nobody understands never counts as "none". */
import { describe, expect, it } from 'vitest';
import type { ScimError } from '../../src/scim/error.ts';
import { separateMemberOperations, separateMembers } from '../../src/scim/members.ts';
import { applyPatch } from '../../src/scim/patch.ts';
import { parsePatch } from '../../src/scim/patch-parser.ts';
import { parseResource } from '../../src/scim/resource.ts';
import { STANDARD_RESOURCE_TYPES } from '../../src/scim/resource-types.ts';

const { user: USER, group: GROUP } = STANDARD_RESOURCE_TYPES;
const E = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const U = USER.schema.id;
const G = GROUP.schema.id;

const BEFORE = {
  userName: 'ada',
  active: true,
  displayName: 'Ada',
  name: { givenName: 'Ada', familyName: 'Byron' },
  emails: [{ value: 'a@x', type: 'work' }],
  roles: [{ value: 'r' }],
  addresses: [{ locality: 'London' }],
  [E]: { department: 'Maths', manager: { value: 'm1', $ref: '../Users/m1' } },
};

/** What the PATCH changes of BEFORE. */
function changed(...Operations: readonly object[]): object {
  const after = applyPatch(BEFORE, parsePatch({ Operations }, USER), USER);
  const names = new Set([...Object.keys(BEFORE), ...Object.keys(after)]);
  const same = (name: string) =>
    JSON.stringify(after[name]) === JSON.stringify(BEFORE[name as 'name']);
  return Object.fromEntries(
    [...names].filter((name) => !same(name)).map((name) => [name, after[name]]),
  );
}

const memberChanges = (...Operations: readonly object[]) =>
  separateMemberOperations(parsePatch({ Operations }, GROUP)).changes;

function refusal(
  act: () => unknown,
): Pick<ScimError, 'status' | 'scimType' | 'detail'> | undefined {
  try {
    act();
  } catch (error) {
    return error as ScimError;
  }
  return undefined;
}

const INVALID_VALUE = { name: 'ScimError', status: 400, scimType: 'invalidValue' };

/** Values of `members` that name nobody, though they aren't empty. */
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

  it('are refused in words that say what a member is', () => {
    const details = ([[{ id: 'x' }], [{}], [{ value: null }]] as const).map(
      (value) => refusal(() => memberChanges({ op: 'replace', path: 'members', value }))?.detail,
    );
    expect(details).toEqual([
      'members has a value of which nothing is understood; its sub-attributes are value, $ref, type',
      'each member needs a value, the id of a user or group',
      'each member needs a value, the id of a user or group',
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
  [`${E}:manager`, { id: 'm2' }],
  [`${E}:manager`, [{ id: 'm2', $ref: null }]],
  [`${E}:manager`, '{"id":"m2"}'],
  [`${E}:manager`, '{"value":"m2"'],
];

describe('a value of which nothing is understood', () => {
  it.each(NOT_UNDERSTOOD)('of %s is 400 invalidValue in every write: %j', (path, value) => {
    for (const op of ['add', 'replace']) {
      expect(refusal(() => changed({ op, path, value }))).toMatchObject(INVALID_VALUE);
      expect(refusal(() => changed({ op, value: { [path]: value } }))).toMatchObject(INVALID_VALUE);
    }
    const [name, urn] = [path.split(':').at(-1) ?? '', path.includes(':')];
    const body = urn ? { [E]: { [name]: value } } : { [name]: value };
    const read = () => parseResource({ userName: 'ada', ...body }, USER);
    expect(refusal(read)).toMatchObject(INVALID_VALUE);
  });

  it.each([[{ name: 'x' }], [[{ name: 'x' }]], [[{}]], [{}], ['{"name":"x"}']])(
    'is 400 invalidValue as what is to be removed: %j',
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

  it.each([{ shoeSize: 7 }, { [E]: { shoeSize: 7 } }, [{ shoeSize: 7 }], '{"shoeSize":7}'])(
    'is 400 invalidValue for the path of an extension: %j',
    (value) => {
      for (const op of ['add', 'replace']) {
        expect(refusal(() => changed({ op, path: E, value }))).toMatchObject(INVALID_VALUE);
      }
    },
  );

  it('is named, with the sub-attributes that there are', () => {
    const operation = { op: 'replace', path: `${E}:manager`, value: { secret: 'hunter2' } };
    expect(refusal(() => changed(operation))?.detail).toBe(
      `${E}:manager has a value of which nothing is understood; its sub-attributes are value, $ref, displayName`,
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
    [`${E}:manager`, { displayName: 'read only' }, {}],
    [`${E}:manager`, { value: null, foo: null }, { [E]: { department: 'Maths' } }],
  ])('is not one that says "none", or is known in part: %s %j', (path, value, expected) => {
    expect(changed({ op: 'replace', path, value })).toEqual(expected);
  });
});

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

describe('a replace without value', () => {
  const paths = ['active', 'displayName', 'title', 'name', 'name.givenName', 'emails', 'password'];
  it.each([
    ...paths,
    'emails[type eq "work"]',
    'emails[type eq "work"].value',
    E,
    `${E}:manager`,
    U,
  ])('is 400 invalidValue: %s', (path) => {
    expect(refusal(() => changed({ op: 'Replace', path }))).toMatchObject(INVALID_VALUE);
    expect(refusal(() => changed({ op: 'add', path }))).toMatchObject(INVALID_VALUE);
  });

  it('is 400 invalidValue for members too, and with none at all', () => {
    for (const path of ['members', `${G}:members`, 'displayName', 'externalId', '']) {
      const operation = { op: 'replace', path };
      expect(refusal(() => memberChanges(operation))).toMatchObject(INVALID_VALUE);
    }
  });

  it('is none with the value null, which clears', () => {
    const cleared = ['displayName', 'name', 'emails', E].map((path) => ({
      op: 'replace',
      path,
      value: null,
    }));
    const after = { displayName: undefined, name: undefined, emails: undefined, [E]: undefined };
    expect(changed(...cleared)).toEqual(after);
  });
});

describe('the body of a PATCH', () => {
  it.each([
    { schemas: [U], active: false },
    { active: false },
    { Operation: [{ op: 'replace', path: 'active', value: false }] },
    { op: 'replace', path: 'active', value: false },
    { schemas: [U], op: 'remove', path: 'title' },
    { data: { Operations: [] } },
    { Operations: null, active: false },
    { Operations: [], active: false },
    { Operations: {} },
    { Operations: '[]' },
    { Operations: false },
  ])('that says something else than Operations is 400 invalidSyntax: %j', (body) => {
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

describe('schemas', () => {
  it.each([[[E]], [E], [[U, E]], [[E.toUpperCase()]], [[{ value: E }]]])(
    'may be added that the resource type has: %j',
    (value) => {
      expect(changed({ op: 'add', path: 'schemas', value })).toEqual({});
      expect(changed({ op: 'Add', path: 'Schemas', value })).toEqual({});
    },
  );

  it.each([
    ['add', ['urn:x']],
    ['add', [E, 'urn:x']],
    ['add', [G]],
    ['add', []],
    ['add', null],
    ['replace', [U]],
    ['replace', [U, E]],
    ['remove', [E]],
  ])('are not changed otherwise: %s %j', (op, value) => {
    const refused = refusal(() => changed({ op, path: 'schemas', value }));
    expect(refused).toMatchObject({ status: 400, scimType: 'mutability' });
  });
});

describe('brackets behind a single complex attribute', () => {
  const manager = (filter: string, more = '') => `${E}:manager[${filter}]${more}`;

  it.each<[string, object]>([
    [manager('value eq "m1"'), { [E]: { department: 'Maths' } }],
    ['manager[value eq "m1"]', { [E]: { department: 'Maths' } }],
    [manager('value eq "m1"', '.$ref'), { [E]: { department: 'Maths', manager: { value: 'm1' } } }],
    [manager('value eq "m2"'), {}],
    [manager('value eq "m2"', '.$ref'), {}],
    [manager('value eq "m1" and $ref co "/m2"'), {}],
    ['name[givenName eq "ADA"]', { name: undefined }],
    ['name[givenName eq "Eve"]', {}],
    ['name[givenName eq "Ada"].familyName', { name: { givenName: 'Ada' } }],
  ])('select it when it matches, to be removed: %s', (path, expected) => {
    expect(changed({ op: 'remove', path })).toEqual(expected);
  });

  it('select it to be changed, and are noTarget when they don’t match', () => {
    expect(
      changed(
        { op: 'replace', path: manager('value eq "m1"', '.value'), value: 'm2' },
        { op: 'add', path: 'name[givenName eq "Ada"]', value: { middleName: 'K' } },
      ),
    ).toEqual({
      [E]: { department: 'Maths', manager: { value: 'm2' } },
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
    'are 400 invalidPath behind a simple one: %s',
    (path) => {
      const refused = refusal(() => changed({ op: 'remove', path }));
      expect(refused).toMatchObject({ status: 400, scimType: 'invalidPath' });
    },
  );
});
