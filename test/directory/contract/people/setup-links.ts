/** Setup links. */
import { describe, expect, it } from 'vitest';
import { at, type Open, useStore } from '../fixture.ts';

const HOLDER = { user: 'admin', uid: 'u', groups: ['system:masters'], extra: { a: ['b'] } };
const LINK = {
  hash: 'hash',
  tenant: 'acme',
  namespace: 'acme',
  name: 'okta',
  integrationUid: 'uid-1',
  creator: { kind: 'person', accessId: 'ada' },
  createdBy: 'scim:ada@acme.example',
  createdAt: at(0),
  expiresAt: at(10),
} as const;

export function setupLinkContract(open: Open): void {
  describe('a setup link', () => {
    const opened = useStore(open);

    it('is found until it expires', async () => {
      const { setupLinks } = opened();
      await setupLinks.create(LINK);
      expect(await setupLinks.find('hash', at(9))).toEqual({ ...LINK, tokenShownAt: undefined });
      expect(await setupLinks.find('hash', at(10))).toBeUndefined();
      expect(await setupLinks.find('other', at(9))).toBeUndefined();
    });

    it('shows the token to one caller, before it expires', async () => {
      const { setupLinks } = opened();
      await setupLinks.create(LINK);
      await setupLinks.create({ ...LINK, hash: 'late' });
      const shown = await Promise.all(
        [1, 2, 3, 4].map((n) => setupLinks.markTokenShown('hash', at(n))),
      );
      expect(shown.filter(Boolean)).toHaveLength(1);
      expect((await setupLinks.find('hash', at(9)))?.tokenShownAt).toBeDefined();
      expect(await setupLinks.markTokenShown('late', at(10))).toBe(false);
      expect(await setupLinks.markTokenShown('other', at(1))).toBe(false);
    });

    it('is listed with its integration until it expires or is revoked', async () => {
      const { setupLinks } = opened();
      const creator = { kind: 'kubernetes', holder: HOLDER } as const;
      await setupLinks.create(LINK);
      await setupLinks.create({ ...LINK, hash: 'of admin', creator, createdAt: at(1) });
      await setupLinks.create({ ...LINK, hash: 'of another', integrationUid: 'uid-2' });
      await setupLinks.create({ ...LINK, hash: 'short', expiresAt: at(2) });
      const hashes = async () => (await setupLinks.list('uid-1', at(2))).map(({ hash }) => hash);
      expect(await hashes()).toEqual(['of admin', 'hash']);
      expect((await setupLinks.list('uid-1', at(2)))[0]?.creator).toEqual(creator);
      expect(await setupLinks.revoke('uid-2', 'of admin')).toBe(false);
      expect(await setupLinks.revoke('uid-1', 'of admin')).toBe(true);
      expect(await setupLinks.revoke('uid-1', 'of admin')).toBe(false);
      expect(await hashes()).toEqual(['hash']);
      expect(await setupLinks.find('of admin', at(2))).toBeUndefined();
      expect(await setupLinks.markTokenShown('of admin', at(2))).toBe(false);
    });

    it('is pruned after it has expired', async () => {
      const { setupLinks } = opened();
      await setupLinks.create(LINK);
      expect(await setupLinks.prune(at(9))).toBe(0);
      expect(await setupLinks.prune(at(10))).toBe(1);
    });
  });
}
