/** What the console reads about the people of a tenant. */
import { describe, expect, it } from 'vitest';
import {
  ACME,
  ACME_TOO,
  addGroup,
  addUser,
  at,
  GLOBEX,
  integration,
  type Open,
  useStore,
} from '../fixture.ts';

export function peopleContract(open: Open): void {
  describe('a person', () => {
    const opened = useStore(open);
    const { tenant } = ACME;

    it('is found by userName and e-mail as SCIM compares them, in the tenant only', async () => {
      const store = opened();
      const emails = [{ value: 'Åse@acme.example', type: 'work' }, { value: 'a@home.example' }];
      const ann = await addUser(store, ACME, 'Ånn', { emails });
      await addUser(store, GLOBEX, 'Ånn', { emails });
      const idle = await addUser(store, ACME, 'idle', { active: false });
      const match = { id: ann.id, userName: 'Ånn', active: true };
      const { find } = store.people;
      expect(await find(tenant, 'userName', 'åNN')).toEqual([match]);
      expect(await find(tenant, 'userName', 'åN')).toEqual([]);
      expect(await find(tenant, 'email', 'åse@ACME.example')).toEqual([match]);
      expect(await find(tenant, 'email', 'a@home.example')).toEqual([match]);
      expect(await find(tenant, 'userName', 'idle')).toEqual([
        { id: idle.id, userName: 'idle', active: false },
      ]);
      for (const value of ['', 'a\0b', '\ud800', '%', "'"]) {
        for (const by of ['userName', 'email', 'externalId'] as const) {
          expect(await find(tenant, by, value)).toEqual([]);
        }
      }
    });

    it('is found by the exact externalId of any live integration', async () => {
      const store = opened();
      await store.integrations.put(integration());
      await store.integrations.put(integration({ id: 'entra', name: 'entra' }));
      const ann = await addUser(store, ACME, 'ann', { externalId: 'Ann-1' });
      await store.users.change(
        ACME_TOO,
        ann.id,
        ({ profile }) => ({ ...profile.attributes, externalId: '00ent' }),
        at(1),
      );
      await addUser(store, { ...ACME, integrationId: 'nobody' }, 'bob', { externalId: 'Ann-2' });
      const ids = async (value: string) =>
        (await store.people.find(tenant, 'externalId', value)).map(({ id }) => id);
      expect(await ids('Ann-1')).toEqual([ann.id]);
      expect(await ids('00ent')).toEqual([ann.id]);
      expect(await ids('ann-1')).toEqual([]);
      expect(await ids('Ann-2')).toEqual([]);
      await store.integrations.end('entra', at(2));
      expect(await ids('00ent')).toEqual([]);
    });

    it('that several users could be is found several times, in the order of creation', async () => {
      const store = opened();
      const emails = [{ value: 'team@acme.example' }];
      const ids: string[] = [];
      for (let n = 0; n < 12; n++) ids.push((await addUser(store, ACME, `u${n}`, { emails })).id);
      const found = await store.people.find(tenant, 'email', 'team@acme.example');
      expect(found.map(({ id }) => id)).toEqual(ids.slice(0, 10));
    });

    it('is shown with its attributes, provisioners and identity', async () => {
      const store = opened();
      await store.integrations.put(integration());
      const ann = await addUser(store, ACME, 'ann', { externalId: '00u', title: 'Lead' });
      await store.users.change(ACME_TOO, ann.id, ({ profile }) => profile.attributes, at(1));
      await store.identities.bind(tenant, ann.id, { issuer: 'https://i', subject: 's' }, at(2));
      expect(await store.people.get(tenant, ann.id)).toEqual({
        id: ann.id,
        attributes: { userName: 'ann', active: true, title: 'Lead' },
        active: true,
        version: 1,
        created: at(0),
        lastModified: at(0),
        provisionedBy: [
          { integrationId: 'entra', integration: undefined, ended: true, externalId: undefined },
          {
            integrationId: 'okta',
            integration: { namespace: 'acme', name: 'okta' },
            ended: false,
            externalId: '00u',
          },
        ],
        identity: { issuer: 'https://i', subject: 's', boundAt: at(2) },
      });
      expect(await store.people.get(GLOBEX.tenant, ann.id)).toBeUndefined();
      await store.integrations.end('okta', at(3));
      const { provisionedBy = [] } = (await store.people.get(tenant, ann.id)) ?? {};
      expect(provisionedBy.map(({ ended }) => ended)).toEqual([true, true]);
    });
  });

  describe('the counts of a tenant', () => {
    const opened = useStore(open);
    const { tenant } = ACME;

    it('follow every change of active', async () => {
      const store = opened();
      const { counts } = store.people;
      expect(await counts(tenant)).toEqual({ active: 0, inactive: 0, groups: 0 });
      const ann = await addUser(store, ACME, 'ann');
      const bob = await addUser(store, ACME, 'bob', { active: false });
      await addUser(store, ACME, 'cid', { active: null });
      await addUser(store, GLOBEX, 'far', { active: false });
      await addGroup(store, ACME, 'staff', [ann.id]);
      expect(await counts(tenant)).toEqual({ active: 1, inactive: 2, groups: 1 });
      const become = (id: string, active: boolean) =>
        store.users.change(ACME, id, ({ profile }) => ({ ...profile.attributes, active }), at(1));
      await become(ann.id, false);
      await become(ann.id, false);
      await become(bob.id, true);
      expect(await counts(tenant)).toEqual({ active: 1, inactive: 2, groups: 1 });
      await store.users.delete(ACME, ann.id, () => undefined, at(1));
      await store.users.delete(ACME, bob.id, () => undefined, at(1));
      expect(await counts(tenant)).toEqual({ active: 0, inactive: 1, groups: 1 });
    });

    it('are right after a deprovisioning', async () => {
      const store = opened();
      await store.integrations.put(integration({ deletionPolicy: 'Delete' }));
      await addUser(store, ACME, 'ann');
      await addUser(store, ACME, 'bob', { active: false });
      await addUser(store, ACME_TOO, 'cid', { active: false });
      await store.integrations.end('okta', at(1));
      await store.integrations.purge('okta', at(2));
      expect(await store.people.counts(tenant)).toEqual({ active: 0, inactive: 1, groups: 0 });
    });
  });
}
