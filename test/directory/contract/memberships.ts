/** The users in a group, for readers that follow it, and how they notice changes. */
import { describe, expect, it } from 'vitest';
import type {
  GroupSelector,
  MembershipBasis,
  MembershipLimits,
} from '../../../src/directory/store/followed-groups.ts';
import type { Scope } from '../../../src/directory/store/resources.ts';
import type { Store } from '../../../src/directory/store/store.ts';
import type { Attributes } from '../../../src/scim/resource.ts';
import {
  ACME,
  ACME_TOO,
  add,
  addGroup,
  addUser,
  at,
  changeMembers,
  GLOBEX,
  integration,
  type Open,
  remove,
  replace,
  useStore,
} from './fixture.ts';

const LIMITS: MembershipLimits = { members: 100, groups: 10 };
const STAFF: GroupSelector = { displayName: 'Staff' };

const read = (store: Store, selector: GroupSelector = STAFF, limits = LIMITS) =>
  store.memberships.read('acme', selector, limits, 'externalId');
const userNames = async (store: Store, selector?: GroupSelector) =>
  (await read(store, selector)).members?.map(({ userName }) => userName).toSorted();

/** The current basis of what was read before. */
async function look(
  store: Store,
  { versions }: MembershipBasis,
  selector: GroupSelector = STAFF,
): Promise<MembershipBasis | undefined> {
  const groupIds = Object.keys(versions);
  return (await store.memberships.bases([{ tenant: 'acme', selector, groupIds }]))[0];
}

const changeUser = (store: Store, scope: Scope, id: string, changes: Attributes) =>
  store.users.change(scope, id, ({ profile }) => ({ ...profile.attributes, ...changes }), at(1));
const changeGroup = (store: Store, scope: Scope, id: string, changes: Attributes) =>
  store.groups.change(
    scope,
    id,
    ({ profile }) => ({ ...profile.attributes, ...changes }),
    [],
    at(1),
  );
const deleteUser = (store: Store, id: string) =>
  store.users.delete(ACME, id, () => undefined, at(1));
const deleteGroup = (store: Store, id: string) =>
  store.groups.delete(ACME, id, () => undefined, at(1));

export function membershipContract(open: Open): void {
  describe('a followed group', () => {
    const opened = useStore(open);

    it('has its active users, direct and nested, once each, with their original userNames', async () => {
      const store = opened();
      const ann = await addUser(store, ACME, 'Ann@Acme.example');
      const bob = await addUser(store, ACME, 'bob', { active: false });
      const cid = await addUser(store, ACME, 'cid');
      await store.users.change(ACME, cid.id, () => ({ userName: 'cid' }), at(1));
      const dora = await addUser(store, ACME, 'dora');
      await addUser(store, ACME, 'nobody');
      const inner = await addGroup(store, ACME, 'inner', [ann.id, dora.id]);
      const middle = await addGroup(store, ACME, 'middle', [inner.id, cid.id]);
      const staff = await addGroup(store, ACME, 'Staff', [ann.id, bob.id, middle.id, inner.id]);
      const { group, members, basis } = await read(store, { displayName: 'sTAFF' });
      expect(group).toEqual({ id: staff.id, displayName: 'Staff' });
      expect(members?.map(({ userName }) => userName)).toEqual(['Ann@Acme.example', 'dora']);
      expect(basis).toMatchObject({ found: [staff.id], userChanges: 1 });
      expect(Object.keys(basis.versions).toSorted()).toEqual(
        [inner.id, middle.id, staff.id].toSorted(),
      );
    });

    it('is found in its own tenant only', async () => {
      const store = opened();
      const ann = await addUser(store, GLOBEX, 'ann');
      await addGroup(store, GLOBEX, 'Staff', [ann.id]);
      const reading = await read(store);
      expect(reading).toEqual({
        basis: { found: [], versions: {}, userChanges: 0 },
        members: [],
      });
    });

    it('with more members than the limit is not read, and one at the limit is', async () => {
      const store = opened();
      const users = await Promise.all(
        ['a', 'b', 'c', 'd'].map((name) => addUser(store, ACME, name)),
      );
      const [first = '', ...rest] = users.map(({ id }) => id);
      const nested = await addGroup(store, ACME, 'nested', rest);
      const staff = await addGroup(store, ACME, 'Staff', [first, nested.id]);
      const limited = (members: number, groups: number) => read(store, STAFF, { members, groups });
      expect((await limited(4, 2)).members).toHaveLength(4);
      for (const reading of [await limited(3, 2), await limited(4, 1)]) {
        expect(reading.members).toBeUndefined();
        expect(reading.group?.id).toBe(staff.id);
      }
      await changeUser(store, ACME, first, { active: false });
      expect((await limited(3, 2)).members).toBeUndefined();
    });

    it('is found by the externalId that any integration of the tenant gave it', async () => {
      const store = opened();
      const ann = await addUser(store, ACME, 'ann');
      const staff = await addGroup(store, ACME_TOO, 'Staff', [ann.id]);
      await changeGroup(store, ACME_TOO, staff.id, { externalId: 'e-1' });
      await addUser(store, ACME, 'e-1', { externalId: 'e-1' });
      const other = await addGroup(store, GLOBEX, 'other');
      await changeGroup(store, GLOBEX, other.id, { externalId: 'e-1' });
      expect(await userNames(store, { externalId: 'e-1' })).toEqual(['ann']);
      expect(await userNames(store, { externalId: 'E-1' })).toEqual([]);
      // Both integrations name the same group.
      await changeGroup(store, ACME, staff.id, { externalId: 'e-1' });
      expect((await read(store, { externalId: 'e-1' })).basis.found).toEqual([staff.id]);
    });

    it('is ambiguous if two have the externalId, unless only one is of a live integration', async () => {
      const store = opened();
      await store.integrations.put(integration({ id: 'okta', name: 'okta' }));
      await store.integrations.put(integration({ id: 'entra', name: 'entra', uid: 'uid-entra' }));
      const ann = await addUser(store, ACME, 'ann');
      const one = await addGroup(store, ACME, 'one', [ann.id]);
      const two = await addGroup(store, ACME_TOO, 'two', [ann.id]);
      await changeGroup(store, ACME, one.id, { externalId: 'e-1' });
      const alone = (await read(store, { externalId: 'e-1' })).basis;
      await changeGroup(store, ACME_TOO, two.id, { externalId: 'e-1' });
      const both = { basis: { found: [one.id, two.id].toSorted() }, members: [] };
      const reading = await read(store, { externalId: 'e-1' });
      expect(reading).toMatchObject(both);
      expect(reading.group).toBeUndefined();
      expect((await look(store, alone, { externalId: 'e-1' }))?.found).toEqual(both.basis.found);
      await store.integrations.end('entra', at(2));
      expect((await read(store, { externalId: 'e-1' })).group?.id).toBe(one.id);
      await store.integrations.end('okta', at(2));
      expect(await read(store, { externalId: 'e-1' })).toMatchObject(both);
    });
  });

  describe('a follower of a group notices', () => {
    const opened = useStore(open);

    /** Ann and the group `nested`, which contains Bob, are in Staff. */
    async function staffed() {
      const store = opened();
      const ann = await addUser(store, ACME, 'ann');
      const bob = await addUser(store, ACME, 'bob');
      const cid = await addUser(store, ACME, 'cid');
      const nested = await addGroup(store, ACME, 'nested', [bob.id]);
      const staff = await addGroup(store, ACME, 'Staff', [ann.id, nested.id]);
      const { basis } = await read(store);
      expect(await look(store, basis)).toEqual(basis);
      return { store, ann, bob, cid, nested, staff, basis };
    }
    type Staffed = Awaited<ReturnType<typeof staffed>>;

    it.each<[string, (given: Staffed) => Promise<unknown>, readonly string[]]>([
      [
        'a member that joins',
        ({ store, staff, cid }) => changeMembers(store, ACME, staff.id, add(cid.id)),
        ['ann', 'bob', 'cid'],
      ],
      [
        'a member that joins in one statement',
        ({ store, staff, cid }) =>
          store.groups.change(ACME, staff.id, undefined, [add(cid.id)], at(1)),
        ['ann', 'bob', 'cid'],
      ],
      [
        'a member that leaves',
        ({ store, staff, ann }) => changeMembers(store, ACME, staff.id, remove(ann.id)),
        ['bob'],
      ],
      [
        'members that are replaced',
        ({ store, staff, cid }) => changeMembers(store, ACME, staff.id, replace(cid.id)),
        ['cid'],
      ],
      [
        'a member of a nested group',
        ({ store, nested, cid }) => changeMembers(store, ACME, nested.id, add(cid.id)),
        ['ann', 'bob', 'cid'],
      ],
      [
        'a group that joins a nested one',
        async ({ store, nested, cid }) => {
          const deep = await addGroup(store, ACME, 'deep', [cid.id]);
          await changeMembers(store, ACME, nested.id, add(deep.id));
        },
        ['ann', 'bob', 'cid'],
      ],
      [
        'a nested group that is deleted',
        ({ store, nested }) => deleteGroup(store, nested.id),
        ['ann'],
      ],
      [
        'a user that is deactivated',
        ({ store, bob }) => changeUser(store, ACME, bob.id, { active: false }),
        ['ann'],
      ],
      [
        'a user that is renamed',
        ({ store, ann }) => changeUser(store, ACME, ann.id, { userName: 'Ann' }),
        ['Ann', 'bob'],
      ],
      [
        "a user's new e-mail address",
        ({ store, ann }) => changeUser(store, ACME, ann.id, { emails: [{ value: 'ann@x' }] }),
        ['ann', 'bob'],
      ],
      [
        "a user's new externalId",
        ({ store, ann }) => changeUser(store, ACME_TOO, ann.id, { externalId: 'x' }),
        ['ann', 'bob'],
      ],
      ['a user that is deleted', ({ store, bob }) => deleteUser(store, bob.id), ['ann']],
      [
        'that it is renamed',
        ({ store, staff }) => changeGroup(store, ACME, staff.id, { displayName: 'Crew' }),
        [],
      ],
      ['that it is deleted', ({ store, staff }) => deleteGroup(store, staff.id), []],
      [
        'that it is recreated',
        async ({ store, staff, cid }) => {
          await deleteGroup(store, staff.id);
          await addGroup(store, ACME, 'staff', [cid.id]);
        },
        ['cid'],
      ],
    ])('%s', async (_, change, expected) => {
      const given = await staffed();
      await change(given);
      expect(await look(given.store, given.basis)).not.toEqual(given.basis);
      expect(await userNames(given.store)).toEqual(expected);
    });

    it('a user that becomes active again', async () => {
      const { store, ann } = await staffed();
      await changeUser(store, ACME, ann.id, { active: false });
      const { basis } = await read(store);
      await changeUser(store, ACME, ann.id, { active: true });
      expect(await look(store, basis)).not.toEqual(basis);
      expect(await userNames(store)).toEqual(['ann', 'bob']);
    });

    it('an integration that ends, is restored or is purged, after which other externalIds count', async () => {
      const { store, ann } = await staffed();
      const okta = integration({ id: 'okta', name: 'okta' });
      await store.integrations.put(okta);
      await store.integrations.put(integration({ id: 'entra', name: 'entra', uid: 'uid-entra' }));
      await changeUser(store, ACME, ann.id, { externalId: 'of-okta' });
      await changeUser(store, ACME_TOO, ann.id, { externalId: 'of-entra' });
      const annOf = async () => {
        const { members, basis } = await read(store);
        const externalId = members?.find(({ userName }) => userName === 'ann')?.externalId;
        return { externalId, basis };
      };
      let before = await annOf();
      expect(before.externalId).toBeUndefined();
      for (const [change, expected] of [
        [() => store.integrations.end('okta', at(2)), 'of-entra'],
        [() => store.integrations.put(okta), undefined],
        [() => store.integrations.end('okta', at(3)), 'of-entra'],
        [() => store.integrations.end('entra', at(3)), undefined],
        [() => store.integrations.purge('entra', at(4)), 'of-okta'],
        [
          () => store.integrations.put({ ...okta, tenant: 'globex', namespace: 'globex' }),
          'of-okta',
        ],
      ] as const) {
        await change();
        expect(await look(store, before.basis)).not.toEqual(before.basis);
        before = await annOf();
        expect(before.externalId).toBe(expected);
      }
      await store.integrations.put({
        ...okta,
        tenant: 'globex',
        namespace: 'globex',
        enabled: false,
      });
      await store.integrations.disallow(['okta']);
      expect(await look(store, before.basis)).toEqual(before.basis);
    });

    it('a group that is created', async () => {
      const store = opened();
      const { basis } = await read(store);
      await addGroup(store, ACME, 'Staff');
      expect(await look(store, basis)).not.toEqual(basis);
    });

    it('nothing else that happens', async () => {
      const { store, ann, cid, basis } = await staffed();
      await changeUser(store, ACME, ann.id, { title: 'Countess' });
      await addUser(store, ACME, 'dora');
      await addUser(store, GLOBEX, 'ann').then(({ id }) =>
        changeUser(store, GLOBEX, id, { active: false }),
      );
      const other = await addGroup(store, ACME, 'other', [cid.id]);
      await changeMembers(store, ACME, other.id, add(ann.id));
      await deleteUser(store, cid.id);
      expect(await look(store, basis)).toEqual(basis);
    });
  });

  describe('a member is named after', () => {
    const opened = useStore(open);

    /** What Ann can be named after, in her group and by herself. */
    async function nameOf(store: Store, id: string) {
      const { members } = await read(store);
      const alone = await store.memberships.of('acme', id, 'externalId');
      expect(members).toEqual([alone?.person]);
      return alone?.person;
    }

    it('an e-mail address and the externalId that her integrations gave her', async () => {
      const store = opened();
      await store.integrations.put(integration({ id: 'okta', name: 'okta' }));
      await store.integrations.put(integration({ id: 'entra', name: 'entra', uid: 'uid-entra' }));
      const emails = [{ value: 'a@home' }, { value: 'Ann@x', type: 'work' }];
      const ann = await addUser(store, ACME, 'ann', { emails, externalId: 'E-1' });
      await addGroup(store, ACME, 'Staff', [ann.id]);
      const known = { userName: 'ann', email: 'Ann@x', externalId: 'E-1' };
      expect(await nameOf(store, ann.id)).toEqual(known);
      await changeUser(store, ACME_TOO, ann.id, { externalId: 'E-1' });
      expect(await nameOf(store, ann.id)).toEqual(known);
      await changeUser(store, ACME_TOO, ann.id, { externalId: 'e-2' });
      expect(await nameOf(store, ann.id)).toEqual({ ...known, externalId: undefined });
      await store.integrations.end('entra', at(2));
      expect(await nameOf(store, ann.id)).toEqual(known);
      await store.integrations.end('okta', at(2));
      expect(await nameOf(store, ann.id)).toEqual({ ...known, externalId: undefined });
    });

    it('nothing of another tenant', async () => {
      const store = opened();
      const ann = await addUser(store, ACME, 'ann');
      await addGroup(store, ACME, 'Staff', [ann.id]);
      expect(await store.memberships.of('globex', ann.id, 'externalId')).toBeUndefined();
      expect(await nameOf(store, ann.id)).toEqual({ userName: 'ann' });
    });
  });

  describe('a user', () => {
    const opened = useStore(open);

    it('is in groups, direct and nested, once each, and active or not', async () => {
      const store = opened();
      const ann = await addUser(store, ACME, 'ann');
      const inner = await addGroup(store, ACME, 'inner', [ann.id]);
      await addGroup(store, ACME, 'Outer', [inner.id, ann.id]);
      await addGroup(store, ACME, 'other');
      const found = () => store.memberships.of('acme', ann.id, 'userName');
      expect((await found())?.groups.toSorted()).toEqual(['Outer', 'inner']);
      expect((await found())?.active).toBe(true);
      await changeUser(store, ACME, ann.id, { active: false });
      expect((await found())?.active).toBe(false);
      await deleteUser(store, ann.id);
      expect(await found()).toBeUndefined();
    });
  });

  describe('the bases of several groups', () => {
    const opened = useStore(open);

    it('come in the order of the question, each from its own tenant', async () => {
      const store = opened();
      const acme = await addGroup(store, ACME, 'Staff');
      const globex = await addGroup(store, GLOBEX, 'Staff');
      await changeMembers(store, GLOBEX, globex.id, add(acme.id));
      await changeGroup(store, GLOBEX, globex.id, { externalId: 'Staff' });
      const follow = (tenant: string, selector: GroupSelector, ...groupIds: string[]) => ({
        tenant,
        selector,
        groupIds,
      });
      expect(
        await store.memberships.bases([
          follow('globex', { externalId: 'Staff' }, globex.id, acme.id),
          follow('nowhere', STAFF),
          follow('acme', STAFF, acme.id, globex.id),
          follow('acme', { externalId: 'Staff' }, acme.id),
          follow('globex', STAFF, globex.id),
        ]),
      ).toEqual([
        { found: [globex.id], versions: { [globex.id]: 2 }, userChanges: 0 },
        { found: [], versions: {}, userChanges: 0 },
        { found: [acme.id], versions: { [acme.id]: 1 }, userChanges: 0 },
        { found: [], versions: { [acme.id]: 1 }, userChanges: 0 },
        { found: [globex.id], versions: { [globex.id]: 2 }, userChanges: 0 },
      ]);
      expect(await store.memberships.bases([])).toEqual([]);
    });
  });
}
