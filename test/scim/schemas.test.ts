/** The definitions of RFC 7643 §8.7.1, as far as clients and the directory rely on them. */
import { describe, expect, it } from 'vitest';
import { STANDARD_RESOURCE_TYPES, schemasOf } from '../../src/scim/resource-types.ts';
import { type Attribute, attribute, findAttribute, type Schema } from '../../src/scim/schema.ts';
import { COMMON_ATTRIBUTES } from '../../src/scim/schemas/common.ts';
import { ENTERPRISE_USER_SCHEMA } from '../../src/scim/schemas/enterprise-user.ts';
import { GROUP_SCHEMA } from '../../src/scim/schemas/group.ts';
import { USER_SCHEMA } from '../../src/scim/schemas/user.ts';

const names = (attributes: readonly Attribute[]) => attributes.map(({ name }) => name);
const all = schemasOf(STANDARD_RESOURCE_TYPES);

/**
 * The characteristics that differ from the defaults of RFC 7643 §2.2, without descriptions and
 * sub-attributes.
 */
function peculiar(path: string, schema: readonly Attribute[]): Partial<Attribute> {
  const [outer = '', inner] = path.split('.');
  const top = findAttribute(schema, outer);
  const found = inner === undefined ? top : findAttribute(top?.subAttributes ?? [], inner);
  if (found === undefined) throw new Error(`no ${path}`);
  const usual = Object.entries(attribute('', ''));
  const entries = Object.entries(found).filter(([key, value]) => {
    const [, plain] = usual.find(([name]) => name === key) ?? [];
    return (
      !['name', 'description', 'subAttributes', 'canonicalValues'].includes(key) &&
      JSON.stringify(value) !== JSON.stringify(plain)
    );
  });
  return Object.fromEntries(entries);
}

describe('the User schema', () => {
  it('has the attributes of RFC 7643 §4.1', () => {
    expect(names(USER_SCHEMA.attributes)).toEqual([
      ...['userName', 'name', 'displayName', 'nickName', 'profileUrl', 'title', 'userType'],
      ...['preferredLanguage', 'locale', 'timezone', 'active', 'password', 'emails'],
      ...['phoneNumbers', 'ims', 'photos', 'addresses', 'groups', 'entitlements', 'roles'],
      'x509Certificates',
    ]);
  });

  it.each<[string, Partial<Attribute>]>([
    ['userName', { required: true, uniqueness: 'server' }],
    ['displayName', {}],
    ['profileUrl', { type: 'reference', referenceTypes: ['external'], caseExact: true }],
    ['active', { type: 'boolean' }],
    ['password', { mutability: 'writeOnly', returned: 'never' }],
    ['name', { type: 'complex' }],
    ['emails', { type: 'complex', multiValued: true }],
    ['emails.value', {}],
    ['emails.primary', { type: 'boolean' }],
    ['photos.value', { type: 'reference', referenceTypes: ['external'], caseExact: true }],
    ['x509Certificates.value', { type: 'binary', caseExact: true }],
    ['groups', { type: 'complex', multiValued: true, mutability: 'readOnly' }],
    ['groups.value', { mutability: 'readOnly', caseExact: true }],
  ])('has %s as %j', (path, expected) => {
    expect(peculiar(path, USER_SCHEMA.attributes)).toEqual(expected);
  });

  it.each([
    ['name', 'formatted familyName givenName middleName honorificPrefix honorificSuffix'],
    ['emails', 'value display type primary'],
    ['addresses', 'formatted streetAddress locality region postalCode country type primary'],
    ['groups', 'value $ref display type'],
  ])('has the sub-attributes of %s', (name, expected) => {
    const parts = findAttribute(USER_SCHEMA.attributes, name)?.subAttributes ?? [];
    expect(names(parts).join(' ')).toBe(expected);
  });
});

describe('the other schemas', () => {
  it.each<[string, string, Schema, Partial<Attribute>]>([
    ['Group', 'displayName', GROUP_SCHEMA, { required: true, uniqueness: 'server' }],
    ['Group', 'members', GROUP_SCHEMA, { type: 'complex', multiValued: true }],
    ['Group', 'members.value', GROUP_SCHEMA, { mutability: 'immutable', caseExact: true }],
    ['Group', 'members.type', GROUP_SCHEMA, { mutability: 'immutable' }],
    ['EnterpriseUser', 'employeeNumber', ENTERPRISE_USER_SCHEMA, {}],
    ['EnterpriseUser', 'manager', ENTERPRISE_USER_SCHEMA, { type: 'complex' }],
    ['EnterpriseUser', 'manager.displayName', ENTERPRISE_USER_SCHEMA, { mutability: 'readOnly' }],
  ])('have %s.%s', (_, path, schema, expected) => {
    expect(peculiar(path, schema.attributes)).toEqual(expected);
  });

  it.each<[string, Partial<Attribute>]>([
    ['id', { caseExact: true, mutability: 'readOnly', returned: 'always', uniqueness: 'server' }],
    ['externalId', { caseExact: true }],
    ['meta', { type: 'complex', mutability: 'readOnly' }],
    ['meta.created', { type: 'dateTime', mutability: 'readOnly' }],
  ])('share %s as %j', (path, expected) => {
    expect(peculiar(path, COMMON_ATTRIBUTES)).toEqual(expected);
  });

  it('are listed once each, in a stable order', () => {
    expect(all.map(({ name }) => name)).toEqual(['User', 'EnterpriseUser', 'Group']);
  });
});

describe('every definition', () => {
  const flat = (attributes: readonly Attribute[]): readonly Attribute[] =>
    attributes.flatMap((each) => [each, ...flat(each.subAttributes)]);
  const attributes = [...COMMON_ATTRIBUTES, ...all.flatMap((schema) => schema.attributes)];

  it('keeps the rules of RFC 7643 §2', () => {
    for (const each of flat(attributes)) {
      expect(each.name).toMatch(/^(\$ref|[A-Za-z][A-Za-z0-9_-]*)$/);
      expect(each.description).toMatch(/\.$/);
      expect(each.subAttributes.length > 0).toBe(each.type === 'complex');
      expect(
        each.referenceTypes.length > 0 ||
          each.type !== 'reference' ||
          each.name === 'schemas' ||
          each.name === 'location',
      ).toBe(true);
      if (each.mutability === 'writeOnly') expect(each.returned).toBe('never');
      for (const sub of each.subAttributes) {
        expect(sub.type).not.toBe('complex');
        if (each.mutability === 'readOnly') expect(sub.mutability).toBe('readOnly');
      }
    }
  });

  it('has a unique name on its level', () => {
    const lists = [COMMON_ATTRIBUTES, ...all.map((schema) => schema.attributes)];
    const nested = flat(attributes).map(({ subAttributes }) => subAttributes);
    for (const list of [...lists, ...nested]) {
      const lower = names(list).map((name) => name.toLowerCase());
      expect(new Set(lower).size).toBe(lower.length);
    }
  });
});
