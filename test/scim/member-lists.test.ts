/** Long lists of members mean the same after they were shortened. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ScimError } from '../../src/scim/error.ts';
import { MEMBERS_AT_ONCE, shortenMembers } from '../../src/scim/member-lists.ts';
import { separateMemberOperations, separateMembers } from '../../src/scim/members.ts';
import { parseResource } from '../../src/scim/resource.ts';
import { STANDARD_RESOURCE_TYPES } from '../../src/scim/resource-types.ts';
import { normalizeMember } from '../../src/scim/values.ts';
import { parsePatch } from '../support/scim/parse-patch.ts';

const GROUP = STANDARD_RESOURCE_TYPES.group;

const text = fc.oneof(
  fc.constantFrom('', 'a', 'user-1', '\0', '\ud800', 'x'.repeat(70_000), 'ä b', 'User'),
  fc.string(),
);
const member = fc.oneof(
  fc.record({ value: text }),
  fc.record(
    { value: text, $ref: text, type: text, display: text, Value: text, other: fc.jsonValue() },
    { requiredKeys: [] },
  ),
  text,
  fc.jsonValue({ maxDepth: 1 }),
);

const outcome = (act: () => unknown): unknown => {
  try {
    return act();
  } catch (error) {
    return error instanceof ScimError ? error.detail : error;
  }
};

it('whatever the elements are, the ids or the refusal stay the same', () => {
  const ordinary = Array.from({ length: MEMBERS_AT_ONCE }, (_, n) => ({ value: `u${n}` }));
  fc.assert(
    fc.property(fc.array(member, { maxLength: 3 }), (others) => {
      const list = [...ordinary, { value: 'last' }, ...others];
      const put = () => ({ displayName: 'g', members: structuredClone(list) });
      const operation = { op: 'add', path: 'members', value: list };
      const patch = () => ({ Operations: [structuredClone(operation)] });
      const shortened = <T extends object>(body: T): T => {
        for (const _ of shortenMembers(body, normalizeMember));
        return body;
      };
      const members = (body: object) =>
        outcome(() => separateMembers(parseResource(body, GROUP)).members);
      const changes = (body: object) =>
        outcome(() => separateMemberOperations(parsePatch(body, GROUP)).changes);
      expect(members(shortened(put()))).toEqual(members(put()));
      expect(changes(shortened(patch()))).toEqual(changes(patch()));
    }),
  );
});

it('of the ordinary form become ids, between which others are served', () => {
  const members = Array.from({ length: 5 * MEMBERS_AT_ONCE }, (_, n) => ({
    value: `u${n}`,
    display: 'Somebody',
  }));
  const body = { Operations: [{ method: 'PUT', data: { members } }] };
  expect([...shortenMembers(body, normalizeMember)]).toHaveLength(5);
  expect(members[7]).toBe('u7');
});
