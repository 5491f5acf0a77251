/** Bodies of POST and PUT: what is accepted, corrected, ignored and refused. */
import { describe, expect, it } from 'vitest';
import { parseResource } from '../../src/scim/resource.ts';
import { STANDARD_RESOURCE_TYPES } from '../../src/scim/resource-types.ts';
import { attribute } from '../../src/scim/schema.ts';

const { user: USER, group: GROUP } = STANDARD_RESOURCE_TYPES;
const ENTERPRISE_URN = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const USER_URN = 'urn:ietf:params:scim:schemas:core:2.0:User';

function parsed(body: object): object {
  const { userName: _, ...rest } = parseResource({ userName: 'ada', ...body }, USER);
  return rest;
}

describe('a body', () => {
  it.each<[string, object, object]>([
    [
      '[authentik] keeps blank names and drops an empty list',
      { name: { formatted: ' ', givenName: '', familyName: ' ' }, displayName: '', emails: [] },
      { name: { formatted: ' ', givenName: '', familyName: ' ' }, displayName: '' },
    ],
    [
      '[Keycloak] loses its id, and may contain an e-mail without a type',
      { id: 'mine', externalId: 'ext', emails: [{ primary: true, value: 'a@x' }] },
      { externalId: 'ext', emails: [{ primary: true, value: 'a@x' }] },
    ],
    [
      '[Okta] loses groups and the password',
      { groups: [], password: 'p', locale: 'en-US' },
      { locale: 'en-US' },
    ],
    [
      '[Entra] loses nulls, meta and empty roles',
      {
        schemas: [USER_URN, ENTERPRISE_URN],
        roles: [],
        meta: { resourceType: 'User' },
        title: null,
        name: { givenName: 'Ada', middleName: null },
        [ENTERPRISE_URN]: { department: null },
      },
      { name: { givenName: 'Ada' } },
    ],
    [
      'keeps only the last primary value primary',
      {
        emails: [
          { value: 'a', primary: true },
          { value: 'b', primary: 'True' },
          { value: 'c', primary: false },
        ],
      },
      {
        emails: [
          { value: 'a', primary: false },
          { value: 'b', primary: true },
          { value: 'c', primary: false },
        ],
      },
    ],
    [
      'keeps elements of the same type and value once, and primary',
      {
        emails: [
          { value: 'a@x', type: 'work', primary: true },
          { value: 'b@x' },
          { value: 'A@x', type: 'Work', primary: false, display: 'A' },
          { value: 'a@x', type: 'home' },
          { value: 'a@x' },
          { value: 'b@x', type: null },
        ],
      },
      {
        emails: [
          { value: 'A@x', type: 'Work', primary: true, display: 'A' },
          { value: 'b@x' },
          { value: 'a@x', type: 'home' },
          { value: 'a@x' },
        ],
      },
    ],
    [
      'keeps the same address once, and another one of its type',
      {
        addresses: [
          { type: 'work', locality: 'Kyiv' },
          { locality: 'Kyiv', type: 'work' },
          { type: 'work', locality: 'Oslo' },
        ],
      },
      {
        addresses: [
          { locality: 'Kyiv', type: 'work' },
          { type: 'work', locality: 'Oslo' },
        ],
      },
    ],
    [
      '[ConnId] may have qualified names as keys, with a dot or a colon',
      {
        [`${ENTERPRISE_URN}.department`]: 'D',
        [`${ENTERPRISE_URN.toUpperCase()}:division`]: 'V',
        [`${ENTERPRISE_URN}.manager.value`]: 'm',
        [`${USER_URN}:title`]: 'Dr',
        [`${USER_URN}.name.givenName`]: 'Ada',
        [`${USER_URN}.shoeSize`]: 4,
        'urn:example:2.0:User.title': 'x',
        [USER_URN]: { nickName: 'A' },
      },
      {
        [ENTERPRISE_URN]: { department: 'D', division: 'V', manager: { value: 'm' } },
        title: 'Dr',
        name: { givenName: 'Ada' },
        nickName: 'A',
      },
    ],
    [
      'merges a qualified name with the object of its schema',
      {
        [`${ENTERPRISE_URN}.department`]: 'D',
        [ENTERPRISE_URN]: { division: 'V', Manager: { value: 'm' } },
        [`${ENTERPRISE_URN}:manager.displayName`]: 'M',
      },
      { [ENTERPRISE_URN]: { department: 'D', division: 'V', manager: { value: 'm' } } },
    ],
    [
      'may have dotted keys; those of an extension without its URN are unknown',
      {
        'name.givenName': 'Ada',
        Name: { familyName: 'Byron' },
        'NAME.middleName': null,
        'emails.value': 'a@x',
        'emails.type': 'work',
        Department: 'D',
        organization: { name: 'O' },
        'manager.value': 'm',
        [`${ENTERPRISE_URN}:manager.value`]: 'n',
        [`${ENTERPRISE_URN}:division`]: 'V',
        'name.nick': 'x',
        'groups.value': 'g',
        'manager.displayName': 'M',
        'shoes.size': 4,
        'shoes[size eq 4]': 4,
        'department[x': 'D',
        '__proto__.isAdmin': true,
      },
      {
        name: { givenName: 'Ada', familyName: 'Byron' },
        emails: [{ value: 'a@x', type: 'work' }],
        [ENTERPRISE_URN]: { division: 'V', manager: { value: 'n' } },
      },
    ],
    [
      'may have an attribute in two forms with the same value',
      {
        'name.givenName': 'Ada',
        name: { givenName: 'Ada' },
        [`${ENTERPRISE_URN}:manager`]: { value: 'm' },
        [ENTERPRISE_URN]: { manager: { value: 'm' } },
        department: 'x',
      },
      { name: { givenName: 'Ada' }, [ENTERPRISE_URN]: { manager: { value: 'm' } } },
    ],
    [
      'may have such keys in the object of a schema',
      {
        [USER_URN]: {
          Title: 'Dr',
          'name.givenName': 'Ada',
          shoeSize: 4,
          [ENTERPRISE_URN]: { division: 'V' },
        },
        [`${ENTERPRISE_URN}:department`]: 'D',
      },
      {
        title: 'Dr',
        name: { givenName: 'Ada' },
        [ENTERPRISE_URN]: { division: 'V', department: 'D' },
      },
    ],
    [
      'may have such keys in the object of an extension',
      {
        [ENTERPRISE_URN]: {
          'manager.value': 'm',
          [`${ENTERPRISE_URN}:department`]: 'D',
          title: 'Dr',
          'name.givenName': 'Ada',
        },
      },
      { [ENTERPRISE_URN]: { department: 'D', manager: { value: 'm' } } },
    ],
    [
      '[OneLogin] may name unknown schemas',
      { schemas: ['urn:scim:x'], title: 'Dr' },
      { title: 'Dr' },
    ],
    [
      'may contain an extension that schemas doesn’t name',
      { schemas: [USER_URN], [ENTERPRISE_URN]: { division: 'D' } },
      { [ENTERPRISE_URN]: { division: 'D' } },
    ],
    [
      '[Entra Postman] may have keys in any case',
      {
        TITLE: 'Dr',
        Emails: [{ Value: 'a@x', Primary: true }],
        [ENTERPRISE_URN.toUpperCase()]: { Manager: { Value: 'm' } },
      },
      {
        title: 'Dr',
        emails: [{ value: 'a@x', primary: true }],
        [ENTERPRISE_URN]: { manager: { value: 'm' } },
      },
    ],
    [
      '[Entra Postman] loses unknown names',
      { shoeSize: 7, name: { nick: 'A', givenName: 'B' } },
      { name: { givenName: 'B' } },
    ],
    [
      '[Entra] may have booleans as strings',
      { active: 'False', roles: [{ value: 'r', primary: 'TRUE' }] },
      { active: false, roles: [{ value: 'r', primary: true }] },
    ],
    [
      '[Entra] may name the manager by a bare id',
      { [ENTERPRISE_URN]: { manager: 'm' } },
      { [ENTERPRISE_URN]: { manager: { value: 'm' } } },
    ],
    [
      '[Entra] may clear the manager with an empty string',
      { [ENTERPRISE_URN]: { manager: '', division: 'D' } },
      { [ENTERPRISE_URN]: { division: 'D' } },
    ],
    [
      '[Entra Postman] may clear the manager inside the object',
      { [ENTERPRISE_URN]: { Manager: { Value: '' } } },
      {},
    ],
    [
      '[Entra] may clear whatever isn’t text with an empty string',
      {
        name: '',
        emails: '',
        addresses: '',
        roles: ['r', ''],
        phoneNumbers: [{ value: '1', primary: '' }],
        title: '',
      },
      { roles: [{ value: 'r' }], phoneNumbers: [{ value: '1' }], title: '' },
    ],
    [
      '[Entra] keeps JSON in a string as it is',
      { roles: [{ value: '{"id": 1}' }] },
      { roles: [{ value: '{"id": 1}' }] },
    ],
    [
      'may have one value instead of a list',
      { emails: { value: 'a@x' }, roles: 'r' },
      { emails: [{ value: 'a@x' }], roles: [{ value: 'r' }] },
    ],
    [
      'may have a list instead of one value',
      { active: [false], title: ['Dr'], nickName: [] },
      { active: false, title: 'Dr' },
    ],
    ['[pelotech] may have an empty name', { name: {} }, {}],
    ['may have an empty name as a list', { name: [], [ENTERPRISE_URN]: [] }, {}],
    [
      'loses empty elements',
      { emails: [null, {}, { value: 'a@x' }] },
      { emails: [{ value: 'a@x' }] },
    ],
    [
      'keeps unusual types',
      { emails: [{ value: 'a', type: 'boat' }] },
      { emails: [{ value: 'a', type: 'boat' }] },
    ],
    [
      'keeps text as it was sent',
      { displayName: ' Ze\u0301 \n', nickName: 'ZÉ' },
      { displayName: ' Ze\u0301 \n', nickName: 'ZÉ' },
    ],
  ])('%s', (_, body, expected) => {
    expect(parsed(body)).toEqual(expected);
  });

  it('has no active if the client sends none', () => {
    expect(parseResource({ userName: 'ada' }, USER)).toEqual({ userName: 'ada' });
    expect(parseResource({ userName: 'ada', active: null }, USER)).toEqual({ userName: 'ada' });
  });

  it('never reaches a prototype', () => {
    const body = JSON.parse(
      '{"__proto__":{"a":1},"constructor":{"prototype":{"a":1}},"name":{"__proto__":{"a":1},"givenName":"A"}}',
    );
    const result = parsed(body);
    expect(result).toEqual({ name: { givenName: 'A' } });
    expect(Object.getPrototypeOf(result)).toBe(Object.prototype);
    expect({}).not.toHaveProperty('a');
  });
});

describe('a body is refused', () => {
  const ofType = (scimType: string, detail?: string) =>
    expect.objectContaining({ status: 400, scimType, ...(detail === undefined ? {} : { detail }) });

  it.each([[null], [[]], ['x'], [7], [undefined]])('when it is %j', (body) => {
    expect(() => parseResource(body, USER)).toThrow(ofType('invalidSyntax'));
  });

  it.each<[object, string]>([
    [{ userName: undefined }, 'userName is required'],
    [{ userName: null }, 'userName is required'],
    [{ userName: ' \t' }, 'userName is required'],
    [{ title: 7 }, 'title must be a string'],
    [{ title: { a: 1 } }, 'title must be a string'],
    [{ active: 'yes' }, 'active must be true or false'],
    [{ active: 1 }, 'active must be true or false'],
    [{ name: 'Ada' }, 'name must be an object'],
    [{ name: [{}, {}] }, 'name must be an object'],
    [{ emails: [{ value: 7 }] }, 'emails.value must be a string'],
    [{ emails: [7] }, 'emails must be an object'],
    [{ addresses: ['London'] }, 'addresses must be an object'],
    [{ [ENTERPRISE_URN]: 'x' }, `${ENTERPRISE_URN} must be an object`],
    [
      { [ENTERPRISE_URN]: { manager: { value: 7 } } },
      `${ENTERPRISE_URN}:manager.value must be a string`,
    ],
    [
      {
        [ENTERPRISE_URN]: {},
        [ENTERPRISE_URN.toLowerCase()]: { division: 'D' },
        [ENTERPRISE_URN.toUpperCase()]: { division: 'D' },
      },
      `${ENTERPRISE_URN} is given more than once`,
    ],
    [{ title: 'a', Title: 'b' }, 'title is given more than once'],
    [{ title: 'a\0' }, 'title contains a NUL character or an unpaired surrogate'],
    [
      { name: { givenName: '\ud800' } },
      'name.givenName contains a NUL character or an unpaired surrogate',
    ],
    [{ userName: 'é'.repeat(513) }, 'userName is longer than 1024 bytes'],
    [{ externalId: 'x'.repeat(1025) }, 'externalId is longer than 1024 bytes'],
    [{ emails: [{ value: 'x'.repeat(1025) }] }, 'emails.value is longer than 1024 bytes'],
    [{ title: '€'.repeat(21_846) }, 'title is longer than 65536 bytes'],
    [
      { [ENTERPRISE_URN]: { Department: 'a' }, [`${ENTERPRISE_URN}.department`]: 'b' },
      `${ENTERPRISE_URN}.department is given more than once`,
    ],
    [{ title: 'a', [`${USER_URN}:title`]: 'b' }, `${USER_URN}:title is given more than once`],
    [
      { [ENTERPRISE_URN]: { department: 'a' }, [`${ENTERPRISE_URN}:department`]: 'b' },
      `${ENTERPRISE_URN}:department is given more than once`,
    ],
    [{ active: '' }, 'active must be true or false'],
    [{ name: { givenName: 'a' }, 'name.givenName': 'b' }, 'name.givenName is given more than once'],
    [{ 'name.givenName': 'a', 'Name.GivenName': 'b' }, 'Name.GivenName is given more than once'],
    [{ title: 'a', [USER_URN]: { title: 'b' } }, 'title is given more than once'],
    [{ emails: [], 'emails.value': 7 }, 'emails.value must be a string'],
    [
      { 'emails[type eq "work"].value': 'a@x' },
      'emails is followed by [ ], which only the keys and paths of a PATCH may contain; send the whole value of emails under its name',
    ],
    [{ roles: Array(1001).fill('r') }, 'roles has more than 1000 values'],
  ])('with the name of the attribute (case %#)', (body, detail) => {
    expect(() => parsed(body)).toThrow(ofType('invalidValue', detail));
  });

  it('without revealing the value', () => {
    expect(() => parsed({ emails: [{ value: { secret: 'hunter2' } }] })).not.toThrow(/hunter2/);
  });

  it.each<object>([
    { userName: 'é'.repeat(512) },
    { title: '€'.repeat(21_845) },
    { roles: Array(1000).fill('r') },
  ])('only beyond the limits (case %#)', (body) => {
    expect(() => parsed(body)).not.toThrow();
  });

  it('if it is a group without a displayName', () => {
    expect(() => parseResource({ members: [] }, GROUP)).toThrow(
      ofType('invalidValue', 'displayName is required'),
    );
    expect(parseResource({ displayName: 'a/b' }, GROUP)).toEqual({ displayName: 'a/b' });
  });

  it('if it is a group with an empty string as its members', () => {
    for (const members of ['', ['']]) {
      expect(() => parseResource({ displayName: 'g', members }, GROUP)).toThrow(
        ofType('invalidValue'),
      );
    }
  });
});

describe('attributes of an extension', () => {
  const schema = {
    id: 'urn:example:2.0:Badge',
    name: 'Badge',
    description: 'A badge.',
    attributes: [
      attribute('number', 'Number.', { type: 'integer' }),
      attribute('height', 'Height.', { type: 'decimal' }),
      attribute('issued', 'When.', { type: 'dateTime' }),
    ],
  };
  const type = { ...USER, extensions: [{ schema, required: false }] };
  const parse = (badge: object) =>
    parseResource({ userName: 'ada', [schema.id]: badge }, type)[schema.id];

  it('keep numbers and times as they are', () => {
    const badge = { number: 7, height: 1.5, issued: '2026-01-31T12:00:00+01:00' };
    expect(parse(badge)).toEqual(badge);
  });

  it.each<[object, string]>([
    [{ number: 1.5 }, 'number must be a whole number'],
    [{ number: 2 ** 53 }, 'number must be a whole number'],
    [{ number: '7' }, 'number must be a whole number'],
    [{ height: Number.POSITIVE_INFINITY }, 'height must be a number'],
    [{ issued: 'yesterday' }, 'issued must be a date and time such as 2026-01-31T12:00:00Z'],
    [
      { issued: '2026-13-01T00:00:00Z' },
      'issued must be a date and time such as 2026-01-31T12:00:00Z',
    ],
  ])('refuse %j', (badge, detail) => {
    expect(() => parse(badge)).toThrow(`${schema.id}:${detail}`);
  });
});
