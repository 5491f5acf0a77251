/** The contract of IntegrationStore and TokenStore. */

import { beforeEach, describe, expect, it } from 'vitest';
import { inBatches } from '../../support/batches.ts';
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
  integration,
  memberIds,
  type Open,
  token,
  userNames,
  useStore,
} from './fixture.ts';

/** In another tenant. */
const ELSEWHERE = integration({ id: 'entra', tenant: 'globex', namespace: 'globex' });

export function integrationContract(open: Open): void {
  describe('integrations', () => {
    const opened = useStore(open);
    const owner = { clusterUid: 'cluster', namespace: 'acme', name: 'okta' };

    it('are put, changed, and found by id and by their custom resource', async () => {
      const { integrations } = opened();
      const record = integration();
      expect(await integrations.put(record)).toBe(true);
      expect(await integrations.get('okta')).toEqual(record);
      expect(await integrations.find(owner)).toEqual(record);
      const changed = { ...record, enabled: false, allowed: false, uid: 'restored' };
      expect(await integrations.put(changed)).toBe(true);
      expect(await integrations.find(owner)).toEqual(changed);
      expect(await integrations.find({ ...owner, clusterUid: 'other' })).toBeUndefined();
      expect(await integrations.get('nobody')).toBeUndefined();
    });

    it("can't take the id of a live integration, only that of an ended one", async () => {
      const { integrations } = opened();
      const other = integration({ namespace: 'globex', tenant: 'globex', name: 'sso' });
      await integrations.put(integration());
      expect(await integrations.put(other)).toBe(false);
      expect(await integrations.get('okta')).toEqual(integration());
      await integrations.end('okta', at(1));
      expect(await integrations.put(other)).toBe(true);
      expect(await integrations.get('okta')).toEqual(other);
    });

    it('get an id or a resource once if several tenants ask for it at once', async () => {
      const { integrations } = opened();
      const tenants = ['acme', 'globex', 'initech', 'umbrella'];
      const put = await Promise.all(
        tenants.map((tenant) => integrations.put(integration({ tenant, namespace: tenant }))),
      );
      expect(put.filter(Boolean)).toHaveLength(1);
      expect(await integrations.list('cluster')).toHaveLength(1);
      const same = tenants.map((tenant) =>
        integrations.put(integration({ id: `okta-${tenant}`, tenant, name: 'same' })),
      );
      const done = (await Promise.allSettled(same)).filter(({ status }) => status === 'fulfilled');
      expect(done).toHaveLength(1);
      expect(await integrations.list('cluster')).toHaveLength(2);
    });

    it('leave a tenant without their tokens', async () => {
      const { integrations, tokens } = opened();
      await integrations.put(integration());
      await integrations.touch(new Map([['okta', at(5)]]));
      await tokens.add(token());
      const moved = integration({ tenant: 'globex' });
      expect(await integrations.put(moved)).toBe(true);
      expect(await integrations.get('okta')).toEqual(moved);
      expect(await integrations.find(owner)).toEqual(moved);
      expect(await integrations.list('cluster')).toEqual([moved]);
      expect(await tokens.list('okta')).toEqual([]);
      for (const tenant of ['acme', 'globex'])
        expect(await tokens.authenticate(tenant, 'okta', 'hash', at(2))).toBeUndefined();
      expect(await integrations.activity('okta')).toMatchObject({ lastRequestAt: undefined });
      await tokens.add(token());
      expect(await tokens.authenticate('globex', 'okta', 'hash', at(2))).toBeDefined();
    });

    it('end with their tokens, and stay in the list of their cluster', async () => {
      const { integrations, tokens } = opened();
      await integrations.put(integration());
      await integrations.put(integration({ id: 'elsewhere', clusterUid: 'other' }));
      await tokens.add(token());
      await integrations.end('okta', at(1));
      await integrations.end('okta', at(2));
      expect(await integrations.find(owner)).toBeUndefined();
      expect(await integrations.list('cluster')).toEqual([integration({ endedAt: at(1) })]);
      expect(await tokens.list('okta')).toEqual([]);
      expect(await tokens.authenticate('acme', 'okta', 'hash', at(2))).toBeUndefined();
    });

    it('can follow an ended one of the same name under a new id or the old one', async () => {
      const { integrations } = opened();
      await integrations.put(integration());
      await integrations.end('okta', at(1));
      const next = integration({ id: 'okta-2', uid: 'uid-2' });
      expect(await integrations.put(next)).toBe(true);
      expect(await integrations.find(owner)).toEqual(next);
      await integrations.end('okta-2', at(2));
      expect(await integrations.put(integration({ uid: 'uid-3' }))).toBe(true);
      expect(await integrations.find(owner)).toEqual(integration({ uid: 'uid-3' }));
    });

    it('find their externalIds again under the same id', async () => {
      const store = opened();
      await store.integrations.put(integration());
      const ann = await addUser(store, ACME, 'ann', { externalId: '00u1' });
      await store.integrations.end('okta', at(1));
      await store.integrations.put(integration({ name: 'restored' }));
      expect(await store.users.get(ACME, ann.id, false)).toEqual(ann);
    });

    it('leave what they provisioned when they end, and delete what was theirs alone when purged', async () => {
      const store = opened();
      await store.integrations.put(integration());
      await store.integrations.put(integration({ id: 'entra', name: 'entra' }));
      const ann = await addUser(store, ACME, 'ann', { externalId: 'a' });
      const bob = await addUser(store, ACME, 'bob');
      const cid = await addUser(store, ACME_TOO, 'cid');
      const team = await addGroup(store, ACME_TOO, 'team', [ann.id, bob.id, cid.id]);
      await addGroup(store, ACME, 'okta only');
      await store.users.change(ACME_TOO, bob.id, ({ profile }) => profile.attributes, at(1));

      await store.integrations.end('okta', at(2));
      expect(await userNames(store, ACME_TOO)).toEqual(['ann', 'bob', 'cid']);
      await store.integrations.purge('okta', at(3));
      expect(await userNames(store, ACME_TOO)).toEqual(['bob', 'cid']);
      expect(await groupNames(store, ACME_TOO)).toEqual(['team']);
      expect(await memberIds(store, ACME_TOO, team.id)).toEqual([bob.id, cid.id].toSorted());
      expect(await store.integrations.get('okta')).toBeUndefined();
      expect(await store.integrations.activity('okta')).toMatchObject({ users: 0, groups: 0 });
      expect(await store.integrations.activity('entra')).toMatchObject({ users: 2, groups: 1 });
      await store.integrations.purge('okta', at(4));
    });

    it('deprovision more than one batch of resources', async () => {
      const store = opened();
      await store.integrations.put(integration());
      await inBatches(450, (n) => addUser(store, ACME, `user${n}`));
      await store.integrations.end('okta', at(1));
      await store.integrations.purge('okta', at(2));
      expect(await userNames(store, ACME_TOO)).toEqual([]);
    });

    it('are not purged while they live', async () => {
      const store = opened();
      await store.integrations.put(integration());
      await addUser(store, ACME, 'ann');
      await store.integrations.purge('okta', at(1));
      expect(await store.integrations.get('okta')).toEqual(integration());
      expect(await userNames(store, ACME)).toEqual(['ann']);
    });

    it('deprovision nothing in a tenant in which their id was used before', async () => {
      const store = opened();
      await store.integrations.put(integration());
      await addUser(store, ACME, 'ann');
      await store.integrations.end('okta', at(1));
      const moved = integration({ tenant: 'globex', namespace: 'globex' });
      await store.integrations.put(moved);
      await addUser(store, { ...GLOBEX, integrationId: 'okta' }, 'gus');
      expect(await store.integrations.activity('okta')).toMatchObject({ users: 1 });
      await store.integrations.end('okta', at(2));
      await store.integrations.purge('okta', at(3));
      expect(await userNames(store, ACME)).toEqual(['ann']);
      expect(await userNames(store, GLOBEX)).toEqual([]);
    });

    it('count what they created or wrote, and remember their last request', async () => {
      const store = opened();
      await store.integrations.put(integration());
      await store.integrations.put(integration({ id: 'entra', name: 'entra' }));
      const ann = await addUser(store, ACME, 'ann');
      const group = await addGroup(store, ACME_TOO, 'staff');
      await changeMembers(store, ACME, group.id, add(ann.id));
      const nothing = { lastRequestAt: undefined, tokenUses: new Map() };
      expect(await store.integrations.activity('okta')).toEqual({
        users: 1,
        groups: 1,
        ...nothing,
      });
      expect(await store.integrations.activity('entra')).toEqual({
        users: 0,
        groups: 1,
        ...nothing,
      });
      await store.integrations.touch(
        new Map([
          ['okta', at(5)],
          ['nobody', at(5)],
        ]),
      );
      await store.integrations.touch(new Map([['okta', at(4)]]));
      expect((await store.integrations.activity('okta')).lastRequestAt).toBe(at(5));
      await store.integrations.put(integration({ enabled: false }));
      expect((await store.integrations.activity('okta')).lastRequestAt).toBe(at(5));
    });

    it('are active when any integration of their tenant is called, until they end', async () => {
      const { integrations } = opened();
      const activeSince = async (time: number) =>
        (await integrations.activeSince('cluster', time)).map(({ name }) => name).sort();
      await integrations.put(integration());
      await integrations.put(integration({ id: 'entra', name: 'entra' }));
      await integrations.put(integration({ id: 'other', name: 'other', tenant: 'other' }));
      await integrations.put(integration({ id: 'far', name: 'far', clusterUid: 'another' }));
      expect(await activeSince(0)).toEqual([]);
      await integrations.touch(new Map([['okta', at(5)]]));
      const { clusterUid, namespace, name } = integration();
      expect(await integrations.activeSince('cluster', at(5))).toContainEqual({
        clusterUid,
        namespace,
        name,
      });
      expect(await activeSince(at(5))).toEqual(['entra', name].sort());
      expect(await activeSince(at(5) + 1)).toEqual([]);
      await integrations.end('entra', at(6));
      expect(await activeSince(at(5))).toEqual([name]);
    });

    it('leave their tenant to the one namespace in all clusters that claimed it, for ever', async () => {
      const { integrations } = opened();
      const none = { ownerUid: undefined, governed: false };
      expect(await integrations.tenantHistory('acme')).toEqual(none);
      const claims = ['one', 'two', 'three'].map((cluster) =>
        integrations.claim('acme', { clusterUid: cluster, namespaceUid: `uid in ${cluster}` }),
      );
      const [owner, ...others] = new Set((await Promise.all(claims)).map((each) => each.ownerUid));
      expect(owner).toMatch(/^uid in /);
      expect(others).toEqual([]);
      await integrations.put(integration());
      await integrations.end('okta', at(1));
      await integrations.purge('okta', at(2));
      expect(await integrations.tenantHistory('acme')).toEqual({ ...none, ownerUid: owner });
      expect(await integrations.tenantHistory('globex')).toEqual(none);
    });

    it('are listed by cluster, and by tenant', async () => {
      const { integrations } = opened();
      await integrations.put(integration());
      await integrations.put(integration({ id: 'globex', name: 'g', tenant: 'globex' }));
      await integrations.put(integration({ id: 'other', clusterUid: 'other' }));
      await integrations.end('okta', at(1));
      const ids = async (...by: Parameters<typeof integrations.list>) =>
        (await integrations.list(...by)).map(({ id }) => id).toSorted();
      expect(await ids('cluster')).toEqual(['globex', 'okta']);
      expect(await ids('cluster', 'acme')).toEqual(['okta']);
      expect(await ids('cluster', 'initech')).toEqual([]);
    });

    it('are disallowed together, and keep everything else', async () => {
      const { integrations, tokens } = opened();
      for (const id of ['okta', 'entra', 'kept'])
        await integrations.put(integration({ id, name: id }));
      await tokens.add(token());
      await integrations.disallow(['okta', 'entra', 'nobody']);
      await integrations.disallow([]);
      const shut = integration({ name: 'okta', allowed: false });
      expect(await integrations.get('okta')).toEqual(shut);
      expect((await integrations.get('entra'))?.allowed).toBe(false);
      expect((await integrations.get('kept'))?.allowed).toBe(true);
      expect((await tokens.authenticate('acme', 'okta', 'hash', at(1)))?.integration).toEqual(shut);
      await integrations.put(integration({ name: 'okta' }));
      expect((await integrations.get('okta'))?.allowed).toBe(true);
    });

    it('remember in every cluster, for ever, that a ScimTenant has governed the tenant', async () => {
      const { integrations } = opened();
      await integrations.put(integration());
      await integrations.govern('acme');
      await integrations.govern('acme');
      await integrations.end('okta', at(1));
      await integrations.purge('okta', at(2));
      expect((await integrations.tenantHistory('acme')).governed).toBe(true);
      expect((await integrations.tenantHistory('globex')).governed).toBe(false);
      expect(await integrations.tenantHistories()).toEqual(
        new Map([['acme', await integrations.tenantHistory('acme')]]),
      );
    });
  });

  describe('tokens', () => {
    const opened = useStore(open);
    beforeEach(async () => {
      await opened().integrations.put(integration());
      await opened().integrations.put(ELSEWHERE);
    });

    it('open their integration in its tenant, and nothing else', async () => {
      const { integrations, tokens } = opened();
      await integrations.put(integration());
      await integrations.put(integration({ id: 'entra', name: 'entra' }));
      await tokens.add(token());
      expect(await tokens.authenticate('acme', 'okta', 'hash', at(1))).toEqual({
        integration: integration(),
        keyId: 'keyidkeyid',
      });
      expect(await tokens.authenticate('globex', 'okta', 'hash', at(1))).toBeUndefined();
      expect(await tokens.authenticate('acme', 'entra', 'hash', at(1))).toBeUndefined();
      expect(await tokens.authenticate('acme', 'okta', 'HASH', at(1))).toBeUndefined();
      expect(await tokens.authenticate('acme', 'nobody', 'hash', at(1))).toBeUndefined();
    });

    it('are valid while pending and until the moment of their end', async () => {
      const { integrations, tokens } = opened();
      await integrations.put(integration());
      await tokens.add(token({ pending: true, expiresAt: at(10) }));
      expect(await tokens.authenticate('acme', 'okta', 'hash', at(10) - 1)).toBeDefined();
      expect(await tokens.authenticate('acme', 'okta', 'hash', at(10))).toBeUndefined();
    });

    it('show that an integration is disabled, so that the caller can be told', async () => {
      const { integrations, tokens } = opened();
      await integrations.put(integration({ enabled: false, allowed: false }));
      await tokens.add(token());
      expect(await tokens.authenticate('acme', 'okta', 'hash', at(1))).toMatchObject({
        integration: { enabled: false, allowed: false },
      });
    });

    it('are listed, changed by adding them again, and known by their hash', async () => {
      const { tokens } = opened();
      await tokens.add(token({ pending: true }));
      await tokens.add(token({ expiresAt: at(9) }));
      expect(await tokens.list('okta')).toEqual([token({ expiresAt: at(9) })]);
      expect(await tokens.owner('hash')).toBe('okta');
      expect(await tokens.owner('other')).toBeUndefined();
    });

    it('remember their last use, which activity and census contain', async () => {
      const { integrations, tokens, census } = opened();
      await integrations.put(integration());
      await tokens.add(token());
      await tokens.add(token({ hash: 'next', keyId: 'next' }));
      await tokens.add(token({ hash: 'foreign', integrationId: 'entra' }));
      const use = (keyId: string, n: number) => ({ integrationId: 'okta', keyId, at: at(n) });
      await tokens.touch([use('keyidkeyid', 5), use('gone', 9)]);
      await tokens.touch([use('keyidkeyid', 3)]);
      await tokens.touch([]);
      const { tokenUses } = await integrations.activity('okta');
      expect([...tokenUses]).toEqual([['keyidkeyid', at(5)]]);
      expect(await tokens.list('okta')).toContainEqual(token({ lastUsedAt: at(5) }));
      expect(await tokens.list('entra')).toEqual([
        token({ hash: 'foreign', integrationId: 'entra' }),
      ]);
      const counted = (await census()).tokens.map(({ keyId, lastUsedAt }) => [keyId, lastUsedAt]);
      expect(counted).toContainEqual(['keyidkeyid', at(5)]);
      expect(counted).toContainEqual(['next', undefined]);
      await tokens.keepOnly(token(), { hash: 'next', expiresAt: at(9) });
      expect(await tokens.list('okta')).toContainEqual(token({ lastUsedAt: at(5) }));
    });

    it('are shown once each, even if they are added again', async () => {
      const { tokens } = opened();
      await tokens.add(token());
      await tokens.add(token({ hash: 'next', keyId: 'next' }));
      const shown = [1, 2, 3].map((n) => tokens.markShown('okta', 'keyidkeyid', at(n)));
      expect((await Promise.all(shown)).filter(Boolean)).toHaveLength(1);
      await tokens.add(token());
      expect(await tokens.markShown('okta', 'keyidkeyid', at(4))).toBe(false);
      expect(await tokens.markShown('okta', 'other', at(4))).toBe(false);
      expect(await tokens.markShown('entra', 'next', at(4))).toBe(false);
      expect(await tokens.markShown('okta', 'next', at(4))).toBe(true);
      const listed = await tokens.list('okta');
      expect(listed).toContainEqual({ ...token(), shownAt: expect.any(Number) });
    });

    it('all end except one when that one is kept, and all when they are revoked', async () => {
      const { integrations, tokens } = opened();
      await integrations.put(integration());
      await tokens.add(token({ hash: 'one' }));
      await tokens.add(token({ hash: 'two' }));
      await tokens.add(token({ hash: 'foreign', integrationId: 'entra' }));
      await tokens.keepOnly(token({ hash: 'three' }));
      expect(await tokens.list('okta')).toEqual([token({ hash: 'three' })]);
      expect(await tokens.authenticate('acme', 'okta', 'one', at(1))).toBeUndefined();
      expect(await tokens.authenticate('acme', 'okta', 'three', at(1))).toBeDefined();
      expect(await tokens.revokeAll('okta')).toBe(1);
      expect(await tokens.authenticate('acme', 'okta', 'three', at(1))).toBeUndefined();
      expect(await tokens.revokeAll('okta')).toBe(0);
      expect(await tokens.list('entra')).toHaveLength(1);
    });

    it('all end except two when one replaces another that works until its end', async () => {
      const { integrations, tokens } = opened();
      await integrations.put(integration());
      await tokens.add(token({ hash: 'oldest', expiresAt: at(30) }));
      await tokens.add(token({ hash: 'old' }));
      await tokens.add(token({ hash: 'new', pending: true }));
      await tokens.keepOnly(token({ hash: 'new' }), { hash: 'old', expiresAt: at(20) });
      const kept = await tokens.list('okta');
      expect(kept.toSorted((a, b) => (a.hash < b.hash ? -1 : 1))).toEqual([
        token({ hash: 'new' }),
        token({ hash: 'old', expiresAt: at(20) }),
      ]);
      expect(await tokens.authenticate('acme', 'okta', 'old', at(20) - 1)).toBeDefined();
      expect(await tokens.authenticate('acme', 'okta', 'old', at(20))).toBeUndefined();
      expect(await tokens.authenticate('acme', 'okta', 'new', at(20))).toBeDefined();
    });

    it('are settled by one of two calls at the same time, which returns the previous tokens', async () => {
      const { tokens } = opened();
      const [old, pending] = [token({ hash: 'old' }), token({ hash: 'new', pending: true })];
      await tokens.add(old);
      await tokens.add(pending);
      const before = await Promise.all([
        tokens.keepOnly(token({ hash: 'new' })),
        tokens.keepOnly(token({ hash: 'new' })),
      ]);
      const sorted = before.map((each) => each.toSorted((a, b) => (a.hash < b.hash ? -1 : 1)));
      expect(sorted).toEqual(expect.arrayContaining([[pending, old], [token({ hash: 'new' })]]));
    });

    it("don't return as the previous token", async () => {
      const { tokens } = opened();
      await tokens.add(token({ hash: 'foreign', integrationId: 'entra' }));
      await tokens.keepOnly(token(), { hash: 'gone', expiresAt: at(20) });
      await tokens.keepOnly(token(), { hash: 'foreign', expiresAt: at(20) });
      expect(await tokens.list('okta')).toEqual([token()]);
      expect(await tokens.list('entra')).toEqual([
        token({ hash: 'foreign', integrationId: 'entra' }),
      ]);
    });

    it("aren't added to an integration that is unknown", async () => {
      const stray = token({ integrationId: 'nobody' });
      await expect(opened().tokens.add(stray)).rejects.toThrow(/unknown/);
      await expect(opened().tokens.keepOnly(stray)).rejects.toThrow(/unknown/);
      expect(await opened().tokens.owner('hash')).toBeUndefined();
    });

    it("aren't added to an integration that has ended, until it is there again", async () => {
      const { integrations, tokens } = opened();
      await integrations.end('okta', at(1));
      await expect(tokens.add(token())).rejects.toThrow(/ended/);
      await expect(tokens.keepOnly(token())).rejects.toThrow(/ended/);
      expect(await tokens.list('okta')).toEqual([]);
      await integrations.put(integration());
      await tokens.keepOnly(token());
      expect(await tokens.list('okta')).toHaveLength(1);
    });

    it("can't be taken from the integration that has them", async () => {
      const { tokens } = opened();
      await tokens.add(token({ hash: 'theirs', integrationId: 'entra' }));
      await tokens.add(token({ hash: 'ours' }));
      const stolen = token({ hash: 'theirs' });
      await expect(tokens.add(stolen)).rejects.toMatchObject({ status: 409 });
      await expect(tokens.keepOnly(stolen)).rejects.toMatchObject({ status: 409 });
      expect(await tokens.owner('theirs')).toBe('entra');
      expect(await tokens.list('okta')).toHaveLength(1);
    });
  });
}
