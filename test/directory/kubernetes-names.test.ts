import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  groupSubject,
  isUnambiguous,
  NAME_CASES,
  NAME_SOURCES,
  type Nameable,
  type NamingRule,
  nameableOf,
  userSubject,
} from '../../src/directory/kubernetes-names.ts';
import { fold } from '../../src/scim/text.ts';

const RULE: NamingRule = { prefix: 'scim:', from: 'userName', case: 'preserve' };
const named = (userName: string): Nameable => ({
  userName,
  email: undefined,
  externalId: undefined,
});
const subjectOf = (userName: string, rule: Partial<NamingRule> = {}, tenant = 'acme') =>
  userSubject({ ...RULE, ...rule }, tenant, named(userName));

const tenants = fc.stringMatching(/^[a-z0-9](-?[a-z0-9]){0,5}$/);
const reserved = fc.constantFrom('system:', 'SYSTEM:', 'sys', 'System', 'ſystem:', 'ẞystem:', '');
const texts = fc
  .tuple(reserved, fc.string({ unit: 'grapheme', maxLength: 12 }))
  .map((parts) => parts.join(''));
const rules: fc.Arbitrary<NamingRule> = fc.record({
  prefix: fc
    .oneof(fc.constantFrom('', 'scim:', 'scim:{tenant}:', '{tenant}:', 'sys', '{tenant}/'), texts)
    .filter(isUnambiguous),
  from: fc.constantFrom(...NAME_SOURCES),
  case: fc.constantFrom(...NAME_CASES),
});
const people: fc.Arbitrary<Nameable> = fc.record({
  userName: texts,
  email: fc.option(texts, { nil: undefined }),
  externalId: fc.option(texts, { nil: undefined }),
});

describe('the Kubernetes user of a person', () => {
  it.each([
    ['Ann@acme.example', 'scim:', 'scim:Ann@acme.example'],
    ['ann', '', 'ann'],
    ['ann', 'https://idp#', 'https://idp#ann'],
    ['ann', 'scim:{tenant}:', 'scim:acme:ann'],
    [' system:x', '', ' system:x'],
  ])('%s with the prefix "%s" is %s', (userName, prefix, subject) => {
    expect(subjectOf(userName, { prefix })).toBe(subject);
  });

  it.each([
    ['system:admin', ''],
    ['system:admin', 'scim:'],
    ['SYSTEM:masters', ''],
    ['tem:masters', 'sys'],
    [':masters', 'system'],
    ['em:node:x', 'SyST'],
  ])('is never reserved: %s with the prefix "%s"', (userName, prefix) => {
    expect(subjectOf(userName, { prefix })).toBeUndefined();
    expect(subjectOf(userName, { prefix, case: 'lower' })).toBeUndefined();
  });

  it('is not reserved because of the name of the tenant either', () => {
    expect(subjectOf('admin', { prefix: '{tenant}:' }, 'system')).toBeUndefined();
    expect(groupSubject({ ...RULE, prefix: '' }, 'system', 'masters')).toBeUndefined();
    expect(groupSubject({ ...RULE, prefix: '{tenant}:' }, 'system')).toBeUndefined();
  });

  it('never begins with system: in any case', () => {
    fc.assert(
      fc.property(rules, tenants, people, (rule, tenant, person) => {
        const subject = userSubject(rule, tenant, person) ?? '';
        const group = groupSubject(rule, tenant, person.userName) ?? '';
        for (const name of [subject, group]) {
          expect(name.toLowerCase().startsWith('system:')).toBe(false);
          expect(fold(name).startsWith('system:')).toBe(false);
        }
      }),
    );
  });

  it('is another one for each userName of a tenant, also in lower case', () => {
    fc.assert(
      fc.property(rules, tenants, texts, texts, (rule, tenant, one, two) => {
        fc.pre(fold(one) !== fold(two));
        const from = { ...rule, from: 'userName' } as const;
        const subject = userSubject(from, tenant, named(one));
        expect(subject === undefined || subject !== userSubject(from, tenant, named(two))).toBe(
          true,
        );
      }),
    );
  });

  it('is another one in each tenant, if the prefix names the tenant', () => {
    const prefixes = fc.constantFrom('{tenant}:', 'scim:{tenant}/', 'a{tenant}#b');
    fc.assert(
      fc.property(prefixes, tenants, tenants, texts, texts, (prefix, a, b, one, two) => {
        fc.pre(a !== b);
        const subject = subjectOf(one, { prefix }, a);
        expect(subject === undefined || subject !== subjectOf(two, { prefix }, b)).toBe(true);
      }),
    );
  });

  it('is lower case only if that is wanted', () => {
    expect(subjectOf('Ann', { prefix: 'SCIM:', case: 'lower' })).toBe('SCIM:ann');
  });
});

describe('the Kubernetes group of a SCIM group', () => {
  it('is named after the tenant and the displayName', () => {
    expect(groupSubject(RULE, 'acme')).toBe('scim:acme');
    expect(groupSubject(RULE, 'acme', 'Engineering')).toBe('scim:acme:Engineering');
  });

  it('is never that of another tenant, nor that of everybody', () => {
    fc.assert(
      fc.property(rules, tenants, tenants, texts, texts, (rule, a, b, one, two) => {
        fc.pre(a !== b);
        const group = groupSubject(rule, a, one);
        const others = [groupSubject(rule, b, two), groupSubject(rule, a), groupSubject(rule, b)];
        expect(group === undefined || !others.includes(group)).toBe(true);
      }),
    );
  });
});

describe('what a person can be named after', () => {
  const emailOf = (emails: readonly Readonly<Record<string, string | boolean>>[]) =>
    nameableOf({ userName: 'ann', emails }, []).email;

  it.each([
    ['the only address', [{ value: 'a@x' }], 'a@x'],
    [
      'the primary one',
      [
        { value: 'w@x', type: 'work' },
        { value: 'a@x', primary: true },
      ],
      'a@x',
    ],
    [
      'the one for work',
      [
        { value: 'h@x', type: 'home' },
        { value: 'a@x', type: 'Work' },
      ],
      'a@x',
    ],
    ['an address that is there twice', [{ value: 'a@x' }, { value: 'a@x', type: 'home' }], 'a@x'],
  ])('is %s', (_, emails, email) => {
    expect(emailOf(emails)).toBe(email);
  });

  it.each([
    ['without addresses', []],
    ['with several of no type', [{ value: 'a@x' }, { value: 'b@x' }]],
    [
      'with two for work',
      [
        { value: 'a@x', type: 'work' },
        { value: 'b@x', type: 'work' },
      ],
    ],
    [
      'with two primary ones',
      [
        { value: 'a@x', primary: true },
        { value: 'b@x', primary: true },
      ],
    ],
    ['with an empty primary one', [{ value: 'a@x' }, { value: '', primary: true }]],
    ['with one that has no value', [{ type: 'work' }]],
  ])('is no address of a person %s', (_, emails) => {
    expect(emailOf(emails)).toBeUndefined();
    expect(userSubject({ ...RULE, from: 'email' }, 'acme', named('ann'))).toBeUndefined();
  });

  it('is the externalId on which all integrations agree', () => {
    const idOf = (...ids: readonly string[]) => nameableOf({ userName: 'ann' }, ids).externalId;
    expect(idOf('x', 'x')).toBe('x');
    expect(idOf('x', 'y')).toBeUndefined();
    expect(idOf('')).toBeUndefined();
    expect(idOf()).toBeUndefined();
  });
});
