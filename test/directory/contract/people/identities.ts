/** Bindings of users to accounts of identity providers. */
import { describe, expect, it } from 'vitest';
import { ACME, addUser, at, GLOBEX, type Open, useStore } from '../fixture.ts';

const ISSUER = 'https://idp.example';
const account = (subject: string) => ({ issuer: ISSUER, subject });

export function identityContract(open: Open): void {
  describe('an identity', () => {
    const opened = useStore(open);
    const { tenant } = ACME;
    const identityOf = async (id: string) => (await opened().people.get(tenant, id))?.identity;

    it('is bound at the first sign-in, and again by the same account only', async () => {
      const { identities } = opened();
      const ann = await addUser(opened(), ACME, 'ann');
      expect(await identityOf(ann.id)).toBeUndefined();
      expect(await identities.bind(tenant, ann.id, account('1'), at(1))).toBe('bound');
      expect(await identities.bind(tenant, ann.id, account('1'), at(2))).toBe('bound');
      expect(await identities.bind(tenant, ann.id, account('2'), at(3))).toBe('otherSubject');
      const elsewhere = { issuer: 'https://evil.example', subject: '1' };
      expect(await identities.bind(tenant, ann.id, elsewhere, at(3))).toBe('otherSubject');
      expect(await identityOf(ann.id)).toEqual({ ...account('1'), boundAt: at(1) });
    });

    it('belongs to one user of a tenant, and to one in each tenant', async () => {
      const { identities } = opened();
      const ann = await addUser(opened(), ACME, 'ann');
      const bob = await addUser(opened(), ACME, 'bob');
      const far = await addUser(opened(), GLOBEX, 'ann');
      await identities.bind(tenant, ann.id, account('1'), at(1));
      expect(await identities.bind(tenant, bob.id, account('1'), at(1))).toBe('otherAccess');
      expect(await identityOf(bob.id)).toBeUndefined();
      expect(await identities.bind(GLOBEX.tenant, far.id, account('1'), at(1))).toBe('bound');
    });

    it('is for users of the tenant only', async () => {
      const { identities } = opened();
      const far = await addUser(opened(), GLOBEX, 'far');
      for (const id of ['nobody', far.id]) {
        await expect(identities.bind(tenant, id, account('1'), at(1))).rejects.toMatchObject({
          status: 404,
        });
      }
    });

    it('is free again once it is unbound', async () => {
      const { identities } = opened();
      const ann = await addUser(opened(), ACME, 'ann');
      await identities.bind(tenant, ann.id, account('1'), at(1));
      expect(await identities.unbind(tenant, ann.id)).toBe(true);
      expect(await identities.unbind(tenant, ann.id)).toBe(false);
      expect(await identities.bind(tenant, ann.id, account('2'), at(2))).toBe('bound');
    });

    it('ends with the user, and outlasts a rename and a deactivation', async () => {
      const { identities, users } = opened();
      const ann = await addUser(opened(), ACME, 'ann');
      await identities.bind(tenant, ann.id, account('1'), at(1));
      await users.change(ACME, ann.id, () => ({ userName: 'eve', active: false }), at(1));
      expect(await identityOf(ann.id)).toMatchObject(account('1'));
      await users.delete(ACME, ann.id, () => undefined, at(1));
      expect(await identityOf(ann.id)).toBeUndefined();
      const next = await addUser(opened(), ACME, 'ann');
      expect(await identities.bind(tenant, next.id, account('1'), at(2))).toBe('bound');
    });
  });
}
