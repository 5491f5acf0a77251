/** Which PATCH operations are refused, with which scimType and detail (RFC 7644 §3.5.2, §3.12). */

import { describe, expect, it } from 'vitest';
import { MAX_COMPARED, MAX_OPERATIONS, MAX_RESOURCE } from '../../src/scim/limits.ts';
import { applyPatch } from '../../src/scim/patch.ts';
import { STANDARD_RESOURCE_TYPES } from '../../src/scim/resource-types.ts';
import { parsePatch } from '../support/scim/parse-patch.ts';

const USER = STANDARD_RESOURCE_TYPES.user;
const ENTERPRISE_URN = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

type Operation = { readonly [name: string]: unknown };

function patched(before: object, ...operations: readonly Operation[]): object {
  const parsed = parsePatch({ Operations: operations }, USER);
  return applyPatch({ userName: 'ada', ...before }, parsed, USER);
}

function refusal(...operations: readonly Operation[]) {
  try {
    patched({ emails: [{ value: 'a', type: 'work' }] }, ...operations);
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('a PATCH is refused', () => {
  it.each<[string, string, Operation]>([
    ['for an unknown attribute', 'invalidPath', { op: 'add', path: 'shoeSize', value: 1 }],
    ['for an unknown sub-attribute', 'invalidPath', { op: 'add', path: 'name.nick', value: 'x' }],
    [
      'for an unknown sub-attribute after a filter',
      'invalidPath',
      { op: 'add', path: 'emails[type eq "x"].foo', value: 'x' },
    ],
    ...[
      'emails[type eq "work;"',
      'emails[type eq work;].value',
      "emails[type eq 'work].value",
      "emails[type eq 'wo'rk'].value",
      'emails[type eq “work"].value',
      'emails[type eq ""work""].value',
      'emails[type eq %22work%22].value',
      'emails[type eq \\"work\\"].value',
      'emails[type eq "wo\trk"].value',
      'emails[type eq "work"].value;',
    ].flatMap((path): [string, string, Operation][] => [
      [`for the filter in ${path}`, 'invalidPath', { op: 'replace', path, value: 'x' }],
      [`for the filter in the key ${path}`, 'invalidPath', { op: 'add', value: { [path]: 'x' } }],
    ]),
    [
      'for a type in quotes within quotes',
      'noTarget',
      { op: 'replace', path: 'emails[type eq "\'work\'"].value', value: 'x' },
    ],
    [
      'for an unknown name in a filter',
      'invalidPath',
      { op: 'remove', path: 'emails[foo eq "x"]' },
    ],
    [
      'for the name of a prototype',
      'invalidPath',
      { op: 'add', path: '__proto__.isAdmin', value: true },
    ],
    ['for a constructor', 'invalidPath', { op: 'add', path: 'constructor.prototype', value: true }],
    ['for an unknown schema', 'invalidPath', { op: 'add', path: 'urn:x:y:title', value: 'x' }],
    [
      'for a filter on a simple attribute',
      'invalidPath',
      { op: 'remove', path: 'title[value eq "x"]' },
    ],
    ['for an incomplete path', 'invalidPath', { op: 'remove', path: 'emails[type eq "x"' }],
    ['for a path that is not a string', 'invalidPath', { op: 'remove', path: 7 }],
    [
      'for NUL in a filter',
      'invalidPath',
      { op: 'add', path: 'emails[type eq "\\u0000"].value', value: 'x' },
    ],
    [
      'for too long a key in a filter',
      'invalidPath',
      { op: 'add', path: `emails[value eq "${'x'.repeat(1025)}"].type`, value: 'x' },
    ],
    ['for the id', 'mutability', { op: 'replace', path: 'id', value: 'x' }],
    ['for meta', 'mutability', { op: 'replace', path: 'meta.version', value: 'x' }],
    ['for groups', 'mutability', { op: 'add', path: 'groups', value: [{ value: 'g' }] }],
    [
      'for the manager’s name',
      'mutability',
      { op: 'add', path: 'manager.displayName', value: 'M' },
    ],
    ['for removing userName', 'mutability', { op: 'remove', path: 'userName' }],
    ['for emptying userName', 'invalidValue', { op: 'replace', path: 'userName', value: null }],
    ['for a blank userName', 'invalidValue', { op: 'replace', value: { userName: ' ' } }],
    ['for a remove without a path', 'noTarget', { op: 'remove' }],
    ['for a remove of the whole resource', 'noTarget', { op: 'remove', path: USER.schema.id }],
    [
      'for a filter that describes no element',
      'noTarget',
      { op: 'replace', path: 'emails[type sw "h"].value', value: 'x' },
    ],
    [
      'for alternatives that match nothing',
      'noTarget',
      { op: 'add', path: 'emails[type eq "a" or type eq "b"].value', value: 'x' },
    ],
    [
      'for an element that its filter would not find',
      'noTarget',
      { op: 'replace', path: 'emails[value eq "old"].value', value: 'new' },
    ],
    [
      'for a filter that contradicts itself',
      'noTarget',
      { op: 'add', path: 'emails[type eq "a" and type eq "b"].value', value: 'x' },
    ],
    ['for an unknown op', 'invalidSyntax', { op: 'move', path: 'title', value: 'x' }],
    ['without an op', 'invalidSyntax', { path: 'title', value: 'x' }],
    ['for an add without a value', 'invalidValue', { op: 'add', path: 'title' }],
    ['for a value of another type', 'invalidValue', { op: 'add', path: 'title', value: { a: 1 } }],
    [
      'for a list instead of a single value',
      'invalidValue',
      { op: 'add', path: 'title', value: ['a', 'b'] },
    ],
    [
      'for a value that is not an object, without a path',
      'invalidValue',
      { op: 'replace', value: 7 },
    ],
    [
      'for an extension that is not an object',
      'invalidValue',
      { op: 'replace', value: { [ENTERPRISE_URN]: 'Maths' } },
    ],
    [
      'for a dotted key with a wrong value',
      'invalidValue',
      { op: 'replace', value: { 'name.givenName': 7 } },
    ],
  ])('%s: %s', (_, scimType, operation) => {
    expect(refusal(operation)).toMatchObject({ name: 'ScimError', status: 400, scimType });
  });

  it('with the name of the attribute', () => {
    const details = [
      { op: 'add', path: 'name.nick', value: 'x' },
      { op: 'add', path: 'emails[type eq "work"].value', value: 7 },
      { op: 'add', path: `${ENTERPRISE_URN}:manager.displayName`, value: 'x' },
    ].map((operation) => refusal(operation));
    expect(details).toMatchObject([
      { detail: 'name.nick is not an attribute of User' },
      { detail: 'emails.value must be a string' },
      { detail: `${ENTERPRISE_URN}:manager.displayName is read-only` },
    ]);
  });

  it.each([[null], [[]], ['text'], [{ Operations: {} }], [{ Operations: ['add'] }]])(
    'for a body like %j',
    (body) => {
      expect(() => parsePatch(body, USER)).toThrow(
        expect.objectContaining({ status: 400, scimType: 'invalidSyntax' }),
      );
    },
  );

  it('as a whole, if one operation is refused', () => {
    const before = { emails: [{ value: 'a' }] };
    const frozen = structuredClone(before);
    const operations = [
      { op: 'add', path: 'emails', value: [{ value: 'b' }] },
      { op: 'replace', path: 'emails[value sw "zz"].value', value: 'x' },
    ];
    expect(() => patched(before, ...operations)).toThrow();
    expect(before).toEqual(frozen);
  });

  it('with 413 for too many operations', () => {
    const operation = { op: 'add', path: 'title', value: 'x' };
    const body = (count: number) => ({ Operations: Array(count).fill(operation) });
    expect(parsePatch(body(MAX_OPERATIONS), USER)).toHaveLength(MAX_OPERATIONS);
    expect(() => parsePatch(body(MAX_OPERATIONS + 1), USER)).toThrow(
      expect.objectContaining({ status: 413 }),
    );
  });

  describe('for operations that would block other requests', () => {
    const emails = Array.from({ length: 1000 }, (_, index) => ({
      value: `${index}`.padEnd(500, 'x'),
    }));
    const apply = (...Operations: readonly object[]) =>
      applyPatch({ userName: 'ada', emails }, parsePatch({ Operations }, USER), USER);
    const filters = (count: number, terms: number) =>
      Array(count).fill({
        op: 'replace',
        path: `emails[${Array(terms).fill('value eq "x"').join(' or ')} or value pr].type`,
        value: 'work',
      });

    it('counting each comparison with each element', () => {
      const tooMuch = expect.objectContaining({
        scimType: 'tooMany',
        detail: expect.stringContaining(String(MAX_COMPARED)),
      });
      expect(() => apply(...filters(1000, 199))).toThrow(tooMuch);
      expect(() => apply(...filters(1, 199))).toThrow(tooMuch);
      expect(() => apply(...filters(10, 9))).not.toThrow();
      const adds = Array(200).fill({ op: 'add', path: 'emails', value: [{ value: 'x' }] });
      expect(() => apply({ op: 'remove', path: 'emails[value sw "1"]' }, ...adds)).toThrow(tooMuch);
      expect(() => apply({ op: 'remove', path: 'emails' }, ...adds)).not.toThrow();
    });

    it('such as a search for long text in text that nearly contains it', () => {
      const text = `${'a'.repeat(3000)}b${'a'.repeat(3000)}`;
      const operation = { op: 'remove', path: `emails[value co "${text}"]` };
      const others = { op: 'remove', path: 'emails[value ne "x"].type' };
      expect(() => apply(operation)).toThrow(expect.objectContaining({ scimType: 'tooMany' }));
      expect(() => apply(...Array(100).fill(others))).not.toThrow();
    });

    it('including one with a result that no PUT could send back', () => {
      const before = { userName: 'ada', title: 'x'.repeat(60_000) };
      const values = Array.from({ length: 17 }, (_, index) => ({
        value: `${index}`.padEnd(65_000, 'x'),
      }));
      const Operations = [{ op: 'add', path: 'roles', value: values }];
      expect(() => applyPatch(before, parsePatch({ Operations }, USER), USER)).toThrow(
        expect.objectContaining({
          scimType: 'invalidValue',
          detail: expect.stringContaining(String(MAX_RESOURCE)),
        }),
      );
    });
  });

  it('for more values than an attribute may have', () => {
    const value = Array.from({ length: 999 }, (_, index) => ({ value: `r${index}` }));
    const add = (...values: readonly string[]) => ({
      op: 'add',
      path: 'roles',
      value: values.map((each) => ({ value: each })),
    });
    const full = { op: 'add', path: 'roles', value };
    expect(refusal(full, add('one'), add('r1'))).toBeUndefined();
    expect(refusal(full, add('one', 'two'))).toMatchObject({
      scimType: 'invalidValue',
      detail: 'roles would have more than 1000 values',
    });
  });
});
