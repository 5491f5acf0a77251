/** Groups and their members. */
import { expect } from 'vitest';
import { inBatches } from '../../support/batches.ts';
import { G, MICROSOFT_GROUP, type Point, type Tenant } from './point.ts';

/** A group with one member, and a user who is not a member. */
async function groupOfOne(at: Tenant) {
  const [inside, outside] = [(await at.user()).id, (await at.user()).id];
  const { id, body } = await at.group([inside]);
  return { id, inside, outside, path: `/Groups/${id}`, displayName: body.displayName };
}

const sorted = (...ids: readonly string[]) => ids.toSorted();
const valued = (ids: readonly string[]) => ids.map((value) => ({ value }));

export const GROUPS: readonly Point[] = [
  {
    who: 'every client',
    title:
      'groups of any name can be created with members, with an empty list, and without the attribute',
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
    who: 'Okta, authentik',
    title: 'a PATCH without a path renames a group, and the id in its value is ignored',
    async check(at) {
      const { id, path, inside } = await groupOfOne(at);
      const value = { id: 'other', schemas: [G], displayName: 'renamed' };
      expect((await at.patch(path, { op: 'replace', value })).status).toBe(204);
      expect((await at.get(path)).body).toMatchObject({ id, displayName: 'renamed' });
      expect(await at.members(id)).toEqual([inside]);
    },
  },
  {
    who: 'Entra ID',
    title: 'replacing displayName or externalId by path returns 204',
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
    who: 'every client',
    title: 'members can be added in every form that clients use',
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
    who: 'JumpCloud, Entra ID, authentik',
    title: 'adding an existing member again succeeds and lists the member once',
    async check(at) {
      const { id, path, inside } = await groupOfOne(at);
      const operation = { op: 'Add', path: 'members', value: valued([inside, inside]) };
      expect((await at.patch(path, operation)).status).toBe(204);
      expect(await at.members(id)).toEqual([inside]);
    },
  },
  {
    who: 'Okta, authentik, Keycloak, Entra ID with its feature flag',
    title: 'members[value eq] removes a member, and succeeds when repeated',
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
    who: 'Entra ID, older authentik',
    title: 'Remove with a list of values removes only those members',
    async check(at) {
      const { id, path, inside, outside } = await groupOfOne(at);
      await at.patch(path, { op: 'add', path: 'members', value: valued([outside]) });
      const value = [{ $ref: null, value: inside }];
      expect((await at.patch(path, { op: 'Remove', path: 'members', value })).status).toBe(204);
      expect(await at.members(id)).toEqual([outside]);
    },
  },
  {
    who: 'Microsoft’s reference code',
    title: 'removing members without a value empties the group',
    async check(at) {
      const { id, path } = await groupOfOne(at);
      expect((await at.patch(path, { op: 'remove', path: 'members' })).status).toBe(204);
      expect(await at.members(id)).toEqual([]);
    },
  },
  {
    who: 'Okta',
    title: 'replacing members sets exactly the given members, even none',
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
    who: 'authentik, Okta',
    title: 'PUT sets exactly the given members, even none',
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
    who: 'Entra ID',
    title: 'none of 50 concurrent PATCHes is lost',
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
    who: 'Keycloak, Okta',
    title: 'one PATCH can add a thousand members',
    async check(at) {
      const users = await inBatches(1000, () => at.user());
      const ids = users.map(({ id }) => id);
      const { id } = await at.group();
      const operation = { op: 'add', path: 'members', value: valued(ids) };
      expect((await at.patch(`/Groups/${id}`, operation)).status).toBe(204);
      expect(await at.members(id)).toEqual(sorted(...ids));
    },
  },
  {
    who: 'Entra ID, Okta, authentik',
    title: 'deleting a group returns 204, and reading it then returns 404',
    async check(at) {
      const { path } = await groupOfOne(at);
      expect((await at.delete(path)).status).toBe(204);
      expect((await at.get(path)).status).toBe(404);
    },
  },
  {
    who: 'Okta',
    title: 'an unknown member is skipped, and the others are added',
    async check(at) {
      const { id, path, inside, outside } = await groupOfOne(at);
      const value = valued([crypto.randomUUID(), outside, '00u-nobody']);
      expect((await at.patch(path, { op: 'add', path: 'members', value })).status).toBe(204);
      expect(await at.members(id)).toEqual(sorted(inside, outside));
    },
  },
];
