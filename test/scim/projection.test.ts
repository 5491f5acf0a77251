/**
 * `attributes` and `excludedAttributes` (RFC 7644 §3.9), and the characteristic `returned` (RFC
 * 7643 §7).
 */
import { describe, expect, it } from 'vitest';
import { EVERYTHING, parseProjection, project, wants } from '../../src/scim/projection.ts';
import { STANDARD_RESOURCE_TYPES } from '../../src/scim/resource-types.ts';
import { attribute } from '../../src/scim/schema.ts';

const { user: USER, group: GROUP } = STANDARD_RESOURCE_TYPES;
const ENTERPRISE_URN = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const USER_URN = 'urn:ietf:params:scim:schemas:core:2.0:User';

const ADA = {
  schemas: [USER_URN, ENTERPRISE_URN],
  id: '1',
  userName: 'ada',
  name: { givenName: 'Ada', familyName: 'Lovelace' },
  emails: [{ value: 'a@x', type: 'work' }, { type: 'home' }],
  groups: [{ value: 'g' }],
  [ENTERPRISE_URN]: { department: 'Maths', manager: { value: 'm', $ref: '../Users/m' } },
  meta: { resourceType: 'User', location: 'l' },
};

const only = (...names: readonly string[]) =>
  project(ADA, USER, parseProjection(names, undefined, USER));
const without = (...names: readonly string[]) =>
  project(ADA, USER, parseProjection(undefined, names, USER));

describe('attributes', () => {
  it.each<[readonly string[], object]>([
    [['userName'], { userName: 'ada' }],
    [['USERNAME', ' name.GIVENNAME '], { userName: 'ada', name: { givenName: 'Ada' } }],
    [[`${USER_URN}:userName`], { userName: 'ada' }],
    [[`${USER_URN.toUpperCase()}:name.familyName`], { name: { familyName: 'Lovelace' } }],
    [['name', 'name.givenName'], { name: ADA.name }],
    [['emails.value'], { emails: [{ value: 'a@x' }] }],
    [['emails[type eq "work"].value'], { emails: [{ value: 'a@x' }] }],
    [['emails[type eq "work"]'], { emails: ADA.emails }],
    [[ENTERPRISE_URN], { [ENTERPRISE_URN]: ADA[ENTERPRISE_URN] }],
    [[`${ENTERPRISE_URN}:department`], { [ENTERPRISE_URN]: { department: 'Maths' } }],
    [[`${ENTERPRISE_URN}.department`], { [ENTERPRISE_URN]: { department: 'Maths' } }],
    [[USER_URN], { ...ADA, [ENTERPRISE_URN]: undefined }],
    [
      [USER_URN.toUpperCase(), `${ENTERPRISE_URN}.manager.value`],
      { ...ADA, [ENTERPRISE_URN]: { manager: { value: 'm' } } },
    ],
    [[GROUP.schema.id], {}],
    [[`${ENTERPRISE_URN}:manager.value`], { [ENTERPRISE_URN]: { manager: { value: 'm' } } }],
    [['manager'], { [ENTERPRISE_URN]: { manager: ADA[ENTERPRISE_URN]?.manager } }],
    [['meta.location'], { meta: { location: 'l' } }],
    [['id', 'schemas'], {}],
    [['nickName', 'shoeSize', '__proto__', 'constructor', '', 'emails[', ']['], {}],
    [[], {}],
  ])('%j are returned with id and schemas, and nothing else', (names, expected) => {
    expect(only(...names)).toEqual({ schemas: ADA.schemas, id: '1', ...expected });
  });

  it('take precedence over excludedAttributes', () => {
    const both = parseProjection(['userName'], ['userName'], USER);
    expect(project(ADA, USER, both)).toEqual({ schemas: ADA.schemas, id: '1', userName: 'ada' });
  });

  it('with very many brackets take linear time', () => {
    expect(only('['.repeat(2_000_000))).toEqual({ schemas: ADA.schemas, id: '1' });
  });
});

describe('excludedAttributes', () => {
  it.each<[readonly string[], object]>([
    [['groups', 'META'], { groups: undefined, meta: undefined }],
    [['name.givenName'], { name: { familyName: 'Lovelace' } }],
    [['name.givenName', 'name.familyName'], { name: undefined }],
    [['emails.type'], { emails: [{ value: 'a@x' }] }],
    [[ENTERPRISE_URN], { [ENTERPRISE_URN]: undefined }],
    [
      [`${ENTERPRISE_URN}:department`],
      { [ENTERPRISE_URN]: { manager: ADA[ENTERPRISE_URN]?.manager } },
    ],
    [['manager.$ref'], { [ENTERPRISE_URN]: { department: 'Maths', manager: { value: 'm' } } }],
    [['id', 'schemas', 'shoeSize', '__proto__'], {}],
  ])('%j are left out, except id and schemas', (names, changed) => {
    expect(without(...names)).toEqual(JSON.parse(JSON.stringify({ ...ADA, ...changed })));
  });
});

describe('the characteristic returned', () => {
  const extra = [
    attribute('hint', 'On request.', { returned: 'request' }),
    attribute('pin', 'Never.', { returned: 'never' }),
    attribute('badge', 'Always.', { returned: 'always' }),
    attribute('card', 'Complex.', {
      subAttributes: [
        attribute('number', 'Number.'),
        attribute('code', 'Code.', { returned: 'request' }),
      ],
    }),
  ];
  const schema = { ...USER.schema, attributes: [...USER.schema.attributes, ...extra] };
  const type = { ...USER, schema };
  const resource = {
    id: '1',
    userName: 'ada',
    hint: 'h',
    pin: '1234',
    badge: 'b',
    card: { number: '1', code: 'c' },
  };
  const kept = (attributes?: readonly string[], excluded?: readonly string[]) =>
    project(resource, type, parseProjection(attributes, excluded, type));

  it('lets "request" be returned only on request, "never" not at all, "always" in any case', () => {
    expect(kept()).toEqual({ id: '1', userName: 'ada', badge: 'b', card: { number: '1' } });
    expect(kept(['hint', 'pin'])).toEqual({ id: '1', badge: 'b', hint: 'h' });
    expect(kept(['card'])).toEqual({ id: '1', badge: 'b', card: { number: '1' } });
    expect(kept(['card.code'])).toEqual({ id: '1', badge: 'b', card: { code: 'c' } });
    expect(kept(undefined, ['badge', 'card'])).toEqual({ id: '1', userName: 'ada', badge: 'b' });
  });

  it('hides nothing in the standard types, so that no copy is made', () => {
    expect(project(ADA, USER, EVERYTHING)).toBe(ADA);
  });
});

describe('a projection wants', () => {
  it.each<[readonly string[] | undefined, readonly string[] | undefined, boolean]>([
    [undefined, undefined, true],
    [undefined, ['members'], false],
    [undefined, ['MEMBERS'], false],
    [undefined, ['members.$ref'], true],
    [undefined, ['displayName'], true],
    [['displayName'], undefined, false],
    [['displayName', 'Members'], undefined, true],
    [['members.value'], undefined, true],
    [['members[value eq "x"].value'], undefined, true],
  ])(
    'members with attributes %j and excludedAttributes %j: %j',
    (attributes, excluded, expected) => {
      expect(wants(parseProjection(attributes, excluded, GROUP), 'members')).toBe(expected);
    },
  );
});
