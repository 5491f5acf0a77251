/** Groups as the console shows them, and who is in them. */
import { describe, expect, it } from 'vitest';
import { pageCursor } from '../../../../src/directory/sql/people/cursor.ts';
import { CursorError } from '../../../../src/directory/store/cursor-error.ts';
import type { GroupMember } from '../../../../src/directory/store/people.ts';
import type { Store } from '../../../../src/directory/store/store.ts';
import { ACME, addGroup, addUser, at, GLOBEX, type Open, useStore } from '../fixture.ts';

const { tenant } = ACME;

const NO_CURSORS = ['abc', 'W10', pageCursor('a', 'b'), pageCursor('a\0')];

const nameOf = (member: GroupMember) =>
  member.type === 'User' ? member.userName : member.displayName;

/** Reads all pages. */
async function membersOf(store: Store, groupId: string, nested: boolean, limit: number) {
  const members: GroupMember[] = [];
  let after: string | undefined;
  do {
    const page = await store.people.members(tenant, groupId, { nested, after, limit });
    expect(page.members.length).toBeLessThanOrEqual(limit);
    members.push(...page.members);
    after = page.next;
  } while (after !== undefined);
  return members;
}

export function peopleGroupContract(open: Open): void {
  describe('the groups of a person', () => {
    const opened = useStore(open);

    it('come with the shortest way to each, in the order of names', async () => {
      const store = opened();
      const ann = await addUser(store, ACME, 'ann');
      const team = await addGroup(store, ACME, 'team', [ann.id]);
      const unit = await addGroup(store, ACME, 'Unit', [team.id]);
      const staff = await addGroup(store, ACME, 'staff', [unit.id, ann.id]);
      const all = await addGroup(store, ACME, 'all', [unit.id, staff.id]);
      await addGroup(store, ACME, 'others', []);
      const reference = ({ id }: { readonly id: string }, displayName: string) => ({
        id,
        displayName,
      });
      expect(await store.people.groupsOf(tenant, ann.id)).toEqual([
        { ...reference(all, 'all'), via: [reference(staff, 'staff')] },
        { ...reference(staff, 'staff'), via: [] },
        { ...reference(team, 'team'), via: [] },
        { ...reference(unit, 'Unit'), via: [reference(team, 'team')] },
      ]);
      const way = await store.people.groupsOf(tenant, team.id);
      expect(way.map(({ displayName, via }) => [displayName, via.length])).toEqual([
        ['all', 1],
        ['staff', 1],
        ['Unit', 0],
      ]);
      expect(await store.people.groupsOf(GLOBEX.tenant, ann.id)).toEqual([]);
    });
  });

  describe('the direct groups of users', () => {
    const opened = useStore(open);

    it('are counted and the oldest are named, without those that hold a group of the user', async () => {
      const store = opened();
      const [ann, bob, cid] = [
        await addUser(store, ACME, 'ann'),
        await addUser(store, ACME, 'bob'),
        await addUser(store, ACME, 'cid'),
      ];
      const groups = [];
      for (const name of ['d', 'c', 'b', 'a'])
        groups.push(await addGroup(store, ACME, name, [ann.id]));
      const team = await addGroup(store, ACME, 'team', [bob.id]);
      await addGroup(store, ACME, 'above', [team.id]);
      const found = await store.people.directGroups(tenant, [ann.id, bob.id, cid.id]);
      const named = groups.map(({ id }, index) => ({ id, displayName: 'dcba'[index] }));
      expect(Object.fromEntries(found)).toEqual({
        [ann.id]: { named: named.slice(0, 3), count: 4, more: false },
        [bob.id]: { named: [{ id: team.id, displayName: 'team' }], count: 1, more: false },
        [cid.id]: { named: [], count: 0, more: false },
      });
      expect((await store.people.directGroups(GLOBEX.tenant, [ann.id])).get(ann.id)?.count).toBe(0);
      expect((await store.people.directGroups(tenant, [])).size).toBe(0);
    });
  });

  describe('a list of groups', () => {
    const opened = useStore(open);

    it('finds them by the beginning of their names, page by page', async () => {
      const store = opened();
      const ann = await addUser(store, ACME, 'ann');
      for (const name of ['Äpfel', 'äpfel b', 'apfel', 'x', 'Ä']) {
        await addGroup(store, ACME, name, [ann.id]);
      }
      await addGroup(store, GLOBEX, 'äpfel');
      const { searchGroups } = store.people;
      const found = await searchGroups(tenant, { text: 'ÄP', limit: 10 });
      expect(found.groups.map(({ displayName }) => displayName)).toEqual(['Äpfel', 'äpfel b']);
      expect(found.next).toBeUndefined();
      expect(found.groups[0]).toMatchObject({
        members: { count: 1, more: false },
        lastModified: at(0),
      });
      const names: string[] = [];
      let after: string | undefined;
      do {
        const page = await searchGroups(tenant, { after, limit: 2 });
        names.push(...page.groups.map(({ displayName }) => displayName));
        after = page.next;
      } while (after !== undefined);
      expect(names).toEqual(['apfel', 'x', 'Ä', 'Äpfel', 'äpfel b']);
      for (const text of ['a\0', '%', "'"]) {
        expect((await searchGroups(tenant, { text, limit: 9 })).groups).toEqual([]);
      }
    });

    it.each(NO_CURSORS)('does not begin where no page ended: %j', async (after) => {
      const { people } = opened();
      await expect(people.searchGroups(tenant, { after, limit: 9 })).rejects.toThrow(CursorError);
      const page = { nested: false, after, limit: 9 };
      await expect(people.members(tenant, 'g', page)).rejects.toThrow(CursorError);
    });

    it('is also found by names alone', async () => {
      const store = opened();
      for (const name of ['x', 'Äpfel', 'äpfel b', 'Ä']) await addGroup(store, ACME, name);
      await addGroup(store, GLOBEX, 'äpfel');
      const { groupNames } = store.people;
      for (const [query, names] of [
        [{ text: 'ÄP', limit: 10 }, ['Äpfel', 'äpfel b']],
        [{ limit: 3 }, ['x', 'Ä', 'Äpfel']],
        [{ text: 'a\0', limit: 10 }, []],
      ] as const) {
        const found = await groupNames(tenant, query);
        expect(found.map(({ displayName }) => displayName)).toEqual(names);
      }
      expect(Object.keys((await groupNames(tenant, { limit: 1 }))[0] ?? {})).toEqual([
        'id',
        'displayName',
      ]);
    });

    it('counts members up to a limit', async () => {
      const store = opened();
      const ids: string[] = [];
      for (let n = 0; n < 1_001; n++) ids.push((await addUser(store, ACME, `u${n}`)).id);
      await addGroup(store, ACME, 'many', ids);
      const { groups } = await store.people.searchGroups(tenant, { limit: 5 });
      expect(groups[0]?.members).toEqual({ count: 1_000, more: true });
    });
  });

  describe('a group', () => {
    const opened = useStore(open);

    it('has a name, and only in its tenant', async () => {
      const store = opened();
      const { id } = await addGroup(store, ACME, 'Staff');
      expect(await store.people.group(tenant, id)).toEqual({ id, displayName: 'Staff' });
      expect(await store.people.group(GLOBEX.tenant, id)).toBeUndefined();
    });

    it('has users and groups as direct members, in the order of creation', async () => {
      const store = opened();
      const ann = await addUser(store, ACME, 'ann', {
        displayName: 'Ann',
        active: false,
        emails: [{ value: 'first@x' }, { value: 'ann@x', primary: true }],
      });
      const inner = await addGroup(store, ACME, 'inner', []);
      const bob = await addUser(store, ACME, 'bob');
      const group = await addGroup(store, ACME, 'staff', [bob.id, inner.id, ann.id]);
      for (const limit of [1, 2, 3, 10]) {
        const members = await membersOf(store, group.id, false, limit);
        expect(members.map(nameOf)).toEqual(['ann', 'inner', 'bob']);
      }
      const [first, second] = await membersOf(store, group.id, false, 10);
      expect(first).toEqual({
        type: 'User',
        id: ann.id,
        userName: 'ann',
        displayName: 'Ann',
        email: 'ann@x',
        active: false,
        lastModified: at(0),
        via: undefined,
      });
      expect(second).toEqual({ type: 'Group', id: inner.id, displayName: 'inner' });
      const page = { nested: false, limit: 9 };
      expect(await store.people.members(GLOBEX.tenant, group.id, page)).toEqual({
        members: [],
        next: undefined,
      });
    });

    it('has each user once as a nested member, with the group that has the user', async () => {
      const store = opened();
      const users = [];
      for (const name of ['a', 'b', 'c', 'd', 'e'])
        users.push((await addUser(store, ACME, name)).id);
      const [a = '', b = '', c = '', d = ''] = users;
      const deep = await addGroup(store, ACME, 'deep', [a, b]);
      const inner = await addGroup(store, ACME, 'inner', [b, c, deep.id]);
      const group = await addGroup(store, ACME, 'staff', [a, d, inner.id]);
      for (const limit of [1, 2, 4, 10]) {
        const members = await membersOf(store, group.id, true, limit);
        expect(members.map(nameOf)).toEqual(['a', 'b', 'c', 'd']);
      }
      const members = await membersOf(store, group.id, true, 10);
      const via = members.map((each) => (each.type === 'User' ? each.via?.displayName : 'group'));
      expect(via).toEqual([undefined, 'inner', 'inner', undefined]);
    });

    it('has nested members through more groups than a statement reads', async () => {
      const store = opened();
      const inner: string[] = [];
      for (let n = 0; n < 70; n++) {
        const user = await addUser(store, ACME, `u${String(n).padStart(2, '0')}`);
        inner.push((await addGroup(store, ACME, `g${n}`, [user.id])).id);
      }
      const group = await addGroup(store, ACME, 'all', inner);
      const members = await membersOf(store, group.id, true, 30);
      expect(new Set(members.map(nameOf)).size).toBe(70);
      expect(members).toHaveLength(70);
    });
  });
}
