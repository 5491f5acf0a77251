/** Operations on `members`, in every form that clients send, as changes of a set. */

import { describe, expect, it } from 'vitest';
import { MAX_MEMBER_COMPARISONS } from '../../src/scim/limits.ts';
import { separateMemberOperations, separateMembers } from '../../src/scim/members.ts';
import { parseResource } from '../../src/scim/resource.ts';
import { STANDARD_RESOURCE_TYPES } from '../../src/scim/resource-types.ts';
import { parsePatch } from '../support/scim/parse-patch.ts';

const GROUP = STANDARD_RESOURCE_TYPES.group;

const separate = (...Operations: readonly object[]) =>
  separateMemberOperations(parsePatch({ Operations }, GROUP));
const changes = (...operations: readonly object[]) => separate(...operations).changes;

describe('member operations', () => {
  it.each<[string, object, 'add' | 'remove' | 'replace', readonly string[]]>([
    ['[all] one member', { op: 'add', path: 'members', value: [{ value: 'a' }] }, 'add', ['a']],
    [
      '[all] several, one of them twice',
      { op: 'add', path: 'members', value: [{ value: 'a' }, { value: 'b' }, { value: 'a' }] },
      'add',
      ['a', 'b'],
    ],
    [
      '[webex] a member with type "user"',
      { op: 'add', path: 'members', value: [{ value: 'a', type: 'user' }] },
      'add',
      ['a'],
    ],
    [
      '[Entra] a member with $ref null',
      { op: 'Add', path: 'members', value: [{ $ref: null, value: 'a' }] },
      'add',
      ['a'],
    ],
    ['[Entra] a bare id', { op: 'Add', path: 'members', value: 'a' }, 'add', ['a']],
    ['bare ids', { op: 'add', path: 'members', value: ['a', 'b'] }, 'add', ['a', 'b']],
    ['a single object', { op: 'add', path: 'members', value: { value: 'a' } }, 'add', ['a']],
    [
      'upper-case names',
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
      '[Okta, Keycloak] a remove with a filter',
      { op: 'remove', path: 'members[value eq "a"]' },
      'remove',
      ['a'],
    ],
    [
      'a remove with a filter without quotes',
      { op: 'remove', path: 'members[value eq 42]' },
      'remove',
      ['42'],
    ],
    [
      'a remove with alternatives in the filter',
      { op: 'remove', path: 'members[value eq "a" or (value eq "b" or value eq "c")]' },
      'remove',
      ['a', 'b', 'c'],
    ],
    [
      '[Entra, authentik, ConnId] a list of members to remove',
      { op: 'Remove', path: 'members', value: [{ $ref: null, value: 'a' }] },
      'remove',
      ['a'],
    ],
    [
      '[JumpCloud] one member to remove',
      { op: 'remove', path: 'members', value: { value: 'a' } },
      'remove',
      ['a'],
    ],
    ['[Entra] a remove without a value', { op: 'remove', path: 'members' }, 'replace', []],
    ['a remove of null', { op: 'remove', path: 'members', value: null }, 'replace', []],
    [
      '[Okta] a list that replaces all',
      { op: 'replace', path: 'members', value: [{ value: 'a' }, { value: 'b' }] },
      'replace',
      ['a', 'b'],
    ],
    [
      '[Okta] an empty list that replaces all',
      { op: 'replace', path: 'members', value: [] },
      'replace',
      [],
    ],
    [
      'an empty list that replaces all, without a path',
      { op: 'replace', value: { members: [] } },
      'replace',
      [],
    ],
    ['null that replaces all', { op: 'replace', path: 'members', value: null }, 'replace', []],
  ])('are read as one change: %s', (_, operation, kind, values) => {
    expect(changes(operation)).toEqual([{ kind, values }]);
  });

  it.each([
    { op: 'add', path: 'members', value: [] },
    { op: 'add', value: { members: [] } },
  ])('that add an empty list change nothing: %j', (operation) => {
    expect(changes(operation)).toEqual([{ kind: 'add', values: [] }]);
  });

  it('that remove an empty list change nothing', () => {
    expect(changes({ op: 'remove', path: 'members', value: [] })).toEqual([]);
  });

  it('keep their order, and are separated from the other operations', () => {
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

  it('may compare all members a limited number of times, and members named by value without limit', () => {
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
  ])('of %j are %j, separate from the attributes', (body, expected) => {
    expect(members(body)).toEqual({ attributes: { displayName: 'g' }, members: expected });
  });

  it('may be more than the values of other attributes', () => {
    const many = Array.from({ length: 5000 }, (_, index) => ({ value: `u${index}` }));
    expect(members({ members: many }).members).toHaveLength(5000);
    expect(changes({ op: 'add', path: 'members', value: many })).toMatchObject([
      { values: { length: 5000 } },
    ]);
  });
});
