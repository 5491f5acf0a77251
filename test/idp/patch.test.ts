/** PATCH bodies that identity providers send. Each title names the client. */
import { describe, expect, it } from 'vitest';
import { settlingManager } from '../../src/scim/manager.ts';
import { applyPatch } from '../../src/scim/patch.ts';
import { STANDARD_RESOURCE_TYPES } from '../../src/scim/resource-types.ts';
import { parsePatch } from '../support/scim/parse-patch.ts';

const USER = STANDARD_RESOURCE_TYPES.user;
const GROUP = STANDARD_RESOURCE_TYPES.group;
const E = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const U = 'urn:ietf:params:scim:schemas:core:2.0:User';

const BASE = { userName: 'ada', active: true };
const WORK = { type: 'work', value: 'ada@work.example' };
const HOME = { type: 'home', value: 'ada@home.example' };

interface Case {
  readonly who: string;
  readonly before?: object;
  readonly operations: readonly object[];
  readonly after: object;
}

function patched(before: object, operations: readonly object[], type = USER): object {
  const current = { ...BASE, ...before };
  const parsed = parsePatch({ Operations: operations }, type);
  return applyPatch(current, parsed, type, settlingManager('https://scim.example/scim/v2'));
}

const ACTIVE: readonly Case[] = [
  {
    who: 'Entra ID: deactivates with the text "False"',
    operations: [{ op: 'Replace', path: 'active', value: 'False' }],
    after: { active: false },
  },
  {
    who: 'Entra ID: activates with the text "True"',
    before: { active: false },
    operations: [{ op: 'Replace', path: 'active', value: 'True' }],
    after: { active: true },
  },
  {
    who: 'Keycloak with the pelotech plugin: deactivates with the text "false"',
    operations: [{ op: 'replace', path: 'active', value: 'false' }],
    after: { active: false },
  },
  {
    who: 'little-auth: deactivates with a list of one value',
    operations: [{ op: 'replace', path: 'active', value: [false] }],
    after: { active: false },
  },
  {
    who: 'Okta: deactivates without a path',
    operations: [{ op: 'replace', value: { active: false } }],
    after: { active: false },
  },
  {
    who: 'authentik: also sends id, schemas and meta',
    operations: [
      { op: 'replace', value: { id: 'x', schemas: [U], meta: { version: 'y' }, title: 'Dr' } },
    ],
    after: { title: 'Dr' },
  },
];

const VALUES: readonly Case[] = [
  {
    who: 'Entra ID with its feature flag: uses dotted keys and URNs as keys',
    before: { name: { familyName: 'Lovelace' } },
    operations: [
      { op: 'replace', value: { 'name.givenName': 'Ada', [`${E}:employeeNumber`]: '7' } },
    ],
    after: { name: { familyName: 'Lovelace', givenName: 'Ada' }, [E]: { employeeNumber: '7' } },
  },
  {
    who: 'Entra ID with its feature flag: writes an extension as an object',
    before: { [E]: { department: 'Maths' } },
    operations: [{ op: 'add', value: { [E.toUpperCase()]: { Division: 'Engines' } } }],
    after: { [E]: { department: 'Maths', division: 'Engines' } },
  },
  {
    who: 'Entra ID: writes an attribute of the extension by its path',
    operations: [{ op: 'Add', path: `${E}:department`, value: 'Maths' }],
    after: { [E]: { department: 'Maths' } },
  },
  {
    who: 'Entra ID: removes the last attribute of the extension',
    before: { [E]: { department: 'Maths' } },
    operations: [{ op: 'Remove', path: `${E}:department` }],
    after: {},
  },
  {
    who: 'Entra ID: replaces an e-mail that does not exist',
    operations: [{ op: 'Replace', path: 'emails[type eq "work"].value', value: WORK.value }],
    after: { emails: [WORK] },
  },
  {
    who: 'Entra ID: adds an e-mail of another type',
    before: { emails: [WORK] },
    operations: [{ op: 'Add', path: 'emails[type eq "home"].value', value: HOME.value }],
    after: { emails: [WORK, HOME] },
  },
  {
    who: 'Entra ID: adds an e-mail that already exists',
    before: { emails: [WORK, HOME] },
    operations: [{ op: 'Add', path: 'emails[type eq "work"].value', value: 'new@work.example' }],
    after: { emails: [{ ...WORK, value: 'new@work.example' }, HOME] },
  },
  {
    who: 'Entra ID: writes the type in another case',
    before: { emails: [WORK] },
    operations: [{ op: 'Replace', path: 'Emails[Type EQ "WORK"].Value', value: 'n@w.example' }],
    after: { emails: [{ ...WORK, value: 'n@w.example' }] },
  },
  {
    who: 'Entra ID: creates phone numbers and the parts of an address',
    operations: [
      { op: 'Add', path: 'phoneNumbers[type eq "mobile"].value', value: '+44 1' },
      { op: 'Add', path: 'addresses[type eq "work"].streetAddress', value: '12 St James’s Sq' },
      { op: 'Add', path: 'addresses[type eq "work"].locality', value: 'London' },
    ],
    after: {
      phoneNumbers: [{ type: 'mobile', value: '+44 1' }],
      addresses: [{ type: 'work', streetAddress: '12 St James’s Sq', locality: 'London' }],
    },
  },
  {
    who: 'Microsoft’s validator: makes a second e-mail primary',
    before: { emails: [{ ...WORK, primary: true }] },
    operations: [
      { op: 'add', path: 'emails[type eq "home"].value', value: HOME.value },
      { op: 'add', path: 'emails[type eq "home"].display', value: 'At home' },
      { op: 'add', path: 'emails[type eq "home"].primary', value: true },
    ],
    after: {
      emails: [
        { ...WORK, primary: false },
        { ...HOME, display: 'At home', primary: true },
      ],
    },
  },
  {
    who: 'Entra ID: creates the primary role',
    operations: [{ op: 'Add', path: 'roles[primary eq "True"].value', value: 'admin' }],
    after: { roles: [{ primary: true, value: 'admin' }] },
  },
  {
    who: 'Entra ID: changes the primary role',
    before: { roles: [{ value: 'a' }, { value: 'b', primary: true }] },
    operations: [
      { op: 'Replace', path: 'roles[primary eq "True"].value', value: 'c' },
      { op: 'Replace', path: 'roles[primary eq "True"].display', value: 'C' },
    ],
    after: { roles: [{ value: 'a' }, { value: 'c', display: 'C', primary: true }] },
  },
  {
    who: 'Entra ID: adds a role whose value is JSON text, which is kept unchanged',
    operations: [{ op: 'Add', path: 'roles', value: [{ value: '{"id":"1", "displayName":"R"}' }] }],
    after: { roles: [{ value: '{"id":"1", "displayName":"R"}' }] },
  },
  {
    who: 'Entra ID: empties attributes with null',
    before: { title: 'Dr', nickName: 'A', emails: [WORK] },
    operations: [
      { op: 'Replace', path: 'title', value: null },
      { op: 'Add', path: 'nickName', value: null },
      { op: 'Replace', path: 'emails', value: null },
    ],
    after: {},
  },
  {
    who: 'Entra ID: empties an attribute with an empty text, which is kept',
    before: { title: 'Dr' },
    operations: [{ op: 'Replace', path: 'title', value: '' }],
    after: { title: '' },
  },
  {
    who: 'Entra ID: sends no operation',
    before: { title: 'Dr' },
    operations: [],
    after: { title: 'Dr' },
  },
  {
    who: 'SailPoint: replaces a part of the name',
    before: { name: { givenName: 'Ada', familyName: 'Byron' } },
    operations: [{ op: 'replace', path: 'name', value: { familyName: 'Lovelace' } }],
    after: { name: { givenName: 'Ada', familyName: 'Lovelace' } },
  },
  {
    who: 'Keycloak: sends the resource as text',
    operations: [{ op: 'replace', value: '{"title":"Dr","name":{"givenName":"Ada"}}' }],
    after: { title: 'Dr', name: { givenName: 'Ada' } },
  },
  {
    who: 'SCIM-SDK: sends the resource in a list',
    operations: [{ op: 'replace', value: [{ title: 'Dr', active: 'false' }] }],
    after: { title: 'Dr', active: false },
  },
  {
    who: 'spaces in a value of a filtered path are kept',
    operations: [{ op: 'add', path: 'addresses[type eq "work"].formatted', value: ' 1 A  St ' }],
    after: { addresses: [{ type: 'work', formatted: ' 1 A  St ' }] },
  },
];

const PREVIOUS = '01934567-89ab-7cde-8f01-23456789abcd';
const MANAGED = { [E]: { manager: { value: PREVIOUS } } };

const MANAGER: readonly Case[] = [
  {
    who: 'Entra ID: sets the manager by a bare id',
    operations: [{ op: 'Add', path: `${E}:manager`, value: 'm1' }],
    after: { [E]: { manager: { value: 'm1' } } },
  },
  {
    who: 'Entra ID: sets the manager by a list of one value, without the URN',
    operations: [
      {
        op: 'Add',
        path: 'manager',
        value: [{ $ref: `../Users/${PREVIOUS}`, value: PREVIOUS }],
      },
    ],
    after: MANAGED,
  },
  {
    who: 'SCIM-SDK: sets the manager by valueNode',
    operations: [{ op: 'replace', path: `${E}:manager`, value: [{ value: 'm1', $ref: null }] }],
    after: { [E]: { manager: { value: 'm1' } } },
  },
  {
    who: 'Microsoft’s Postman collection: sets the manager by an object with capitalised keys',
    operations: [{ op: 'replace', value: { [E]: { Manager: { Value: 'm1' } } } }],
    after: { [E]: { manager: { value: 'm1' } } },
  },
  {
    who: 'Entra ID: replaces the manager by a bare id, which removes the previous URL',
    before: MANAGED,
    operations: [{ op: 'Replace', path: `${E}:manager`, value: 'm2' }],
    after: { [E]: { manager: { value: 'm2' } } },
  },
  {
    who: 'Entra ID: replaces the manager with the URL of the previous one, which is not kept',
    before: MANAGED,
    operations: [
      { op: 'Add', path: 'manager', value: [{ $ref: `../Users/${PREVIOUS}`, value: 'm2' }] },
    ],
    after: { [E]: { manager: { value: 'm2' } } },
  },
  {
    who: 'only the manager’s value is replaced, which removes the previous URL',
    before: MANAGED,
    operations: [{ op: 'Replace', path: `${E}:manager.value`, value: 'm2' }],
    after: { [E]: { manager: { value: 'm2' } } },
  },
  ...[
    { op: 'Replace', path: `${E}:manager`, value: '' },
    { op: 'Replace', path: `${E}:manager`, value: null },
    { op: 'Replace', path: `${E}:manager`, value: { value: '' } },
    { op: 'Replace', path: `${E}:manager`, value: { Value: '' } },
    { op: 'Replace', path: `${E}:manager`, value: { value: null } },
    { op: 'Replace', path: `${E}:manager`, value: [] },
    { op: 'Replace', path: `${E}:manager.value`, value: '' },
    { op: 'Remove', path: `${E}:manager` },
    { op: 'Remove', path: `${E}:manager.value` },
    { op: 'Remove', path: 'manager', value: 'm1' },
    { op: 'replace', value: { [E]: { manager: null } } },
    { op: 'replace', value: { [`${E}:manager`]: '' } },
  ].map((operation) => ({
    who: `Entra ID: clears the manager by ${JSON.stringify(operation)}`,
    before: MANAGED,
    operations: [operation],
    after: {},
  })),
];

describe('a PATCH of an identity provider', () => {
  it.each([...ACTIVE, ...VALUES])('$who', ({ before = {}, operations, after }) => {
    const { active } = { ...BASE, ...after };
    expect(patched(before, operations)).toEqual({ ...BASE, active, ...after });
  });

  it.each(MANAGER)('$who', ({ before = {}, operations, after }) => {
    expect(patched(before, operations)).toEqual({ ...BASE, ...after });
  });

  it.each([
    ['Entra ID: an empty list', { Operations: [] }],
    [
      'ConnId: no Operations at all',
      { schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'] },
    ],
    ['null', { Operations: null }],
  ])('changes nothing if its Operations are missing or empty (%s)', (_, body) => {
    expect(parsePatch(body, USER)).toEqual([]);
  });

  it('may have ops and keys in any case (Entra ID)', () => {
    const body = { operations: [{ OP: 'ADD', Path: 'TITLE', Value: 'Dr' }] };
    expect(applyPatch(BASE, parsePatch(body, USER), USER)).toEqual({ ...BASE, title: 'Dr' });
  });

  it.each([
    ['without a path (Okta)', { op: 'replace', value: { id: 'x', displayName: 'new' } }],
    ['by path (Entra ID)', { op: 'Replace', path: 'displayName', value: 'new' }],
  ])('renames a group %s', (_, operation) => {
    const operations = parsePatch({ Operations: [operation] }, GROUP);
    expect(applyPatch({ displayName: 'old', externalId: 'e' }, operations, GROUP)).toEqual({
      displayName: 'new',
      externalId: 'e',
    });
  });

  it.each([
    ['an unknown path (ConnId)', { op: 'replace', path: '__ENABLE__', value: true }, 'invalidPath'],
    ['text that is not JSON (Keycloak)', { op: 'replace', value: '{"a":' }, 'invalidValue'],
    ['JSON text that is not an object (Keycloak)', { op: 'replace', value: '7' }, 'invalidValue'],
  ])('refuses %s', (_, operation, scimType) => {
    expect(() => parsePatch({ Operations: [operation] }, USER)).toThrow(
      expect.objectContaining({ status: 400, scimType }),
    );
  });
});
