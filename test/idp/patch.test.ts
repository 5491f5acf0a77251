/** PATCH bodies that identity providers send (idp-behaviours §7 and §9), each named by who sends it. */
import { describe, expect, it } from 'vitest';
import { applyPatch } from '../../src/scim/patch.ts';
import { parsePatch } from '../../src/scim/patch-parser.ts';
import { STANDARD_RESOURCE_TYPES } from '../../src/scim/resource-types.ts';

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
  return applyPatch(current, parsePatch({ Operations: operations }, type), type);
}

const ACTIVE: readonly Case[] = [
  {
    who: '39 [Entra] switches off by the text "False"',
    operations: [{ op: 'Replace', path: 'active', value: 'False' }],
    after: { active: false },
  },
  {
    who: '39 [Entra] switches on by the text "True"',
    before: { active: false },
    operations: [{ op: 'Replace', path: 'active', value: 'True' }],
    after: { active: true },
  },
  {
    who: '39 [pelotech] switches off by the text "false"',
    operations: [{ op: 'replace', path: 'active', value: 'false' }],
    after: { active: false },
  },
  {
    who: '§9 [little-auth] switches off by a list of one',
    operations: [{ op: 'replace', path: 'active', value: [false] }],
    after: { active: false },
  },
  {
    who: '40 [Okta] switches off without a path',
    operations: [{ op: 'replace', value: { active: false } }],
    after: { active: false },
  },
  {
    who: '55 [authentik] sends id, schemas and meta along',
    operations: [
      { op: 'replace', value: { id: 'x', schemas: [U], meta: { version: 'y' }, title: 'Dr' } },
    ],
    after: { title: 'Dr' },
  },
];

const VALUES: readonly Case[] = [
  {
    who: '41 [Entra flag] writes dotted and URN keys',
    before: { name: { familyName: 'Lovelace' } },
    operations: [
      { op: 'replace', value: { 'name.givenName': 'Ada', [`${E}:employeeNumber`]: '7' } },
    ],
    after: { name: { familyName: 'Lovelace', givenName: 'Ada' }, [E]: { employeeNumber: '7' } },
  },
  {
    who: '41 [Entra flag] writes an extension as an object',
    before: { [E]: { department: 'Maths' } },
    operations: [{ op: 'add', value: { [E.toUpperCase()]: { Division: 'Engines' } } }],
    after: { [E]: { department: 'Maths', division: 'Engines' } },
  },
  {
    who: '§3 [Entra] writes an attribute of the extension by its path',
    operations: [{ op: 'Add', path: `${E}:department`, value: 'Maths' }],
    after: { [E]: { department: 'Maths' } },
  },
  {
    who: '§3 [Entra] takes the last attribute of the extension away',
    before: { [E]: { department: 'Maths' } },
    operations: [{ op: 'Remove', path: `${E}:department` }],
    after: {},
  },
  {
    who: '42 [Entra] replaces an e-mail that is not there',
    operations: [{ op: 'Replace', path: 'emails[type eq "work"].value', value: WORK.value }],
    after: { emails: [WORK] },
  },
  {
    who: '42 [Entra] adds an e-mail of another type',
    before: { emails: [WORK] },
    operations: [{ op: 'Add', path: 'emails[type eq "home"].value', value: HOME.value }],
    after: { emails: [WORK, HOME] },
  },
  {
    who: '43 [Entra] adds an e-mail that is there',
    before: { emails: [WORK, HOME] },
    operations: [{ op: 'Add', path: 'emails[type eq "work"].value', value: 'new@work.example' }],
    after: { emails: [{ ...WORK, value: 'new@work.example' }, HOME] },
  },
  {
    who: '43 [Entra] names the type in another case',
    before: { emails: [WORK] },
    operations: [{ op: 'Replace', path: 'Emails[Type EQ "WORK"].Value', value: 'n@w.example' }],
    after: { emails: [{ ...WORK, value: 'n@w.example' }] },
  },
  {
    who: '44 [Entra] makes phone numbers and the parts of an address',
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
    who: '44 [Microsoft’s validator] makes a second e-mail primary',
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
    who: '47 [Entra] makes the primary role',
    operations: [{ op: 'Add', path: 'roles[primary eq "True"].value', value: 'admin' }],
    after: { roles: [{ primary: true, value: 'admin' }] },
  },
  {
    who: '47 [Entra] changes the primary role',
    before: { roles: [{ value: 'a' }, { value: 'b', primary: true }] },
    operations: [
      { op: 'Replace', path: 'roles[primary eq "True"].value', value: 'c' },
      { op: 'Replace', path: 'roles[primary eq "True"].display', value: 'C' },
    ],
    after: { roles: [{ value: 'a' }, { value: 'c', display: 'C', primary: true }] },
  },
  {
    who: '48 [Entra] adds a role that is JSON in a text, verbatim',
    operations: [{ op: 'Add', path: 'roles', value: [{ value: '{"id":"1", "displayName":"R"}' }] }],
    after: { roles: [{ value: '{"id":"1", "displayName":"R"}' }] },
  },
  {
    who: '49 [Entra] empties attributes with null',
    before: { title: 'Dr', nickName: 'A', emails: [WORK] },
    operations: [
      { op: 'Replace', path: 'title', value: null },
      { op: 'Add', path: 'nickName', value: null },
      { op: 'Replace', path: 'emails', value: null },
    ],
    after: {},
  },
  {
    who: '49 [Entra] empties an attribute with empty text, which is kept',
    before: { title: 'Dr' },
    operations: [{ op: 'Replace', path: 'title', value: '' }],
    after: { title: '' },
  },
  {
    who: '50 [Entra] sends no operation',
    before: { title: 'Dr' },
    operations: [],
    after: { title: 'Dr' },
  },
  {
    who: '51 [SailPoint] replaces a part of the name',
    before: { name: { givenName: 'Ada', familyName: 'Byron' } },
    operations: [{ op: 'replace', path: 'name', value: { familyName: 'Lovelace' } }],
    after: { name: { givenName: 'Ada', familyName: 'Lovelace' } },
  },
  {
    who: '69 [Keycloak] sends the resource as text',
    operations: [{ op: 'replace', value: '{"title":"Dr","name":{"givenName":"Ada"}}' }],
    after: { title: 'Dr', name: { givenName: 'Ada' } },
  },
  {
    who: '§9 [SCIM-SDK] sends the resource in a list',
    operations: [{ op: 'replace', value: [{ title: 'Dr', active: 'false' }] }],
    after: { title: 'Dr', active: false },
  },
  {
    who: 'rule 7: spaces in a value behind a filter stay',
    operations: [{ op: 'add', path: 'addresses[type eq "work"].formatted', value: ' 1 A  St ' }],
    after: { addresses: [{ type: 'work', formatted: ' 1 A  St ' }] },
  },
];

const MANAGED = { [E]: { manager: { value: 'm1', $ref: '../Users/m1' } } };

const MANAGER: readonly Case[] = [
  {
    who: '45 [Entra] is set by a bare id',
    operations: [{ op: 'Add', path: `${E}:manager`, value: 'm1' }],
    after: { [E]: { manager: { value: 'm1' } } },
  },
  {
    who: '46 [Entra] is set by a list of one, without the URN',
    operations: [{ op: 'Add', path: 'manager', value: [{ $ref: '../Users/m1', value: 'm1' }] }],
    after: MANAGED,
  },
  {
    who: '46 [SCIM-SDK] is set by valueNode',
    operations: [{ op: 'replace', path: `${E}:manager`, value: [{ value: 'm1', $ref: null }] }],
    after: { [E]: { manager: { value: 'm1' } } },
  },
  {
    who: '46 [Entra Postman] is set by an object with capitals',
    operations: [{ op: 'replace', value: { [E]: { Manager: { Value: 'm1' } } } }],
    after: { [E]: { manager: { value: 'm1' } } },
  },
  {
    who: '45 [Entra] is replaced by a bare id, and the old one’s URL goes',
    before: MANAGED,
    operations: [{ op: 'Replace', path: `${E}:manager`, value: 'm2' }],
    after: { [E]: { manager: { value: 'm2' } } },
  },
  {
    who: '46 [Entra] is replaced with a URL, which stays even when it is the old one’s',
    before: MANAGED,
    operations: [{ op: 'Add', path: 'manager', value: [{ $ref: '../Users/m1', value: 'm2' }] }],
    after: { [E]: { manager: { value: 'm2', $ref: '../Users/m1' } } },
  },
  {
    who: '46 is replaced in its value alone, and the old one’s URL goes',
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
    who: `46 [Entra] is cleared by ${JSON.stringify(operation)}`,
    before: MANAGED,
    operations: [operation],
    after: {},
  })),
];

describe('a PATCH as identity providers send it', () => {
  it.each([...ACTIVE, ...VALUES])('$who', ({ before = {}, operations, after }) => {
    const { active } = { ...BASE, ...after };
    expect(patched(before, operations)).toEqual({ ...BASE, active, ...after });
  });

  it.each(MANAGER)('the manager: $who', ({ before = {}, operations, after }) => {
    expect(patched(before, operations)).toEqual({ ...BASE, ...after });
  });

  it.each([
    ['50 [Entra] with an empty list', { Operations: [] }],
    ['§9 [ConnId] left away', { schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'] }],
    ['null', { Operations: null }],
  ])('takes Operations %s as nothing to do', (_, body) => {
    expect(parsePatch(body, USER)).toEqual([]);
  });

  it('§3 [Entra] writes ops and keys in any case', () => {
    const body = { operations: [{ OP: 'ADD', Path: 'TITLE', Value: 'Dr' }] };
    expect(applyPatch(BASE, parsePatch(body, USER), USER)).toEqual({ ...BASE, title: 'Dr' });
  });

  it.each([
    ['55 [Okta] without a path', { op: 'replace', value: { id: 'x', displayName: 'new' } }],
    ['56 [Entra] by path', { op: 'Replace', path: 'displayName', value: 'new' }],
  ])('renames a group %s', (_, operation) => {
    const operations = parsePatch({ Operations: [operation] }, GROUP);
    expect(applyPatch({ displayName: 'old', externalId: 'e' }, operations, GROUP)).toEqual({
      displayName: 'new',
      externalId: 'e',
    });
  });

  it.each([
    [
      '§9 [ConnId] an unknown path',
      { op: 'replace', path: '__ENABLE__', value: true },
      'invalidPath',
    ],
    ['69 [Keycloak] text that is no JSON', { op: 'replace', value: '{"a":' }, 'invalidValue'],
    ['69 [Keycloak] JSON that is no object', { op: 'replace', value: '7' }, 'invalidValue'],
  ])('refuses %s', (_, operation, scimType) => {
    expect(() => parsePatch({ Operations: [operation] }, USER)).toThrow(
      expect.objectContaining({ status: 400, scimType }),
    );
  });
});
