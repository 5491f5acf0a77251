/** Operations on `members`, in every shape that clients send, as changes to a set. */

import { describe, expect, it } from 'vitest';
import { MAX_MEMBER_COMPARISONS } from '../../src/scim/limits.ts';
import { separateMemberOperations, separateMembers } from '../../src/scim/members.ts';
import { parsePatch } from '../../src/scim/patch-parser.ts';
import { parseResource } from '../../src/scim/resource.ts';
import { STANDARD_RESOURCE_TYPES } from '../../src/scim/resource-types.ts';

const GROUP = STANDARD_RESOURCE_TYPES.group;

const separate = (...Operations: readonly object[]) =>
  separateMemberOperations(parsePatch({ Operations }, GROUP));
const changes = (...operations: readonly object[]) => separate(...operations).changes;

describe('member operations', () => {
  it.each<[string, object, 'add' | 'remove' | 'replace', readonly string[]]>([
    ['57 [all] one', { op: 'add', path: 'members', value: [{ value: 'a' }] }, 'add', ['a']],
    [
      '57 [all] several, the same one twice',
      { op: 'add', path: 'members', value: [{ value: 'a' }, { value: 'b' }, { value: 'a' }] },
      'add',
      ['a', 'b'],
    ],
    [
      '57 [webex] with type "user"',
      { op: 'add', path: 'members', value: [{ value: 'a', type: 'user' }] },
      'add',
      ['a'],
    ],
    [
      '57 [Entra] with $ref null',
      { op: 'Add', path: 'members', value: [{ $ref: null, value: 'a' }] },
      'add',
      ['a'],
    ],
    ['57 [Entra] bare text', { op: 'Add', path: 'members', value: 'a' }, 'add', ['a']],
    ['bare texts', { op: 'add', path: 'members', value: ['a', 'b'] }, 'add', ['a', 'b']],
    ['a single object', { op: 'add', path: 'members', value: { value: 'a' } }, 'add', ['a']],
    [
      'capitals',
      { op: 'ADD', path: 'MEMBERS', value: [{ Value: 'a', Display: 'A' }] },
      'add',
      ['a'],
    ],
    [
      'the URL alone',
      { op: 'add', path: 'members', value: [{ $ref: 'https://x.example/v2/Users/a' }] },
      'add',
      ['a'],
    ],
    ['no path', { op: 'add', value: { members: [{ value: 'a' }] } }, 'add', ['a']],
    [
      'the URN in the path',
      {
        op: 'add',
        path: 'urn:ietf:params:scim:schemas:core:2.0:Group:members',
        value: [{ value: 'a' }],
      },
      'add',
      ['a'],
    ],
    [
      '59 [Okta, Keycloak] a filter',
      { op: 'remove', path: 'members[value eq "a"]' },
      'remove',
      ['a'],
    ],
    ['a filter without quotes', { op: 'remove', path: 'members[value eq 42]' }, 'remove', ['42']],
    [
      'a filter with alternatives',
      { op: 'remove', path: 'members[value eq "a" or (value eq "b" or value eq "c")]' },
      'remove',
      ['a', 'b', 'c'],
    ],
    [
      '60 [Entra, authentik, ConnId] a list to be removed',
      { op: 'Remove', path: 'members', value: [{ $ref: null, value: 'a' }] },
      'remove',
      ['a'],
    ],
    [
      '60 [JumpCloud] one to be removed',
      { op: 'remove', path: 'members', value: { value: 'a' } },
      'remove',
      ['a'],
    ],
    ['61 [Entra] no value to be removed', { op: 'remove', path: 'members' }, 'replace', []],
    ['null to be removed', { op: 'remove', path: 'members', value: null }, 'replace', []],
    [
      '62 [Okta] a list in place of all',
      { op: 'replace', path: 'members', value: [{ value: 'a' }, { value: 'b' }] },
      'replace',
      ['a', 'b'],
    ],
    ['62 [Okta] none', { op: 'replace', path: 'members', value: [] }, 'replace', []],
    ['62 none, without a path', { op: 'replace', value: { members: [] } }, 'replace', []],
    ['null in place of all', { op: 'replace', path: 'members', value: null }, 'replace', []],
  ])('%s', (_, operation, kind, values) => {
    expect(changes(operation)).toEqual([{ kind, values }]);
  });

  it.each([
    { op: 'add', path: 'members', value: [] },
    { op: 'add', value: { members: [] } },
  ])('that add nobody leave everybody: %j', (operation) => {
    expect(changes(operation)).toEqual([{ kind: 'add', values: [] }]);
  });

  it('that remove the value [] remove nobody', () => {
    expect(changes({ op: 'remove', path: 'members', value: [] })).toEqual([]);
  });

  it('keep their order, apart from what else the PATCH changes', () => {
    const { operations, changes: order } = separate(
      { op: 'remove', path: 'members[value eq "a"]' },
      { op: 'replace', path: 'displayName', value: 'new' },
      { op: 'add', path: 'members', value: [{ value: 'b' }] },
      { op: 'replace', value: { displayName: 'newer', members: [{ value: 'c' }] } },
    );
    expect(order).toEqual([
      { kind: 'remove', values: ['a'] },
      { kind: 'add', values: ['b'] },
      { kind: 'replace', values: ['c'] },
    ]);
    expect(operations.map(({ ref, value }) => [ref.attribute.name, value])).toEqual([
      ['displayName', 'new'],
      ['displayName', 'newer'],
    ]);
  });

  it.each(['members[type eq "User"]', 'members[value sw "a"]', 'members[not (value eq "a")]'])(
    'remove by the condition %s',
    (path) => {
      expect(changes({ op: 'remove', path })).toMatchObject([{ kind: 'removeWhere' }]);
    },
  );

  it('compare all members only so often, and those that are named by value any number of times', () => {
    const remove = (filter: string) => ({ op: 'remove', path: `members[${filter}]` });
    const many = (filter: string) => Array(1000).fill(remove(filter));
    expect(changes(...many('value eq "a" and type eq "User"'))).toHaveLength(1000);
    expect(changes(...many('value eq "a" or (value eq "b" and type eq "User")'))).toHaveLength(
      1000,
    );
    const scan = remove('type eq "User" or value sw "a"');
    expect(changes(...Array(10).fill(scan))).toHaveLength(10);
    expect(() => changes(...Array(11).fill(scan))).toThrow(
      expect.objectContaining({
        scimType: 'tooMany',
        detail: expect.stringContaining(String(MAX_MEMBER_COMPARISONS)),
      }),
    );
  });

  it.each<[string, object]>([
    ['mutability', { op: 'replace', path: 'members[value eq "a"].value', value: 'b' }],
    ['mutability', { op: 'remove', path: 'members[value eq "a"].type' }],
    ['mutability', { op: 'replace', path: 'members[value eq "a"]', value: { value: 'b' } }],
    ['mutability', { op: 'add', path: 'members.value', value: 'b' }],
    ['invalidPath', { op: 'replace', path: 'members[value eq "a"].display', value: 'B' }],
    ['invalidValue', { op: 'add', path: 'members', value: [{ type: 'User' }] }],
    ['invalidValue', { op: 'add', path: 'members', value: [7] }],
    ['invalidValue', { op: 'add', path: 'members', value: [{ value: 7 }] }],
  ])('are refused as %s: %j', (scimType, operation) => {
    expect(() => changes(operation)).toThrow(expect.objectContaining({ status: 400, scimType }));
  });
});

describe('the members in a body', () => {
  const members = (body: object) =>
    separateMembers(parseResource({ displayName: 'g', ...body }, GROUP));

  it.each<[object, readonly string[]]>([
    [{ members: [{ value: 'a', display: 'A' }, { value: 'b' }, { value: 'a' }] }, ['a', 'b']],
    [{ members: [] }, []],
    [{ members: null }, []],
    [{}, []],
  ])('%j are %j, apart from the attributes', (body, expected) => {
    expect(members(body)).toEqual({ attributes: { displayName: 'g' }, members: expected });
  });

  it('may be more than other attributes have values', () => {
    const many = Array.from({ length: 5000 }, (_, index) => ({ value: `u${index}` }));
    expect(members({ members: many }).members).toHaveLength(5000);
    expect(changes({ op: 'add', path: 'members', value: many })).toMatchObject([
      { values: { length: 5000 } },
    ]);
  });
});
