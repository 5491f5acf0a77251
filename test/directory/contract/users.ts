/** The contract of UserStore. */
import { describe, expect, it } from 'vitest';
import { newId } from '../../../src/directory/ids.ts';
import type { Author, Scope } from '../../../src/directory/store/resources.ts';
import { invalidValue, preconditionFailed } from '../../../src/scim/error.ts';
import {
  ACME,
  ACME_TOO,
  addGroup,
  addUser,
  at,
  GLOBEX,
  memberIds,
  type Open,
  userNames,
  userQuery,
  useStore,
} from './fixture.ts';

export function userContract(open: Open): void {
  describe('users', () => {
    const opened = useStore(open);

    it('are read as they were written', async () => {
      const store = opened();
      const attributes = {
        userName: 'Zoë@example.com',
        active: true,
        externalId: '00u1',
        name: { familyName: "O'Brien; DROP TABLE access" },
        emails: [{ value: 'Z@example.com', type: 'work', primary: true }],
        'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User': { department: '💼' },
      };
      const created = await store.users.create(ACME, { id: newId(), attributes, at: at(0) });
      expect(created).toMatchObject({
        profile: { attributes },
        version: 1,
        created: at(0),
        lastModified: at(0),
      });
      expect(await store.users.get(ACME, created.id, false)).toEqual(created);
      expect((await store.users.list(ACME, userQuery())).records).toEqual([created]);
    });

    it("are invisible in another tenant and can't be changed from there", async () => {
      const store = opened();
      const { id } = await addUser(store, ACME, 'ann');
      expect(await store.users.get(GLOBEX, id, true)).toBeUndefined();
      expect(await store.users.list(GLOBEX, userQuery())).toEqual({ total: 0, records: [] });
      expect(await userNames(store, GLOBEX, { filter: `id eq "${id}"` })).toEqual([]);
      const change = store.users.change(GLOBEX, id, () => ({ userName: 'mallory' }), at(1));
      await expect(change).rejects.toMatchObject({ status: 404 });
      const deletion = store.users.delete(GLOBEX, id, () => {}, at(1));
      await expect(deletion).rejects.toMatchObject({ status: 404 });
      expect(await userNames(store, ACME)).toEqual(['ann']);
    });

    it('have a profile in each tenant that the same person has access to', async () => {
      const store = opened();
      const here = await addUser(store, ACME, 'ann', { title: 'Engineer' });
      const there = await addUser(store, GLOBEX, 'ANN', { title: 'Advisor' });
      expect(there.id).not.toBe(here.id);
      await store.users.delete(ACME, here.id, () => {}, at(1));
      expect(await store.users.get(ACME, here.id, false)).toBeUndefined();
      expect(await store.users.get(GLOBEX, there.id, false)).toEqual(there);
    });

    it('are unique by userName in a tenant, whatever the case and the form of its letters', async () => {
      const store = opened();
      await addUser(store, ACME, 'garcía@example.com');
      const conflict = { status: 409, scimType: 'uniqueness', detail: /userName/ };
      for (const userName of [
        'garcía@example.com',
        'GARCÍA@EXAMPLE.COM',
        'garci\u0301a@example.com',
      ]) {
        await expect(addUser(store, ACME, userName)).rejects.toMatchObject({
          ...conflict,
          detail: expect.stringMatching(conflict.detail),
        });
      }
      expect((await store.users.list(ACME, userQuery())).total).toBe(1);
    });

    it('are created once if many create the same userName at the same time', async () => {
      const store = opened();
      const results = await Promise.allSettled(
        Array.from({ length: 20 }, (_, n) => addUser(store, n % 2 ? ACME : ACME_TOO, 'ann')),
      );
      const refused = results.filter((each) => each.status === 'rejected');
      expect(refused).toHaveLength(19);
      expect(refused.every(({ reason }) => reason.status === 409)).toBe(true);
      expect(await store.users.list(ACME, userQuery())).toMatchObject({ total: 1 });
    });

    it('get a new id when they return after DELETE', async () => {
      const store = opened();
      const first = await addUser(store, ACME, 'ann');
      await store.users.delete(ACME, first.id, () => {}, at(1));
      const second = await addUser(store, ACME, 'ann');
      expect(second.id).not.toBe(first.id);
      expect(second.version).toBe(1);
      await expect(store.users.delete(ACME, first.id, () => {}, at(2))).rejects.toMatchObject({
        status: 404,
      });
    });

    it('get a new version and lastModified with a change, and only then', async () => {
      const store = opened();
      const { id } = await addUser(store, ACME, 'ann', { title: 'Engineer' });
      const same = await store.users.change(
        ACME,
        id,
        ({ profile }) => ({ ...profile.attributes }),
        at(1),
      );
      expect(same).toMatchObject({ version: 1, lastModified: at(0) });
      const changed = await store.users.change(
        ACME,
        id,
        ({ profile }) => ({ ...profile.attributes, title: 'Manager' }),
        at(2),
      );
      expect(changed).toMatchObject({ version: 2, created: at(0), lastModified: at(2) });
      expect(changed).toMatchObject((await store.users.get(ACME, id, false)) ?? {});
    });

    it('are found only under the new userName after a rename, by the same id', async () => {
      const store = opened();
      const { id } = await addUser(store, ACME, 'ann');
      await store.users.change(ACME, id, () => ({ userName: 'anne' }), at(1));
      expect(await userNames(store, ACME, { filter: 'userName eq "ann"' })).toEqual([]);
      expect((await store.users.get(ACME, id, false))?.profile.attributes).toEqual({
        userName: 'anne',
      });
      await addUser(store, ACME, 'ann');
      expect(await userNames(store, ACME)).toEqual(['anne', 'ann']);
    });

    it("can't be renamed to a userName that is taken, and stay as they are", async () => {
      const store = opened();
      await addUser(store, ACME, 'ann');
      const bob = await addUser(store, ACME, 'bob', { externalId: 'x' });
      const rename = store.users.change(
        ACME,
        bob.id,
        () => ({ userName: 'Ann', externalId: 'y', title: 'new' }),
        at(1),
      );
      await expect(rename).rejects.toMatchObject({ status: 409, scimType: 'uniqueness' });
      expect(await store.users.get(ACME, bob.id, false)).toEqual(bob);
      expect(await userNames(store, ACME, { filter: 'title pr' })).toEqual([]);
    });

    it('stay as they are when the decision or the check refuses', async () => {
      const store = opened();
      const ann = await addUser(store, ACME, 'ann');
      const refuse = () => {
        throw preconditionFailed();
      };
      await expect(store.users.change(ACME, ann.id, refuse, at(1))).rejects.toMatchObject({
        status: 412,
      });
      await expect(store.users.delete(ACME, ann.id, refuse, at(1))).rejects.toMatchObject({
        status: 412,
      });
      expect(await store.users.get(ACME, ann.id, false)).toEqual(ann);
    });

    it('pass on an unexpected error of a decision, and keep serving', async () => {
      const store = opened();
      const ann = await addUser(store, ACME, 'ann');
      const defect = new TypeError('defect');
      const change = store.users.change(
        ACME,
        ann.id,
        () => {
          throw defect;
        },
        at(1),
      );
      await expect(change).rejects.toBe(defect);
      await addUser(store, ACME, 'bob');
      expect(await userNames(store, ACME)).toEqual(['ann', 'bob']);
    });

    it('take parallel changes one after the other, each based on the result of the previous one', async () => {
      const store = opened();
      const { id } = await addUser(store, ACME, 'ann', { title: '' });
      await Promise.all(
        Array.from({ length: 50 }, () =>
          store.users.change(
            ACME,
            id,
            ({ profile }) => ({
              ...profile.attributes,
              title: `${String(profile.attributes.title)}x`,
            }),
            at(1),
          ),
        ),
      );
      expect(await store.users.get(ACME, id, false)).toMatchObject({
        version: 51,
        profile: { attributes: { title: 'x'.repeat(50) } },
      });
    });

    it('let exactly one of several parallel changes that demand the same version win', async () => {
      const store = opened();
      const { id } = await addUser(store, ACME, 'ann');
      const results = await Promise.allSettled(
        Array.from({ length: 10 }, (_, n) =>
          store.users.change(
            ACME,
            id,
            ({ version, profile }) => {
              if (version !== 1) throw preconditionFailed();
              return { ...profile.attributes, title: `${n}` };
            },
            at(1),
          ),
        ),
      );
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(await store.users.get(ACME, id, false)).toMatchObject({ version: 2 });
    });

    it('show no trace of a refused write among others of the same moment', async () => {
      const store = opened();
      const { id } = await addUser(store, ACME, 'ann');
      const results = await Promise.allSettled([
        addUser(store, ACME, 'bob'),
        store.users.change(
          ACME,
          id,
          () => {
            throw invalidValue('no');
          },
          at(1),
        ),
        addUser(store, ACME, 'ANN'),
        addUser(store, ACME, 'cid'),
      ]);
      expect(results.map(({ status }) => status)).toEqual([
        'fulfilled',
        'rejected',
        'rejected',
        'fulfilled',
      ]);
      expect(await userNames(store, ACME)).toEqual(['ann', 'bob', 'cid']);
    });

    it('leave their groups when they are deleted, which changes the groups', async () => {
      const store = opened();
      const ann = await addUser(store, ACME, 'ann');
      const bob = await addUser(store, ACME, 'bob');
      const group = await addGroup(store, ACME, 'staff', [ann.id, bob.id]);
      await store.users.delete(ACME, ann.id, () => {}, at(5));
      expect(await memberIds(store, ACME, group.id)).toEqual([bob.id]);
      expect(await store.groups.get(ACME, group.id, false)).toMatchObject({
        version: 2,
        lastModified: at(5),
      });
    });

    it('have a total without a page, a page beyond the end, and pages in the order of creation', async () => {
      const store = opened();
      const names = Array.from({ length: 7 }, (_, n) => `user${n}`);
      for (const name of names) await addUser(store, ACME, name);
      const page = async (offset: number, limit: number) => {
        const { total, records } = await store.users.list(ACME, userQuery({ offset, limit }));
        return [total, ...records.map(({ profile }) => profile.attributes.userName)];
      };
      expect(await page(0, 0)).toEqual([7]);
      expect(await page(0, 3)).toEqual([7, 'user0', 'user1', 'user2']);
      expect(await page(6, 3)).toEqual([7, 'user6']);
      expect(await page(7, 3)).toEqual([7]);
      for (let offset = 0; offset < 9; offset++) {
        for (let limit = 0; limit < 9; limit++) {
          expect(await page(offset, limit)).toEqual([7, ...names.slice(offset, offset + limit)]);
        }
      }
      const filtered = userQuery({ filter: 'userName gt "user3"', limit: 2, offset: 1 });
      expect(await store.users.list(ACME, filtered)).toMatchObject({
        total: 3,
        records: [
          { profile: { attributes: { userName: 'user5' } } },
          { profile: { attributes: { userName: 'user6' } } },
        ],
      });
    });

    it('are at their index in page after page, whoever comes and goes before them meanwhile', async () => {
      const store = opened();
      const create = (scope: Author, userName: string) =>
        store.users.create(scope, { id: userName, attributes: { userName }, at: at(0) });
      for (const name of ['b', 'd', 'f', 'h', 'j', 'l']) await create(ACME, name);
      for (const name of ['c', 'e', 'g', 'i']) await create(GLOBEX, name);
      const page = (scope: Scope, offset: number) =>
        userNames(store, scope, { offset, limit: 2, related: true });
      expect(await page(ACME, 0)).toEqual(['b', 'd']);
      expect(await page(GLOBEX, 0)).toEqual(['c', 'e']);
      expect(await page(ACME, 2)).toEqual(['f', 'h']);
      expect(await page(GLOBEX, 2)).toEqual(['g', 'i']);
      await create(ACME, 'a');
      expect(await page(ACME, 4)).toEqual(['h', 'j']);
      await store.users.delete(ACME, 'b', () => {}, at(1));
      await store.users.delete(ACME, 'h', () => {}, at(1));
      expect(await page(ACME, 4)).toEqual(['l']);
      expect(await page(ACME, 2)).toEqual(['f', 'j']);
      expect(await page(ACME, 4)).toEqual(['l']);
      expect(await page(ACME, 5)).toEqual([]);
      await create(ACME, 'm');
      expect(await page(ACME, 5)).toEqual(['m']);
    });
  });

  describe('the externalId of a user', () => {
    const opened = useStore(open);

    it('belongs to each integration alone, to see, filter, set and clear', async () => {
      const store = opened();
      const { id } = await addUser(store, ACME, 'ann', { externalId: 'okta-1' });
      expect((await store.users.get(ACME_TOO, id, false))?.profile.attributes).not.toHaveProperty(
        'externalId',
      );
      await store.users.change(
        ACME_TOO,
        id,
        ({ profile }) => ({ ...profile.attributes, externalId: 'entra-1' }),
        at(1),
      );
      const seen = async () => [
        (await store.users.get(ACME, id, false))?.profile.attributes.externalId,
        (await store.users.get(ACME_TOO, id, false))?.profile.attributes.externalId,
      ];
      expect(await seen()).toEqual(['okta-1', 'entra-1']);
      expect(await userNames(store, ACME, { filter: 'externalId eq "entra-1"' })).toEqual([]);
      expect(await userNames(store, ACME_TOO, { filter: 'externalId eq "entra-1"' })).toEqual([
        'ann',
      ]);
      await store.users.change(
        ACME,
        id,
        ({ profile }) => {
          const { externalId: _, ...rest } = profile.attributes;
          return rest;
        },
        at(2),
      );
      expect(await seen()).toEqual([undefined, 'entra-1']);
      expect(await userNames(store, ACME, { filter: 'externalId pr' })).toEqual([]);
    });

    it('is that of the integration on any page of all users', async () => {
      const store = opened();
      // Of both integrations, of one, of the other one, and without any; a group is in between.
      const first = await addUser(store, ACME, 'ann', { externalId: 'of-okta' });
      const group = { displayName: 'Staff', externalId: 'staff' };
      await store.groups.create(ACME, { id: newId(), attributes: group, members: [], at: at(0) });
      await addUser(store, ACME_TOO, 'bob', { externalId: 'of-entra' });
      await addUser(store, ACME, 'cid');
      await addUser(store, ACME, 'dan', { externalId: 'd' });
      const named = { userName: 'ann', active: true, externalId: 'of-entra-too' };
      await store.users.change(ACME_TOO, first.id, () => named, at(1));
      const pageOf = async (scope: Scope, options: Parameters<typeof userQuery>[0]) => {
        const { records } = await store.users.list(scope, userQuery(options));
        return records.map(({ profile }) => profile.externalId);
      };

      const expected = ['of-okta', null, null, 'd'];
      expect(await pageOf(ACME, {})).toEqual(expected);
      expect(await pageOf(ACME, { after: 'start', limit: 3 })).toEqual(expected.slice(0, 3));
      expect(await pageOf(ACME, { after: { id: first.id } })).toEqual(expected.slice(1));
      for (const offset of [1, 2, 3])
        expect(await pageOf(ACME, { offset, limit: 2 })).toEqual(
          expected.slice(offset, offset + 2),
        );
      expect(await pageOf(ACME_TOO, {})).toEqual(['of-entra-too', 'of-entra', null, null]);
      expect(await pageOf({ ...ACME, integrationId: 'third' }, {})).toEqual([
        null,
        null,
        null,
        null,
      ]);
    });

    it('need not be unique, and is compared by case', async () => {
      const store = opened();
      await addUser(store, ACME, 'ann', { externalId: 'x' });
      await addUser(store, ACME, 'bob', { externalId: 'x' });
      await addUser(store, ACME, 'cid', { externalId: 'X' });
      expect(await userNames(store, ACME, { filter: 'externalId eq "x"' })).toEqual(['ann', 'bob']);
    });
  });
}
