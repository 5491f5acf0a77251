/** Sessions, and when they end. */
import { describe, expect, it } from 'vitest';
import {
  type PersonSession,
  type SessionRecord,
  type TokenSession,
  tenantOfSession,
} from '../../../../src/directory/store/sessions.ts';
import type { Store } from '../../../../src/directory/store/store.ts';
import type { Attributes } from '../../../../src/scim/resource.ts';
import { ACME, addUser, at, GLOBEX, integration, type Open, useStore } from '../fixture.ts';

const session = (accessId: string, changes: Partial<PersonSession> = {}): PersonSession => ({
  kind: 'person',
  hash: `hash of ${accessId}`,
  tenant: ACME.tenant,
  accessId,
  provider: 'okta',
  issuer: 'https://idp.example',
  subject: `sub of ${accessId}`,
  sid: undefined,
  sealedIdToken: 'sealed',
  createdAt: at(0),
  lastUsedAt: at(0),
  expiresAt: at(1_000),
  ...changes,
});

const HOLDER: TokenSession = {
  kind: 'kubernetes',
  hash: 'hash of an administrator',
  sealedToken: 'sealed',
  holder: { user: 'ada', uid: 'uid', groups: ['admins', '"<é>"'], extra: { scope: ['a', 'b'] } },
  createdAt: at(0),
  lastUsedAt: at(0),
  expiresAt: at(1_000),
};

const keyOf = (session: SessionRecord) => ({
  tenant: tenantOfSession(session),
  hash: session.hash,
});
const ADMIN = keyOf(HOLDER);

async function signIn(store: Store, userName = 'ann', more: Attributes = {}) {
  const user = await addUser(store, ACME, userName, more);
  const made = session(user.id);
  expect(await store.sessions.create(made)).toBe(true);
  const change = (next: Attributes) =>
    store.users.change(
      ACME,
      user.id,
      (current) => ({ ...current.profile.attributes, ...next }),
      at(1),
    );
  return { ...made, change };
}

const hashes = (found: readonly { readonly hash: string }[]) => found.map(({ hash }) => hash);

export function sessionContract(open: Open): void {
  describe('a session of a person', () => {
    const opened = useStore(open);

    it('is found with the person as provisioned now', async () => {
      const store = opened();
      const { change, ...made } = await signIn(store);
      expect(await store.sessions.find(made)).toEqual({
        ...made,
        person: { userName: 'ann', displayName: undefined },
      });
      await change({ displayName: 'Ann Åström' });
      expect(await store.sessions.find(made)).toMatchObject({
        person: { displayName: 'Ann Åström' },
      });
      expect(await store.sessions.find({ tenant: ACME.tenant, hash: 'other' })).toBeUndefined();
    });

    it('does not begin for a user who is missing, inactive or in another tenant', async () => {
      const store = opened();
      const idle = await addUser(store, ACME, 'idle', { active: false });
      const far = await addUser(store, GLOBEX, 'far');
      for (const id of ['nobody', idle.id, far.id]) {
        expect(await store.sessions.create(session(id))).toBe(false);
        expect(await store.sessions.list(ACME.tenant, id)).toEqual([]);
      }
    });

    it.each<[string, Attributes]>([
      ['deactivated', { active: false }],
      ['left without active', { active: null }],
      ['renamed', { userName: 'eve' }],
      ['renamed in case only', { userName: 'ANN' }],
    ])('ends when the user is %s, and stays ended', async (_, next) => {
      const store = opened();
      const { hash, change } = await signIn(store);
      const other = await signIn(store, 'bob');
      await change(next);
      expect(await store.sessions.find({ tenant: ACME.tenant, hash })).toBeUndefined();
      await change({ active: true, userName: 'ann' });
      expect(await store.sessions.find({ tenant: ACME.tenant, hash })).toBeUndefined();
      expect(await store.sessions.find(other)).toBeDefined();
    });

    it('outlasts changes of everything else', async () => {
      const store = opened();
      const { hash, change } = await signIn(store);
      await change({ title: 'Lead', externalId: 'x', emails: [{ value: 'ann@acme.example' }] });
      expect(await store.sessions.find({ tenant: ACME.tenant, hash })).toBeDefined();
    });

    it('ends with the user', async () => {
      const store = opened();
      const { hash, accessId } = await signIn(store);
      await store.users.delete(ACME, accessId, () => undefined, at(1));
      expect(await store.sessions.find({ tenant: ACME.tenant, hash })).toBeUndefined();
      expect(await store.sessions.list(ACME.tenant, accessId)).toEqual([]);
    });

    it('ends when the user is deprovisioned with the integration', async () => {
      const store = opened();
      await store.integrations.put(integration({ deletionPolicy: 'Delete' }));
      const { hash, accessId } = await signIn(store);
      await store.integrations.end('okta', at(1));
      expect(await store.sessions.find({ tenant: ACME.tenant, hash })).toBeDefined();
      await store.integrations.purge('okta', at(2));
      expect(await store.sessions.list(ACME.tenant, accessId)).toEqual([]);
    });

    it('survives a change that is refused', async () => {
      const store = opened();
      const { hash, change } = await signIn(store);
      await addUser(store, ACME, 'bob');
      await expect(change({ userName: 'bob' })).rejects.toMatchObject({ status: 409 });
      expect(await store.sessions.find({ tenant: ACME.tenant, hash })).toBeDefined();
    });
  });

  describe('a session of a token', () => {
    const opened = useStore(open);

    it('is found with its holder', async () => {
      const store = opened();
      expect(await store.sessions.create(HOLDER)).toBe(true);
      expect(await store.sessions.find(ADMIN)).toEqual(HOLDER);
    });
  });

  describe('sessions', () => {
    const opened = useStore(open);

    it('end one by one, by user, by account and by the session of the provider', async () => {
      const { sessions, ...store } = opened();
      const ann = await addUser(opened(), ACME, 'ann');
      const bob = await addUser(opened(), ACME, 'bob');
      const issuer = 'https://idp.example';
      const all = [
        session(ann.id, { hash: 'a', sid: 's1' }),
        session(ann.id, { hash: 'b', sid: 's2' }),
        session(bob.id, { hash: 'c', sid: 's2', issuer: 'https://other.example' }),
        session(bob.id, { hash: 'd', subject: 'x' }),
        HOLDER,
      ];
      const begin = async () => {
        for (const each of all) {
          await sessions.end(keyOf(each));
          await sessions.create(each);
        }
      };
      const left = async () => {
        const found = await Promise.all(all.map((each) => sessions.find(keyOf(each))));
        return all.filter((_, index) => found[index] !== undefined).map(({ hash }) => hash);
      };
      expect(store.sealingKey).toMatch(/^[0-9a-f]{64}$/);
      await begin();
      await sessions.end({ tenant: ACME.tenant, hash: 'a' });
      expect(await left()).toEqual(['b', 'c', 'd', HOLDER.hash]);
      await begin();
      expect(await sessions.endAll({ tenant: ACME.tenant, accessId: ann.id })).toBe(2);
      expect(await left()).toEqual(['c', 'd', HOLDER.hash]);
      expect(await sessions.endAll({ tenant: GLOBEX.tenant, accessId: bob.id })).toBe(0);
      await begin();
      expect(await sessions.endAll({ issuer, subject: `sub of ${ann.id}` })).toBe(2);
      expect(await left()).toEqual(['c', 'd', HOLDER.hash]);
      await begin();
      expect(await sessions.endAll({ issuer, sid: 's2' })).toBe(1);
      expect(await left()).toEqual(['a', 'c', 'd', HOLDER.hash]);
      await begin();
      expect(await sessions.endAll({ issuer, sid: 's1', subject: 'x' })).toBe(2);
      expect(await left()).toEqual(['b', 'c', HOLDER.hash]);
      expect(
        await sessions.endAll({ issuer: 'https://other.example', sid: 's1', subject: 'x' }),
      ).toBe(0);
    });

    it('are listed for a user, the most recent one first', async () => {
      const { sessions } = opened();
      const ann = await addUser(opened(), ACME, 'ann');
      const bob = await addUser(opened(), ACME, 'bob');
      await sessions.create(session(ann.id, { hash: 'first', createdAt: at(1) }));
      await sessions.create(session(bob.id, { hash: 'of bob', createdAt: at(2) }));
      await sessions.create(session(ann.id, { hash: 'second', createdAt: at(3) }));
      expect(hashes(await sessions.list(ACME.tenant, ann.id))).toEqual(['second', 'first']);
    });

    it('record their last use, and never an earlier one', async () => {
      const { sessions } = opened();
      await sessions.create(HOLDER);
      await sessions.touch(ADMIN, at(5));
      await sessions.touch(ADMIN, at(3));
      expect(await sessions.find(ADMIN)).toMatchObject({ lastUsedAt: at(5) });
    });

    it('are pruned when they have expired or were not used', async () => {
      const { sessions } = opened();
      await sessions.create({ ...HOLDER, hash: 'expired', lastUsedAt: at(99), expiresAt: at(100) });
      await sessions.create({ ...HOLDER, hash: 'idle', lastUsedAt: at(90) });
      await sessions.create({ ...HOLDER, hash: 'used', lastUsedAt: at(91) });
      expect(await sessions.prune(at(100), 10_000)).toBe(2);
      expect(await sessions.find({ tenant: '', hash: 'used' })).toBeDefined();
      expect(await sessions.prune(at(100), 10_000)).toBe(0);
    });
  });
}
