/** The contract of ActivityStore, and of the entries that SCIM writes append. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '../../../src/directory/ids.ts';
import type {
  ActivityChange,
  ActivityEntry,
  ActivityQuery,
  AttributeChange,
  NewActivity,
} from '../../../src/directory/store/activity.ts';
import { CursorError } from '../../../src/directory/store/cursor-error.ts';
import type { Author } from '../../../src/directory/store/resources.ts';
import type { Store } from '../../../src/directory/store/store.ts';
import { resolveElementFilter } from '../../../src/scim/condition-resolver.ts';
import { parseFilter } from '../../../src/scim/filter-parser.ts';
import type { MemberChange } from '../../../src/scim/members.ts';
import { findAttribute } from '../../../src/scim/schema.ts';
import { ENTERPRISE_USER_URN } from '../../../src/scim/schemas/enterprise-user.ts';
import { GROUP_SCHEMA } from '../../../src/scim/schemas/group.ts';
import {
  ACME,
  ACME_TOO,
  add,
  addGroup,
  addUser,
  at,
  GLOBEX,
  integration,
  type Open,
  type OpenStore,
  remove,
  replace,
  useStore,
} from './fixture.ts';

const BY_REQUEST: Author = { ...ACME, requestId: 'r-1' };

function whereElement(filter: string) {
  const elements = findAttribute(GROUP_SCHEMA.attributes, 'members');
  if (elements === undefined) throw new Error('groups have members');
  return resolveElementFilter(parseFilter(filter), elements);
}

async function entriesOf(store: Store, more: Partial<ActivityQuery> = {}) {
  const { entries } = await store.activity.list({ tenant: 'acme', limit: 100, ...more });
  return entries;
}

async function newest(store: Store): Promise<ActivityEntry | undefined> {
  const [entry] = await entriesOf(store, { limit: 1 });
  return entry;
}

async function changeOf(store: Store): Promise<ActivityChange | undefined> {
  return (await newest(store))?.change;
}

const byAda = (changes: Partial<NewActivity> = {}): NewActivity => ({
  at: at(0),
  tenant: 'acme',
  actor: { kind: 'person', name: 'scim:ada' },
  operation: 'rotate',
  resource: { type: 'ScimIntegration', id: 'okta', name: 'acme/okta' },
  requestId: undefined,
  version: undefined,
  change: {},
  ...changes,
});

export function activityContract(open: Open): void {
  describe('the activity log', () => {
    const opened = useStore(open);

    it('says who created a user, and as what', async () => {
      const store = opened();
      const attributes = {
        userName: 'ann',
        active: true,
        externalId: '00u1',
        name: { givenName: 'Ann', familyName: 'Ahn' },
        emails: [{ value: 'ann@acme.example', type: 'work' }],
        [ENTERPRISE_USER_URN]: { department: 'R&D', manager: { value: 'bob' } },
      };
      const { id } = await store.users.create(BY_REQUEST, { id: newId(), attributes, at: at(7) });
      expect(await entriesOf(store)).toEqual([
        {
          id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
          at: at(7),
          tenant: 'acme',
          actor: { kind: 'integration', name: 'okta' },
          operation: 'create',
          resource: { type: 'User', id, name: 'ann' },
          requestId: 'r-1',
          version: 1,
          change: {
            userName: { after: 'ann' },
            active: { after: true },
            externalId: { after: '00u1' },
            'name.givenName': { after: 'Ann' },
            'name.familyName': { after: 'Ahn' },
            emails: { after: [{ value: 'ann@acme.example', type: 'work' }] },
            [`${ENTERPRISE_USER_URN}:department`]: { after: 'R&D' },
            [`${ENTERPRISE_USER_URN}:manager.value`]: { after: 'bob' },
          },
        },
      ]);
    });

    it('shows of an update what it changed', async () => {
      const store = opened();
      const name = { givenName: 'Ann', familyName: 'Ahn' };
      const { id } = await addUser(store, ACME, 'ann', { name, title: 'Engineer' });
      const next = { userName: 'ann', active: false, name: { ...name, familyName: 'Berg' } };
      const user = await store.users.change(BY_REQUEST, id, () => next, at(1));
      expect(await newest(store)).toMatchObject({
        at: at(1),
        operation: 'update',
        requestId: 'r-1',
        version: user.version,
        change: {
          active: { before: true, after: false },
          'name.familyName': { before: 'Ahn', after: 'Berg' },
          title: { before: 'Engineer' },
        },
      });
      expect(Object.keys((await changeOf(store)) ?? {})).toHaveLength(3);
    });

    it('names a renamed resource as it is called from then on', async () => {
      const store = opened();
      const { id } = await addUser(store, ACME, 'ann');
      await store.users.change(ACME, id, () => ({ userName: 'anna', active: true }), at(1));
      expect(await newest(store)).toMatchObject({
        resource: { name: 'anna' },
        change: { userName: { before: 'ann', after: 'anna' } },
      });
    });

    it('has no entry of a write that changed nothing or was refused', async () => {
      const store = opened();
      const ann = await addUser(store, ACME, 'ann');
      const bob = await addUser(store, ACME, 'bob');
      const staff = await addGroup(store, ACME, 'staff', [ann.id]);
      const before = await entriesOf(store);
      await store.users.change(ACME, ann.id, ({ profile }) => ({ ...profile.attributes }), at(1));
      await store.users.change(ACME_TOO, ann.id, ({ profile }) => profile.attributes, at(1));
      await store.groups.change(ACME, staff.id, undefined, [add(ann.id), remove('nobody')], at(1));
      await store.groups.change(ACME, staff.id, undefined, [replace(ann.id)], at(1));
      const undone = [remove(ann.id), add(ann.id), add(bob.id), remove(bob.id)];
      await store.groups.change(ACME, staff.id, undefined, undone, at(1));
      await store.groups.change(ACME, staff.id, ({ profile }) => profile.attributes, [], at(1));
      expect(await store.groups.get(ACME, staff.id, false)).toEqual(staff);
      const refused = [
        addUser(store, ACME, 'ANN'),
        addGroup(store, ACME, 'STAFF'),
        store.groups.change(ACME, staff.id, undefined, [add(staff.id)], at(1)),
        store.users.delete(ACME, 'nobody', () => {}, at(1)),
      ];
      expect((await Promise.allSettled(refused)).map(({ status }) => status)).toEqual(
        refused.map(() => 'rejected'),
      );
      expect(await entriesOf(store)).toEqual(before);
    });

    it('keeps what a deleted user was, and the groups that it left', async () => {
      const store = opened();
      const ann = await addUser(store, ACME, 'ann', { title: 'Engineer' });
      const staff = await addGroup(store, ACME, 'staff', [ann.id]);
      await store.users.delete(BY_REQUEST, ann.id, () => {}, at(2));
      expect(await newest(store)).toMatchObject({
        at: at(2),
        operation: 'delete',
        resource: { type: 'User', id: ann.id, name: 'ann' },
        requestId: 'r-1',
        version: 1,
      });
      expect(await changeOf(store)).toEqual({
        userName: { before: 'ann' },
        active: { before: true },
        title: { before: 'Engineer' },
        groups: { removed: [staff.id], removedCount: 1 },
      });
    });

    it('names the members that a group was created with', async () => {
      const store = opened();
      const ann = await addUser(store, ACME, 'ann');
      const staff = await addGroup(store, BY_REQUEST, 'staff', [ann.id, 'nobody']);
      expect(await newest(store)).toMatchObject({
        operation: 'create',
        resource: { type: 'Group', id: staff.id, name: 'staff' },
        requestId: 'r-1',
        version: 1,
        change: {
          displayName: { after: 'staff' },
          members: { added: [ann.id], addedCount: 1 },
        },
      });
    });

    it('names the members that joined and left', async () => {
      const store = opened();
      const ann = (await addUser(store, ACME, 'ann')).id;
      const bob = (await addUser(store, ACME, 'bob')).id;
      const cid = (await addUser(store, ACME, 'cid')).id;
      const { id } = await addGroup(store, ACME, 'staff', [ann, bob]);
      const changes = [remove(bob, 'nobody'), add(ann, cid, 'nobody')];
      const { group } = await store.groups.change(BY_REQUEST, id, undefined, changes, at(3));
      expect(await newest(store)).toEqual({
        id: expect.any(String),
        at: at(3),
        tenant: 'acme',
        actor: { kind: 'integration', name: 'okta' },
        operation: 'update',
        resource: { type: 'Group', id, name: 'staff' },
        requestId: 'r-1',
        version: group.version,
        change: { members: { added: [cid], addedCount: 1, removed: [bob], removedCount: 1 } },
      });
    });

    const isUser = { kind: 'removeWhere' as const, where: whereElement('type eq "User"') };
    it.each<[string, readonly MemberChange[], AttributeChange]>([
      [
        'a replacement',
        [replace('bob')],
        { added: ['bob'], addedCount: 1, removed: ['ann'], removedCount: 1 },
      ],
      [
        'an addition that names members and ids twice',
        [add('ann', 'bob', 'nobody', 'bob')],
        { added: ['bob'], addedCount: 1 },
      ],
      ['a removal by filter', [isUser], { removed: ['ann'], removedCount: 1 }],
      [
        'changes of which some undo each other',
        [add('bob'), remove('bob', 'ann'), add('ann', 'cid')],
        { added: ['cid'], addedCount: 1 },
      ],
    ])('sums up the members after %s', async (_, changes, expected) => {
      const store = opened();
      for (const id of ['ann', 'bob', 'cid']) {
        const attributes = { userName: id, active: true };
        await store.users.create(ACME, { id, attributes, at: at(0) });
      }
      const { id } = await addGroup(store, ACME, 'staff', ['ann']);
      await store.groups.change(ACME, id, undefined, changes, at(1));
      expect(await newest(store)).toMatchObject({ operation: 'update', version: 2 });
      expect(await changeOf(store)).toEqual({ members: expected });
    });

    it('has the attributes and the members of one change in one entry', async () => {
      const store = opened();
      const ann = await addUser(store, ACME, 'ann');
      const { id } = await addGroup(store, ACME, 'staff');
      const next = () => ({ displayName: 'crew' });
      await store.groups.change(ACME, id, next, [add(ann.id)], at(1));
      expect(await entriesOf(store, { resourceId: id, operation: 'update' })).toMatchObject([
        {
          resource: { name: 'crew' },
          change: {
            displayName: { before: 'staff', after: 'crew' },
            members: { added: [ann.id], addedCount: 1 },
          },
        },
      ]);
    });

    it('keeps the members of a deleted group, and the groups that it was in', async () => {
      const store = opened();
      const ann = await addUser(store, ACME, 'ann');
      const staff = await addGroup(store, ACME, 'staff', [ann.id]);
      const all = await addGroup(store, ACME, 'all', [staff.id]);
      await store.groups.delete(ACME, staff.id, () => {}, at(2));
      expect(await newest(store)).toMatchObject({
        operation: 'delete',
        resource: { type: 'Group', id: staff.id, name: 'staff' },
        change: {
          displayName: { before: 'staff' },
          members: { removed: [ann.id], removedCount: 1 },
          groups: { removed: [all.id], removedCount: 1 },
        },
      });
    });

    it('names a thousand members of a change and counts all of them', async () => {
      const store = opened();
      const ids = await Promise.all(
        Array.from({ length: 1_001 }, async (_, n) => (await addUser(store, ACME, `u${n}`)).id),
      );
      const { id } = await addGroup(store, ACME, 'staff', ids);
      const created = (await changeOf(store))?.members;
      expect(created?.added).toHaveLength(1_000);
      expect(created?.addedCount).toBe(1_001);
      await store.groups.change(ACME, id, undefined, [remove(...ids)], at(1));
      const emptied = (await changeOf(store))?.members;
      expect(emptied?.removed).toHaveLength(1_000);
      expect(emptied?.removedCount).toBe(1_001);
    });

    it('has what the end of an integration deletes, but not what it leaves', async () => {
      const store = opened();
      await store.integrations.put(integration());
      const ann = await addUser(store, ACME, 'ann');
      const bob = await addUser(store, ACME, 'bob');
      const staff = await addGroup(store, ACME, 'staff', [ann.id]);
      await store.users.change(ACME_TOO, bob.id, ({ profile }) => profile.attributes, at(1));
      await store.integrations.end('okta', at(2));
      await store.integrations.purge('okta', at(3));
      const deleted = await entriesOf(store, { operation: 'delete' });
      expect(deleted.map(({ resource }) => resource.id).toSorted()).toEqual(
        [ann.id, staff.id].toSorted(),
      );
      expect(deleted).toMatchObject(
        deleted.map(() => ({
          at: at(3),
          actor: { kind: 'integration', name: 'okta' },
          requestId: undefined,
        })),
      );
    });

    it('has what people did, as it was appended', async () => {
      const store = opened();
      const entry = byAda({
        at: at(5),
        operation: 'disable',
        requestId: 'r-2',
        change: { 'spec.enabled': { before: true, after: false } },
      });
      await store.activity.append(entry);
      expect(await entriesOf(store)).toEqual([{ ...entry, id: expect.any(String) }]);
    });

    it('belongs to a tenant', async () => {
      const store = opened();
      const { id } = await addUser(store, ACME, 'ann');
      await addUser(store, GLOBEX, 'ann');
      const others = await entriesOf(store, { tenant: 'globex' });
      expect(others).toMatchObject([{ tenant: 'globex', actor: { name: 'globex-okta' } }]);
      expect(await entriesOf(store, { tenant: 'globex', resourceId: id })).toEqual([]);
    });

    it('is filtered by each of its fields, and by several', async () => {
      const store = opened();
      const ann = await addUser(store, ACME, 'ann');
      const staff = await addGroup(store, ACME_TOO, 'staff');
      await store.users.delete(ACME_TOO, ann.id, () => {}, at(2));
      await store.activity.append(byAda({ at: at(3) }));
      await store.activity.append(
        byAda({ at: at(4), actor: { kind: 'kubernetes', name: 'okta' }, operation: 'showToken' }),
      );
      const account = { kind: 'account', name: 'scim:ada' } as const;
      await store.activity.append(byAda({ at: at(1), actor: account, operation: 'signInRefused' }));
      const found = async (more: Partial<ActivityQuery>) =>
        (await entriesOf(store, more)).map(({ operation, resource }) => [operation, resource.id]);
      const [create, createGroup, deletion] = [
        ['create', ann.id],
        ['create', staff.id],
        ['delete', ann.id],
      ];
      expect(await found({ integrationId: 'okta' })).toEqual([create]);
      expect(await found({ integrationId: 'entra' })).toEqual([deletion, createGroup]);
      expect(await found({ actor: 'scim:ada' })).toEqual([['rotate', 'okta']]);
      expect(await found({ actor: 'okta' })).toEqual([['showToken', 'okta']]);
      expect(await found({ operation: 'signInRefused' })).toEqual([['signInRefused', 'okta']]);
      expect(await found({ operation: 'create' })).toEqual([createGroup, create]);
      expect(await found({ operation: 'rotate' })).toEqual([['rotate', 'okta']]);
      expect(await found({ resourceType: 'Group' })).toEqual([createGroup]);
      expect(await found({ resourceId: ann.id })).toEqual([deletion, create]);
      expect(await found({ resourceId: ann.id, integrationId: 'entra' })).toEqual([deletion]);
      expect(await found({ integrationId: 'okta', operation: 'delete' })).toEqual([]);
      expect(await found({ since: at(2), until: at(4) })).toEqual([['rotate', 'okta'], deletion]);
      expect(await found({ since: at(5) })).toEqual([]);
    });

    it.each([{}, { resourceType: 'ScimIntegration' as const }])(
      'is read page by page, the newest entry first, with the filter %o',
      async (filter) => {
        const store = opened();
        for (let n = 0; n < 5; n++) await store.activity.append(byAda({ at: at(n) }));
        const pages: number[][] = [];
        let after: string | undefined;
        do {
          const page = await store.activity.list({
            tenant: 'acme',
            limit: 2,
            ...filter,
            ...(after === undefined ? {} : { after }),
          });
          pages.push(page.entries.map((entry) => entry.at));
          after = page.next;
        } while (after !== undefined);
        expect(pages).toEqual([[at(4), at(3)], [at(2), at(1)], [at(0)]]);
      },
    );

    it.each(['abc', '12', '0192f3a0-0000-7000-8000-00000000000'])(
      'does not begin where no page ended: %j',
      async (after) => {
        const list = opened().activity.list({ tenant: 'acme', after, limit: 2 });
        await expect(list).rejects.toThrow(CursorError);
      },
    );

    it('is pruned of what is older, in every tenant', async () => {
      const store = opened();
      const tenants = ['acme', 'globex', 'initech'];
      for (const n of [0, 1, 20]) {
        for (const tenant of tenants) await store.activity.append(byAda({ tenant, at: at(n) }));
      }
      const pruned: number[] = [];
      while (pruned.at(-1) !== 0) pruned.push(await store.activity.prune(at(20)));
      expect(pruned).toEqual([2, 2, 2, 0]);
      for (const tenant of tenants) {
        expect((await entriesOf(store, { tenant })).map((entry) => entry.at)).toEqual([at(20)]);
      }
    });

    it('is pruned in slices', async () => {
      const store = opened();
      const all = Array.from({ length: 51 }, () => store.activity.append(byAda()));
      await Promise.all(all);
      expect(await store.activity.prune(at(1))).toBe(50);
      expect(await store.activity.prune(at(1))).toBe(1);
      expect(await store.activity.prune(at(1))).toBe(0);
    });
  });

  describe.each([true, false])('a listener of the activity log, recorded: %s', (recorded) => {
    const heard: ActivityEntry[] = [];
    let opened: OpenStore;
    beforeEach(async () => {
      heard.length = 0;
      opened = await open(undefined, { recorded, onEntry: (entry) => heard.push(entry) });
    });
    afterEach(() => opened.close());

    it('is called with each entry, as it is listed if it is recorded', async () => {
      const { store } = opened;
      await store.integrations.put(integration());
      const ann = await addUser(store, BY_REQUEST, 'ann');
      await store.users.change(ACME, ann.id, () => ({ userName: 'anna', active: true }), at(1));
      const staff = await addGroup(store, ACME, 'staff');
      const { id } = staff;
      await store.groups.change(ACME, id, undefined, [add(ann.id)], at(2));
      await store.groups.change(ACME, id, undefined, [add(ann.id)], at(2));
      await store.groups.change(ACME, id, () => ({ displayName: 'crew' }), [], at(3));
      await store.users.delete(ACME, ann.id, () => {}, at(4));
      await addUser(store, ACME, 'bob');
      await store.activity.append(byAda({ at: at(6) }));
      await expect(addGroup(store, ACME, 'crew')).rejects.toMatchObject({ status: 409 });
      await store.groups.delete(ACME, id, () => {}, at(7));
      await store.integrations.end('okta', at(8));
      await store.integrations.purge('okta', at(8));
      expect(heard.map(({ operation, resource }) => `${operation} ${resource.name}`)).toEqual([
        'create ann',
        'update anna',
        'create staff',
        'update staff',
        'update crew',
        'delete anna',
        'create bob',
        'rotate acme/okta',
        'delete crew',
        'delete bob',
      ]);
      expect(await entriesOf(store)).toEqual(recorded ? heard.toReversed() : []);
    });
  });
}
