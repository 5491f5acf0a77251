/** The contract of GroupStore. */
import { describe, expect, it } from 'vitest';
import { newId } from '../../../src/directory/ids.ts';
import { resolveElementFilter } from '../../../src/scim/condition-resolver.ts';
import { preconditionFailed } from '../../../src/scim/error.ts';
import { parseFilter } from '../../../src/scim/filter-parser.ts';
import { findAttribute } from '../../../src/scim/schema.ts';
import { GROUP_SCHEMA } from '../../../src/scim/schemas/group.ts';
import {
  ACME,
  ACME_TOO,
  add,
  addGroup,
  addUser,
  at,
  changeMembers,
  GLOBEX,
  groupNames,
  groupQuery,
  memberIds,
  type Open,
  remove,
  replace,
  unpacked,
  userQuery,
  useStore,
} from './fixture.ts';

export function groupContract(open: Open): void {
  describe('groups', () => {
    const opened = useStore(open);

    it('are read as they were written, with their members on request', async () => {
      const store = opened();
      const ann = await addUser(store, ACME, 'ann');
      const attributes = { displayName: 'Staff', externalId: 'g1' };
      const members = [ann.id];
      const { group, unknownMembers } = await store.groups.create(ACME, {
        id: newId(),
        attributes,
        members,
        at: at(0),
      });
      expect(unknownMembers).toEqual([]);
      expect(group).toMatchObject({
        profile: { attributes },
        version: 1,
        created: at(0),
        lastModified: at(0),
      });
      expect(await store.groups.get(ACME, group.id, false)).toEqual(group);
      expect(await store.groups.get(ACME, group.id, true)).toEqual({
        ...group,
        members: [`+${ann.id}`],
      });
      expect(await store.groups.get(ACME_TOO, group.id, false)).toMatchObject({
        profile: { attributes: { displayName: 'Staff' } },
      });
      expect((await store.groups.list(ACME, groupQuery({ related: true }))).records).toEqual([
        { ...group, members: [`+${ann.id}`] },
      ]);
    });

    it("are invisible in another tenant and can't be changed from there", async () => {
      const store = opened();
      const { id } = await addGroup(store, ACME, 'staff');
      expect(await store.groups.get(GLOBEX, id, true)).toBeUndefined();
      expect(await store.groups.list(GLOBEX, groupQuery())).toEqual({ total: 0, records: [] });
      await expect(changeMembers(store, GLOBEX, id, replace())).rejects.toMatchObject({
        status: 404,
      });
      const deletion = store.groups.delete(GLOBEX, id, () => {}, at(1));
      await expect(deletion).rejects.toMatchObject({ status: 404 });
      await addGroup(store, GLOBEX, 'staff');
      expect(await groupNames(store, ACME)).toEqual(['staff']);
    });

    it('are unique by displayName in a tenant, in any case, at creation and at a rename', async () => {
      const store = opened();
      await addGroup(store, ACME, 'Straße');
      const other = await addGroup(store, ACME, 'other');
      const conflict = {
        status: 409,
        scimType: 'uniqueness',
        detail: expect.stringContaining('displayName'),
      };
      await expect(addGroup(store, ACME, 'STRAßE')).rejects.toMatchObject(conflict);
      const ann = await addUser(store, ACME, 'ann');
      const rename = store.groups.change(
        ACME,
        other.id,
        () => ({ displayName: 'straße' }),
        [add(ann.id)],
        at(1),
      );
      await expect(rename).rejects.toMatchObject(conflict);
      expect(await store.groups.get(ACME, other.id, true)).toEqual({ ...other, members: [] });
    });

    it('are changed, and a refusal changes nothing, not even members', async () => {
      const store = opened();
      const ann = await addUser(store, ACME, 'ann');
      const group = await addGroup(store, ACME, 'staff');
      const refused = store.groups.change(
        ACME,
        group.id,
        () => {
          throw preconditionFailed();
        },
        [add(ann.id)],
        at(1),
      );
      await expect(refused).rejects.toMatchObject({ status: 412 });
      expect(await memberIds(store, ACME, group.id)).toEqual([]);
      const { group: changed } = await store.groups.change(
        ACME,
        group.id,
        () => ({ displayName: 'crew', externalId: 'c' }),
        [add(ann.id)],
        at(2),
      );
      expect(changed).toMatchObject({ version: 2, created: at(0), lastModified: at(2) });
      expect(await store.groups.get(ACME, group.id, false)).toEqual(changed);
      expect(await groupNames(store, ACME, { filter: 'displayName eq "CREW"' })).toEqual(['crew']);
    });

    it('lose their memberships on both sides when they are deleted, and leave members alone', async () => {
      const store = opened();
      const ann = await addUser(store, ACME, 'ann');
      const inner = await addGroup(store, ACME, 'inner', [ann.id]);
      const outer = await addGroup(store, ACME, 'outer', [inner.id]);
      await store.groups.delete(ACME, inner.id, () => {}, at(3));
      expect(await store.groups.get(ACME, inner.id, true)).toBeUndefined();
      expect(await store.groups.get(ACME, outer.id, true)).toMatchObject({
        version: 2,
        lastModified: at(3),
        members: [],
      });
      expect(await store.users.get(ACME, ann.id, true)).toMatchObject({ groups: [] });
      expect((await store.groups.list(ACME, groupQuery({ limit: 0 }))).total).toBe(1);
    });
  });

  describe('members', () => {
    const opened = useStore(open);
    const elements = findAttribute(GROUP_SCHEMA.attributes, 'members');
    if (elements === undefined) throw new Error('groups have members');
    const removeWhere = (filter: string) => ({
      kind: 'removeWhere' as const,
      where: resolveElementFilter(parseFilter(filter), elements),
    });

    it('are users and groups of the tenant; other ids are skipped and named', async () => {
      const store = opened();
      const ann = await addUser(store, ACME, 'ann');
      const inner = await addGroup(store, ACME, 'inner');
      const stranger = await addUser(store, GLOBEX, 'ann');
      const group = await addGroup(store, ACME, 'staff');
      const ids = ['nobody', ann.id, stranger.id, inner.id, ''];
      const result = await changeMembers(store, ACME, group.id, add(...ids));
      expect(result.unknownMembers).toEqual(['nobody', stranger.id, '']);
      const { members } = (await store.groups.get(ACME, group.id, true)) ?? {};
      expect(unpacked(members)).toEqual(
        [
          { value: ann.id, type: 'User' },
          { value: inner.id, type: 'Group' },
        ].toSorted((left, right) => (left.value < right.value ? -1 : 1)),
      );
    });

    it('are added, removed and replaced in the order of the changes', async () => {
      const store = opened();
      const [a, b, c] = [
        (await addUser(store, ACME, 'a')).id,
        (await addUser(store, ACME, 'b')).id,
        (await addUser(store, ACME, 'c')).id,
      ];
      const group = await addGroup(store, ACME, 'staff', [a]);
      await changeMembers(store, ACME, group.id, replace(b), add(c), remove(b), remove('nobody'));
      expect(await memberIds(store, ACME, group.id)).toEqual([c]);
      await changeMembers(store, ACME, group.id, remove(c), add(c));
      expect(await memberIds(store, ACME, group.id)).toEqual([c]);
      await changeMembers(store, ACME, group.id, replace());
      expect(await memberIds(store, ACME, group.id)).toEqual([]);
    });

    it('are not replaced by a list of unknown ids if the group has some', async () => {
      const store = opened();
      const [ann, bob] = [await addUser(store, ACME, 'ann'), await addUser(store, ACME, 'bob')];
      const stranger = await addUser(store, GLOBEX, 'ann');
      const group = await addGroup(store, ACME, 'staff', [ann.id, bob.id]);
      const rename = () => ({ displayName: 'crew' });
      for (const values of [['nobody'], ['nobody', stranger.id], ['']]) {
        for (const decide of [undefined, rename]) {
          for (const changes of [[replace(...values)], [remove(ann.id), replace(...values)]]) {
            await expect(
              store.groups.change(ACME, group.id, decide, changes, at(1)),
            ).rejects.toMatchObject({ status: 400, scimType: 'invalidValue' });
          }
        }
      }
      const { version, profile } = (await store.groups.get(ACME, group.id, false)) ?? {};
      expect({ version, json: profile?.json }).toEqual({
        version: 1,
        json: '{"displayName":"staff"}',
      });
      expect(await memberIds(store, ACME, group.id)).toEqual([ann.id, bob.id].toSorted());
      const part = await changeMembers(store, ACME, group.id, replace('nobody', bob.id));
      expect(part.unknownMembers).toEqual(['nobody']);
      expect(await memberIds(store, ACME, group.id)).toEqual([bob.id]);
      const emptied = await changeMembers(store, ACME, group.id, remove(bob.id), replace('nobody'));
      expect(emptied.unknownMembers).toEqual(['nobody']);
      expect(await memberIds(store, ACME, group.id)).toEqual([]);
      await changeMembers(store, ACME, group.id, replace('nobody'));
    });

    it('are not replaced by many unknown ids, some of them twice', async () => {
      const store = opened();
      const [ann, bob] = [await addUser(store, ACME, 'ann'), await addUser(store, ACME, 'bob')];
      const group = await addGroup(store, ACME, 'staff', [ann.id]);
      const unknown = Array.from({ length: 1_200 }, (_, index) => `nobody-${index}`);
      const twice = [...unknown, ...unknown.slice(0, 1)];
      await expect(changeMembers(store, ACME, group.id, replace(...twice))).rejects.toMatchObject({
        status: 400,
        scimType: 'invalidValue',
      });
      expect(await memberIds(store, ACME, group.id)).toEqual([ann.id]);
      await changeMembers(store, ACME, group.id, replace(...twice, bob.id, bob.id));
      expect(await memberIds(store, ACME, group.id)).toEqual([bob.id]);
      await changeMembers(store, ACME, group.id, add(ann.id), replace(...twice, bob.id));
      expect(await memberIds(store, ACME, group.id)).toEqual([bob.id]);
    });

    it('are removed by a filter on value, type and $ref', async () => {
      const store = opened();
      const ann = await addUser(store, ACME, 'ann');
      const bob = await addUser(store, ACME, 'bob');
      const inner = await addGroup(store, ACME, 'inner');
      const group = await addGroup(store, ACME, 'staff', [ann.id, bob.id, inner.id]);
      await changeMembers(store, ACME, group.id, removeWhere('type eq "group"'));
      expect(await memberIds(store, ACME, group.id)).toEqual([ann.id, bob.id]);
      const filter = `$ref ew "/${ann.id}" and not (value eq "${bob.id}")`;
      await changeMembers(store, ACME, group.id, removeWhere(filter));
      expect(await memberIds(store, ACME, group.id)).toEqual([bob.id]);
    });

    it('change the version of the group only when they change, and never that of the user', async () => {
      const store = opened();
      const ann = await addUser(store, ACME, 'ann');
      const group = await addGroup(store, ACME, 'staff', [ann.id]);
      for (const change of [add(ann.id), remove('nobody'), replace(ann.id), add('nobody')]) {
        const { group: same } = await changeMembers(store, ACME, group.id, change);
        expect(same).toMatchObject({ version: 1, lastModified: at(0) });
      }
      const { group: changed } = await changeMembers(store, ACME, group.id, remove(ann.id));
      expect(changed).toMatchObject({ version: 2, lastModified: at(1) });
      expect(await store.users.get(ACME, ann.id, false)).toEqual(ann);
    });

    it('are replaced by a list of 200,000, most of them unknown', async () => {
      const store = opened();
      const ann = await addUser(store, ACME, 'ann');
      const group = await addGroup(store, ACME, 'Everybody');
      const ids = Array.from({ length: 200_000 }, (_, index) => `nobody-${index}`);
      const { unknownMembers } = await changeMembers(
        store,
        ACME,
        group.id,
        { kind: 'replace', values: [...ids.slice(0, 100_000), ann.id] },
        { kind: 'replace', values: [...ids, ann.id] },
      );
      expect(unknownMembers).toHaveLength(300_000);
      expect(await memberIds(store, ACME, group.id)).toEqual([ann.id]);
    });

    it('survive 100 parallel additions and removals without losing one', async () => {
      const store = opened();
      const users = await Promise.all(
        Array.from({ length: 100 }, (_, n) => addUser(store, ACME, `user${n}`)),
      );
      const leaving = users.slice(0, 10).map(({ id }) => id);
      const group = await addGroup(store, ACME, 'staff', leaving);
      await Promise.all([
        ...users.slice(10).map(({ id }) => changeMembers(store, ACME, group.id, add(id))),
        ...leaving.map((id) => changeMembers(store, ACME, group.id, remove(id))),
      ]);
      const expected = users.slice(10).map(({ id }) => id);
      expect(await memberIds(store, ACME, group.id)).toEqual(expected.toSorted());
      expect(await store.groups.get(ACME, group.id, false)).toMatchObject({ version: 101 });
    });

    it('of a group may be groups, but no group may contain itself at any depth', async () => {
      const store = opened();
      const inner = await addGroup(store, ACME, 'inner');
      const middle = await addGroup(store, ACME, 'middle', [inner.id]);
      const outer = await addGroup(store, ACME, 'outer', [middle.id]);
      const ann = await addUser(store, ACME, 'ann');
      for (const id of [inner.id, middle.id, outer.id]) {
        const change = changeMembers(store, ACME, inner.id, add(ann.id, id));
        await expect(change).rejects.toMatchObject({ status: 400, scimType: 'invalidValue' });
      }
      expect(await memberIds(store, ACME, inner.id)).toEqual([]);
      await changeMembers(store, ACME, outer.id, add(inner.id));
      expect(await memberIds(store, ACME, outer.id)).toEqual([inner.id, middle.id].toSorted());
    });

    it('form no cycle when two groups add each other at the same time', async () => {
      const store = opened();
      const one = await addGroup(store, ACME, 'one');
      const two = await addGroup(store, ACME, 'two');
      const results = await Promise.allSettled([
        changeMembers(store, ACME, one.id, add(two.id)),
        changeMembers(store, ACME, two.id, add(one.id)),
      ]);
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    });

    it("appear as a user's groups, direct and indirect ones, once each", async () => {
      const store = opened();
      const ann = await addUser(store, ACME, 'ann');
      const bob = await addUser(store, ACME, 'bob');
      const cid = await addUser(store, ACME, 'cid');
      const inner = await addGroup(store, ACME, 'Inner', [ann.id]);
      const middle = await addGroup(store, ACME, 'Middle', [inner.id, bob.id]);
      const outer = await addGroup(store, ACME, 'Outer', [middle.id, ann.id, cid.id]);
      await addGroup(store, ACME, 'Unrelated', []);
      const entry = (group: { id: string }, displayName: string, type: string) => ({
        groupId: group.id,
        displayName,
        type,
      });
      const ofAnn = [
        entry(inner, 'Inner', 'direct'),
        entry(middle, 'Middle', 'indirect'),
        entry(outer, 'Outer', 'direct'),
      ];
      const ofCid = [entry(outer, 'Outer', 'direct')];
      expect((await store.users.get(ACME, ann.id, true))?.groups).toEqual(ofAnn);
      expect((await store.users.get(ACME, cid.id, true))?.groups).toEqual(ofCid);
      const { records } = await store.users.list(ACME, userQuery({ related: true }));
      expect(records.map(({ groups }) => groups)).toEqual([
        ofAnn,
        [entry(middle, 'Middle', 'direct'), entry(outer, 'Outer', 'indirect')],
        ofCid,
      ]);
      expect(await store.users.get(ACME, ann.id, false)).not.toHaveProperty('groups');
    });

    it('appear on each page of users as they do at each user, nested or not', async () => {
      const store = opened();
      const ids: string[] = [];
      const rename = async (id: string, displayName: string) =>
        store.groups.change(ACME, id, () => ({ displayName }), [], at(1));
      const create = async (name: string) => {
        const { id } = await addUser(store, ACME, name);
        ids.push(id);
        return id;
      };
      const [ann, bob] = [await create('ann'), await create('bob')];
      const staff = await addGroup(store, ACME, 'Staff', [ann]);
      const cid = await create('cid');
      const crew = await addGroup(store, ACME, 'Crew', [ann, cid]);
      const dan = await create('dan');
      await addGroup(store, GLOBEX, 'Others');
      const groupsOf = async (options: object) => {
        const { records } = await store.users.list(ACME, userQuery({ related: true, ...options }));
        return records.map(({ groups = [] }) => groups.map((each) => each.displayName).toSorted());
      };
      const alone = async () => {
        const each = ids.map((id) => store.users.get(ACME, id, true));
        const found = await Promise.all(each);
        return found.map((user) => (user?.groups ?? []).map((one) => one.displayName).toSorted());
      };
      const expectGroups = async (...expected: readonly string[][]) => {
        expect(await alone()).toEqual(expected);
        expect(await groupsOf({})).toEqual(expected);
        expect(await groupsOf({ after: 'start' })).toEqual(expected);
        expect(await groupsOf({ after: { id: bob }, limit: 2 })).toEqual(expected.slice(2));
        expect(await groupsOf({ offset: 1, limit: 2 })).toEqual(expected.slice(1, 3));
        expect(await groupsOf({ sortBy: 'userName', sortOrder: 'descending' })).toEqual(
          expected.toReversed(),
        );
        const ends = `id eq "${ann}" or id eq "${dan}"`;
        expect(await groupsOf({ filter: ends })).toEqual([expected[0], expected[3]]);
      };
      await expectGroups(['Crew', 'Staff'], [], ['Crew'], []);
      await rename(crew.id, 'Team');
      await expectGroups(['Staff', 'Team'], [], ['Team'], []);
      const all = await addGroup(store, ACME, 'All', [staff.id, dan]);
      await expectGroups(['All', 'Staff', 'Team'], [], ['Team'], ['All']);
      await changeMembers(store, ACME, all.id, add(bob), remove(staff.id));
      await expectGroups(['Staff', 'Team'], ['All'], ['Team'], ['All']);
    });

    it('appear on a page of users however many they are', async () => {
      const store = opened();
      const [ann, bob] = [await addUser(store, ACME, 'ann'), await addUser(store, ACME, 'bob')];
      const names = Array.from({ length: 203 }, (_, n) => `group ${n}`);
      await Promise.all(names.map((name) => addGroup(store, ACME, name, [ann.id])));
      await addGroup(store, ACME, 'last', [bob.id]);
      const { records } = await store.users.list(ACME, userQuery({ related: true }));
      const listed = records.map(({ groups = [] }) => groups.map((each) => each.displayName));
      expect(listed.map((each) => each.toSorted())).toEqual([names.toSorted(), ['last']]);
    });
  });
}
