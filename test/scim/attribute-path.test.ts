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
const USER_URN = 'urn:ietf:params:scim:schemas:core:2.0:User';
const ENTERPRISE_URN = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

function resolved(text: string, type: ResourceType = user): string | undefined {
  const ref = resolvePath(type, parseAttributePath(text));
  return ref && refText(ref);
}

describe('an attribute path', () => {
  it.each([
    ['userName', { urn: undefined, name: 'userName', sub: undefined }],
    ['name.familyName', { urn: undefined, name: 'name', sub: 'familyName' }],
    [`${USER_URN}:userName`, { urn: USER_URN, name: 'userName', sub: undefined }],
    [`${USER_URN}:name.familyName`, { urn: USER_URN, name: 'name', sub: 'familyName' }],
    ['urn:a.b:1.0:x.y', { urn: 'urn:a.b:1.0', name: 'x', sub: 'y' }],
  ])('is split after the URN, whose dots and colons are ignored: %s', (text, path) => {
    expect(parseAttributePath(text)).toEqual(path);
    expect(formatAttributePath(parseAttributePath(text))).toBe(text);
  });
});

describe('an attribute', () => {
  it.each([
    ['userName', 'userName'],
    ['USERNAME', 'userName'],
    [`${USER_URN}:userName`, 'userName'],
    [`${USER_URN.toUpperCase()}:username`, 'userName'],
    ['id', 'id'],
    ['externalId', 'externalId'],
    [`${USER_URN}:externalId`, 'externalId'],
    ['schemas', 'schemas'],
    ['meta', 'meta'],
    ['Meta.LastModified', 'meta.lastModified'],
    ['name.familyName', 'name.familyName'],
    ['emails', 'emails'],
    ['emails.VALUE', 'emails.value'],
    ['groups.$ref', 'groups.$ref'],
    [`${ENTERPRISE_URN}:department`, `${ENTERPRISE_URN}:department`],
    [
      `${ENTERPRISE_URN.toLowerCase()}:Manager.DisplayName`,
      `${ENTERPRISE_URN}:manager.displayName`,
    ],
    [`${ENTERPRISE_URN}.department`, `${ENTERPRISE_URN}:department`],
    [`${ENTERPRISE_URN.toUpperCase()}.Manager.Value`, `${ENTERPRISE_URN}:manager.value`],
    [`${USER_URN}.name.familyName`, 'name.familyName'],
    ['manager', `${ENTERPRISE_URN}:manager`],
    ['manager.value', `${ENTERPRISE_URN}:manager.value`],
  ])('is found by its name in any case, qualified or not: %s', (text, expected) => {
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
    [`${USER_URN}:department`],
    [`${USER_URN}.department`],
    [`${ENTERPRISE_URN}.`],
    [`${ENTERPRISE_URN}.userName`],
    [`${ENTERPRISE_URN}.manager.value.x`],
    [`${ENTERPRISE_URN}x.department`],
    [`${ENTERPRISE_URN}.__proto__`],
    [`${ENTERPRISE_URN}.department.constructor`],
    [`${ENTERPRISE_URN}:userName`],
    [`${ENTERPRISE_URN}:id`],
    [ENTERPRISE_URN],
    ['urn:example:User:userName'],
    ['__proto__'],
    ['constructor'],
    ['toString'],
    ['hasOwnProperty'],
    ['name.__proto__'],
    ['name.constructor'],
    ['__proto__.userName'],
    [`${ENTERPRISE_URN}:__proto__`],
    ['urn:__proto__:x'],
  ])('that no schema of users has is not found: %j', (text) => {
    expect(resolved(text)).toBeUndefined();
  });

  it('of groups is not found in users', () => {
    expect(resolved('members.value', group)).toBe('members.value');
    expect(resolved('manager', group)).toBeUndefined();
    expect(resolved('userName', group)).toBeUndefined();
  });

  it('of the core schema takes precedence over one of the same name in an extension', () => {
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
