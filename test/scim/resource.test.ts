/** Bodies of POST and PUT: what is taken, what is mended, what is ignored, what is refused. */
import { describe, expect, it } from 'vitest';
import { parseResource } from '../../src/scim/resource.ts';
import { STANDARD_RESOURCE_TYPES } from '../../src/scim/resource-types.ts';
import { attribute } from '../../src/scim/schema.ts';

const { user: USER, group: GROUP } = STANDARD_RESOURCE_TYPES;
const E = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const U = 'urn:ietf:params:scim:schemas:core:2.0:User';

function parsed(body: object): object {
  const { userName: _, ...rest } = parseResource({ userName: 'ada', ...body }, USER);
  return rest;
}

describe('a body', () => {
  it.each<[string, object, object]>([
    [
      '30 [authentik] keeps blank names and drops an empty list',
      { name: { formatted: ' ', givenName: '', familyName: ' ' }, displayName: '', emails: [] },
      { name: { formatted: ' ', givenName: '', familyName: ' ' }, displayName: '' },
    ],
    [
      '31 [Keycloak] loses its own id, and needs no type of an e-mail',
      { id: 'mine', externalId: 'ext', emails: [{ primary: true, value: 'a@x' }] },
      { externalId: 'ext', emails: [{ primary: true, value: 'a@x' }] },
    ],
    [
      '32 [Okta] loses groups and the password',
      { groups: [], password: 'p', locale: 'en-US' },
      { locale: 'en-US' },
    ],
    [
      '33 [Entra] loses nulls, meta and roles that are not there',
      {
        schemas: [U, E],
        roles: [],
        meta: { resourceType: 'User' },
        title: null,
        name: { givenName: 'Ada', middleName: null },
        [E]: { department: null },
      },
      { name: { givenName: 'Ada' } },
    ],
    [
      'of several primary values the last one is',
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
      'the same type and value are one, and stay primary',
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
      'the same address is one, another of its type is not',
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
      '[ConnId] qualified names are keys, with a dot or a colon',
      {
        [`${E}.department`]: 'D',
        [`${E.toUpperCase()}:division`]: 'V',
        [`${E}.manager.value`]: 'm',
        [`${U}:title`]: 'Dr',
        [`${U}.name.givenName`]: 'Ada',
        [`${U}.shoeSize`]: 4,
        'urn:example:2.0:User.title': 'x',
        [U]: { nickName: 'A' },
      },
      {
        [E]: { department: 'D', division: 'V', manager: { value: 'm' } },
        title: 'Dr',
        name: { givenName: 'Ada' },
        nickName: 'A',
      },
    ],
    [
      'a qualified name joins what its object says',
      {
        [`${E}.department`]: 'D',
        [E]: { division: 'V', Manager: { value: 'm' } },
        [`${E}:manager.displayName`]: 'M',
      },
      { [E]: { department: 'D', division: 'V', manager: { value: 'm' } } },
    ],
    [
      '34 [OneLogin] may name schemas nobody knows',
      { schemas: ['urn:scim:x'], title: 'Dr' },
      { title: 'Dr' },
    ],
    [
      'an extension need not be named in schemas',
      { schemas: [U], [E]: { division: 'D' } },
      { [E]: { division: 'D' } },
    ],
    [
      '70 [Entra Postman] may have keys in any case',
      {
        TITLE: 'Dr',
        Emails: [{ Value: 'a@x', Primary: true }],
        [E.toUpperCase()]: { Manager: { Value: 'm' } },
      },
      { title: 'Dr', emails: [{ value: 'a@x', primary: true }], [E]: { manager: { value: 'm' } } },
    ],
    [
      '70 [Entra Postman] loses what nobody knows',
      { shoeSize: 7, name: { nick: 'A', givenName: 'B' } },
      { name: { givenName: 'B' } },
    ],
    [
      '39 [Entra] may have booleans as text',
      { active: 'False', roles: [{ value: 'r', primary: 'TRUE' }] },
      { active: false, roles: [{ value: 'r', primary: true }] },
    ],
    [
      '45 [Entra] may name the manager by a bare id',
      { [E]: { manager: 'm' } },
      { [E]: { manager: { value: 'm' } } },
    ],
    [
      '46 [Entra] may clear the manager with empty text',
      { [E]: { manager: '', division: 'D' } },
      { [E]: { division: 'D' } },
    ],
    [
      '46 [Entra Postman] may clear the manager inside the object',
      { [E]: { Manager: { Value: '' } } },
      {},
    ],
    [
      '48 [Entra] keeps JSON in a text as it is',
      { roles: [{ value: '{"id": 1}' }] },
      { roles: [{ value: '{"id": 1}' }] },
    ],
    [
      '57 may have one value where a list belongs',
      { emails: { value: 'a@x' }, roles: 'r' },
      { emails: [{ value: 'a@x' }], roles: [{ value: 'r' }] },
    ],
    [
      '§9 may have a list where one value belongs',
      { active: [false], title: ['Dr'], nickName: [] },
      { active: false, title: 'Dr' },
    ],
    ['§9 [pelotech] may have an empty name, as a list too', { name: {} }, {}],
    ['may have an empty name as a list', { name: [], [E]: [] }, {}],
    [
      'loses empty elements',
      { emails: [null, {}, { value: 'a@x' }] },
      { emails: [{ value: 'a@x' }] },
    ],
    [
      'keeps types that nobody suggested',
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

  it('says nothing of active when the client doesn’t', () => {
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
    [{ [E]: 'x' }, `${E} must be an object`],
    [{ [E]: { manager: { value: 7 } } }, `${E}:manager.value must be a string`],
    [
      { [E]: {}, [E.toLowerCase()]: { division: 'D' }, [E.toUpperCase()]: { division: 'D' } },
      `${E} is given more than once`,
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
      { [E]: { Department: 'a' }, [`${E}.department`]: 'b' },
      `${E}.department is given more than once`,
    ],
    [{ title: 'a', [`${U}:title`]: 'b' }, `${U}:title is given more than once`],
    [{ roles: Array(1001).fill('r') }, 'roles has more than 1000 values'],
  ])('%#: with the attribute’s name', (body, detail) => {
    expect(() => parsed(body)).toThrow(ofType('invalidValue', detail));
  });

  it('never says what a value was', () => {
    expect(() => parsed({ emails: [{ value: { secret: 'hunter2' } }] })).not.toThrow(/hunter2/);
  });

  it.each<object>([
    { userName: 'é'.repeat(512) },
    { title: '€'.repeat(21_845) },
    { roles: Array(1000).fill('r') },
  ])('not for what the limits just allow: %#', (body) => {
    expect(() => parsed(body)).not.toThrow();
  });

  it('for a group without a name', () => {
    expect(() => parseResource({ members: [] }, GROUP)).toThrow(
      ofType('invalidValue', 'displayName is required'),
    );
    expect(parseResource({ displayName: 'a/b' }, GROUP)).toEqual({ displayName: 'a/b' });
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
