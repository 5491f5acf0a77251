/** Points 54 to 67: groups and their members. */
import { expect } from 'vitest';
import { G, MICROSOFT_GROUP, type Point, type Tenant } from './point.ts';

/** A group of one member, and another user. */
async function groupOfOne(at: Tenant) {
  const [inside, outside] = [(await at.user()).id, (await at.user()).id];
  const { id, body } = await at.group([inside]);
  return { id, inside, outside, path: `/Groups/${id}`, displayName: body.displayName };
}

const sorted = (...ids: readonly string[]) => ids.toSorted();
const valued = (ids: readonly string[]) => ids.map((value) => ({ value }));

export const GROUPS: readonly Point[] = [
  {
    number: 54,
    who: 'all',
    title: 'groups are created without, with and with no members, of any name',
    async check(at) {
      const { id } = await at.user();
      const bodies: readonly [object, readonly string[]][] = [
        [{}, []],
        [{ members: [] }, []],
        [{ members: [{ value: id }] }, [id]],
        [{ schemas: [G, MICROSOFT_GROUP], externalId: 'e', meta: { resourceType: 'Group' } }, []],
      ];
      for (const [index, [more, members]] of bodies.entries()) {
        const displayName = `ops/on call/${index}`;
        const answer = await at.send('POST', '/Groups', { displayName, ...more });
        expect(answer).toMatchObject({ status: 201, body: { schemas: [G], displayName } });
        expect(await at.members(answer.id)).toEqual(members);
      }
    },
  },
  {
    number: 55,
    who: 'Okta, authentik',
    title: 'a group is renamed without a path, the id in the value ignored',
    async check(at) {
      const { id, path, inside } = await groupOfOne(at);
      const value = { id: 'other', schemas: [G], displayName: 'renamed' };
      expect((await at.patch(path, { op: 'replace', value })).status).toBe(204);
      expect((await at.get(path)).body).toMatchObject({ id, displayName: 'renamed' });
      expect(await at.members(id)).toEqual([inside]);
    },
  },
  {
    number: 56,
    who: 'Entra',
    title: 'displayName and externalId are replaced by path: 204',
    async check(at) {
      const { path } = await groupOfOne(at);
      for (const attribute of ['displayName', 'externalId']) {
        const operation = { op: 'Replace', path: attribute, value: 'new' };
        expect((await at.patch(path, operation)).status).toBe(204);
        expect((await at.get(path)).body[attribute]).toBe('new');
      }
    },
  },
  {
    number: 57,
    who: 'all',
    title: 'members are added in every form',
    async check(at) {
      const [a, b] = [(await at.user()).id, (await at.user()).id];
      const forms: readonly (readonly object[])[] = [
        [{ op: 'add', path: 'members', value: valued([a, b]) }],
        valued([a, b]).map((each) => ({ op: 'add', path: 'members', value: [each] })),
        [
          {
            op: 'add',
            path: 'members',
            value: valued([a, b]).map((each) => ({ ...each, type: 'user' })),
          },
        ],
        [
          {
            op: 'Add',
            path: 'members',
            value: valued([a, b]).map((each) => ({ $ref: null, ...each })),
          },
        ],
        [a, b].map((value) => ({ op: 'Add', path: 'members', value })),
        [{ op: 'add', value: { members: valued([a, b]) } }],
      ];
      for (const operations of forms) {
        const { id } = await at.group();
        expect((await at.patch(`/Groups/${id}`, ...operations)).status).toBe(204);
        expect(await at.members(id)).toEqual(sorted(a, b));
      }
    },
  },
  {
    number: 58,
    who: 'JumpCloud, Entra, authentik',
    title: 'a member who is there is added again, and is there once',
    async check(at) {
      const { id, path, inside } = await groupOfOne(at);
      const operation = { op: 'Add', path: 'members', value: valued([inside, inside]) };
      expect((await at.patch(path, operation)).status).toBe(204);
      expect(await at.members(id)).toEqual([inside]);
    },
  },
  {
    number: 59,
    who: 'Okta, authentik, KC, Entra flag',
    title: 'a member is removed by members[value eq], and once more with success',
    async check(at) {
      const { id, path, inside, outside } = await groupOfOne(at);
      await at.patch(path, { op: 'add', path: 'members', value: valued([outside]) });
      for (const _ of ['removed', 'absent']) {
        const operation = { op: 'remove', path: `members[value eq "${inside}"]` };
        expect((await at.patch(path, operation)).status).toBe(204);
        expect(await at.members(id)).toEqual([outside]);
      }
    },
  },
  {
    number: 60,
    who: 'Entra, authentik old',
    title: 'Remove with a list of values removes those alone',
    async check(at) {
      const { id, path, inside, outside } = await groupOfOne(at);
      await at.patch(path, { op: 'add', path: 'members', value: valued([outside]) });
      const value = [{ $ref: null, value: inside }];
      expect((await at.patch(path, { op: 'Remove', path: 'members', value })).status).toBe(204);
      expect(await at.members(id)).toEqual([outside]);
    },
  },
  {
    number: 61,
    who: 'Entra reference',
    title: 'remove members without a value empties the group',
    async check(at) {
      const { id, path } = await groupOfOne(at);
      expect((await at.patch(path, { op: 'remove', path: 'members' })).status).toBe(204);
      expect(await at.members(id)).toEqual([]);
    },
  },
  {
    number: 62,
    who: 'Okta',
    title: 'replace members sets exactly those, also none',
    async check(at) {
      const { id, path, outside } = await groupOfOne(at);
      for (const ids of [[outside], []]) {
        const operation = { op: 'replace', path: 'members', value: valued(ids) };
        expect((await at.patch(path, operation)).status).toBe(204);
        expect(await at.members(id)).toEqual(ids);
      }
    },
  },
  {
    number: 63,
    who: 'authentik, Okta',
    title: 'PUT sets exactly the members in it, also none',
    async check(at) {
      const { id, path, displayName, outside } = await groupOfOne(at);
      for (const ids of [[outside], []]) {
        const answer = await at.put(path, { id, displayName, members: valued(ids) });
        expect(answer.status).toBe(200);
        expect(await at.members(id)).toEqual(ids);
      }
    },
  },
  {
    number: 64,
    who: 'Entra',
    title: 'of 50 PATCHes at once none is lost',
    async check(at) {
      const users = await Promise.all(Array.from({ length: 50 }, () => at.user()));
      const { id } = await at.group();
      const answers = await Promise.all(
        users.map((user) =>
          at.patch(`/Groups/${id}`, { op: 'Add', path: 'members', value: valued([user.id]) }),
        ),
      );
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 204));
      expect(await at.members(id)).toEqual(sorted(...users.map((user) => user.id)));
    },
  },
  {
    number: 65,
    who: 'KC, Okta',
    title: 'a thousand members come in one PATCH',
    async check(at) {
      const users = await Promise.all(Array.from({ length: 1000 }, () => at.user()));
      const ids = users.map(({ id }) => id);
      const { id } = await at.group();
      const operation = { op: 'add', path: 'members', value: valued(ids) };
      expect((await at.patch(`/Groups/${id}`, operation)).status).toBe(204);
      expect(await at.members(id)).toEqual(sorted(...ids));
    },
  },
  {
    number: 66,
    who: 'Entra, Okta, authentik',
    title: 'a deleted group is 204, then 404',
    async check(at) {
      const { path } = await groupOfOne(at);
      expect((await at.delete(path)).status).toBe(204);
      expect((await at.get(path)).status).toBe(404);
    },
  },
  {
    number: 67,
    who: 'Okta',
    title: 'a member nobody knows is skipped while the others come',
    async check(at) {
      const { id, path, inside, outside } = await groupOfOne(at);
      const value = valued([crypto.randomUUID(), outside, '00u-nobody']);
      expect((await at.patch(path, { op: 'add', path: 'members', value })).status).toBe(204);
      expect(await at.members(id)).toEqual(sorted(inside, outside));
    },
  },
];
