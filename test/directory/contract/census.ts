/** What a store contains as a whole. */
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
  token,
  useStore,
} from './fixture.ts';

export function censusContract(open: Open): void {
  describe('the census', () => {
    const opened = useStore(open);

    it('of an empty directory is empty', async () => {
      expect(await opened().census()).toEqual({ tenants: [], integrations: [], tokens: [] });
    });

    it('counts users and groups by tenant, whichever integration provisioned them', async () => {
      const store = opened();
      const ann = await addUser(store, ACME, 'ann');
      await addUser(store, ACME_TOO, 'bob');
      await addGroup(store, ACME, 'staff', [ann.id]);
      await addUser(store, GLOBEX, 'ann');
      await addGroup(store, GLOBEX, 'gone');
      const { records } = await store.groups.list(GLOBEX, {
        start: { offset: 0 },
        limit: 1,
        related: false,
      });
      await store.groups.delete(GLOBEX, records[0]?.id ?? '', () => undefined, at(1));
      const { tenants } = await store.census();
      expect(tenants.toSorted((a, b) => (a.tenant < b.tenant ? -1 : 1))).toEqual([
        { tenant: 'acme', users: 2, groups: 1 },
        { tenant: 'globex', users: 1, groups: 0 },
      ]);
    });

    it('contains the live integrations of every cluster and their last requests', async () => {
      const store = opened();
      await store.integrations.put(integration());
      await store.integrations.put(
        integration({ id: 'far', clusterUid: 'other', enabled: false, allowed: false }),
      );
      await store.integrations.put(integration({ id: 'gone', name: 'gone' }));
      await store.integrations.end('gone', at(1));
      await store.integrations.touch(new Map([['okta', at(5)]]));
      const { integrations } = await store.census();
      const known = { tenant: 'acme', namespace: 'acme', name: 'okta' };
      expect(integrations.toSorted((a, b) => (a.id < b.id ? -1 : 1))).toEqual([
        { id: 'far', ...known, enabled: false, allowed: false, lastRequestAt: undefined },
        { id: 'okta', ...known, enabled: true, allowed: true, lastRequestAt: at(5) },
      ]);
    });

    it('contains the tokens of live integrations, but not their hashes', async () => {
      const store = opened();
      await store.integrations.put(integration());
      await store.tokens.add(token({ hash: 'one', keyId: 'one', expiresAt: at(9) }));
      await store.tokens.add(token({ hash: 'two', keyId: 'two' }));
      const { tokens } = await store.census();
      const known = { integrationId: 'okta', tenant: 'acme', issuedAt: at(0) };
      expect(tokens.toSorted((a, b) => (a.keyId < b.keyId ? -1 : 1))).toEqual([
        { ...known, keyId: 'one', expiresAt: at(9) },
        { ...known, keyId: 'two', expiresAt: undefined },
      ]);
      await store.integrations.end('okta', at(1));
      expect((await store.census()).tokens).toEqual([]);
    });
  });
}
