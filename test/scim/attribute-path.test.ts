import { describe, expect, it } from 'vitest';
import {
  formatAttributePath,
  parseAttributePath,
  refText,
  resolvePath,
} from '../../src/scim/attribute-path.ts';
import { STANDARD_RESOURCE_TYPES } from '../../src/scim/resource-types.ts';
import { attribute, type ResourceType } from '../../src/scim/schema.ts';

const { user, group } = STANDARD_RESOURCE_TYPES;
const U = 'urn:ietf:params:scim:schemas:core:2.0:User';
const E = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

function resolved(text: string, type: ResourceType = user): string | undefined {
  const ref = resolvePath(type, parseAttributePath(text));
  return ref && refText(ref);
}

describe('an attribute path', () => {
  it.each([
    ['userName', { urn: undefined, name: 'userName', sub: undefined }],
    ['name.familyName', { urn: undefined, name: 'name', sub: 'familyName' }],
    [`${U}:userName`, { urn: U, name: 'userName', sub: undefined }],
    [`${U}:name.familyName`, { urn: U, name: 'name', sub: 'familyName' }],
    ['urn:a.b:1.0:x.y', { urn: 'urn:a.b:1.0', name: 'x', sub: 'y' }],
  ])('is parted behind the URN, dots and colons in it aside: %s', (text, path) => {
    expect(parseAttributePath(text)).toEqual(path);
    expect(formatAttributePath(parseAttributePath(text))).toBe(text);
  });
});

describe('an attribute', () => {
  it.each([
    ['userName', 'userName'],
    ['USERNAME', 'userName'],
    [`${U}:userName`, 'userName'],
    [`${U.toUpperCase()}:username`, 'userName'],
    ['id', 'id'],
    ['externalId', 'externalId'],
    [`${U}:externalId`, 'externalId'],
    ['schemas', 'schemas'],
    ['meta', 'meta'],
    ['Meta.LastModified', 'meta.lastModified'],
    ['name.familyName', 'name.familyName'],
    ['emails', 'emails'],
    ['emails.VALUE', 'emails.value'],
    ['groups.$ref', 'groups.$ref'],
    [`${E}:department`, `${E}:department`],
    [`${E.toLowerCase()}:Manager.DisplayName`, `${E}:manager.displayName`],
    [`${E}.department`, `${E}:department`],
    [`${E.toUpperCase()}.Manager.Value`, `${E}:manager.value`],
    [`${U}.name.familyName`, 'name.familyName'],
    ['manager', `${E}:manager`],
    ['manager.value', `${E}:manager.value`],
  ])('of users is found by its name in any case, qualified or not: %s', (text, expected) => {
    expect(resolved(text)).toBe(expected);
  });

  it.each([
    ['colour'],
    ['name.colour'],
    ['userName.value'],
    ['name.familyName.x'],
    ['name.'],
    ['.name'],
    [''],
    ['members'],
    [`${U}:department`],
    [`${U}.department`],
    [`${E}.`],
    [`${E}.userName`],
    [`${E}.manager.value.x`],
    [`${E}x.department`],
    [`${E}.__proto__`],
    [`${E}.department.constructor`],
    [`${E}:userName`],
    [`${E}:id`],
    [E],
    ['urn:example:User:userName'],
    ['__proto__'],
    ['constructor'],
    ['toString'],
    ['hasOwnProperty'],
    ['name.__proto__'],
    ['name.constructor'],
    ['__proto__.userName'],
    [`${E}:__proto__`],
    ['urn:__proto__:x'],
  ])('that the schemas of users do not have is not found: %j', (text) => {
    expect(resolved(text)).toBeUndefined();
  });

  it('of a group is not one of users', () => {
    expect(resolved('members.value', group)).toBe('members.value');
    expect(resolved('manager', group)).toBeUndefined();
    expect(resolved('userName', group)).toBeUndefined();
  });

  it('of the core schema goes before one of the same name in an extension', () => {
    const schema = {
      id: 'urn:example:2.0:Colours',
      name: 'Colours',
      description: '',
      attributes: [attribute('title', ''), attribute('colour', '')],
    };
    const painted = { ...user, extensions: [...user.extensions, { schema, required: false }] };
    expect(resolved('title', painted)).toBe('title');
    expect(resolved(`${schema.id}:title`, painted)).toBe(`${schema.id}:title`);
    expect(resolved('colour', painted)).toBe(`${schema.id}:colour`);
  });
});
