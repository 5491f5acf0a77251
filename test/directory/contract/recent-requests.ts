/** The contract of RecentRequestStore. */
import { describe, expect, it } from 'vitest';
import type { RecentRequest } from '../../../src/directory/store/recent-requests.ts';
import { ACME, ACME_TOO, at, integration, type Open, useStore } from './fixture.ts';

const request = (n: number, more: Partial<RecentRequest> = {}): RecentRequest => ({
  at: at(n),
  requestId: `request-${n}`,
  method: 'GET',
  path: '/Users',
  status: 200,
  ms: 1.5,
  keyId: 'keyidkeyid',
  ...more,
});
const requests = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => request(to - 1 - index));

export function recentRequestContract(open: Open): void {
  describe('the last requests', () => {
    const opened = useStore(open);

    it('are those of all processes, newest first, of one integration', async () => {
      const { recentRequests } = opened();
      expect(await recentRequests.list(ACME)).toEqual([]);
      const refused = request(2, { status: 400, body: '{"a":1}', detail: 'no' });
      await recentRequests.put(ACME, 'one', [request(3), request(1)], at(3));
      await recentRequests.put(ACME, 'two', [refused], at(3));
      await recentRequests.put(ACME_TOO, 'one', [request(9)], at(9));
      expect(await recentRequests.list(ACME)).toEqual([request(3), refused, request(1)]);
    });

    it('replace those of the same process', async () => {
      const { recentRequests } = opened();
      await recentRequests.put(ACME, 'one', [request(1)], at(1));
      await recentRequests.put(ACME, 'one', [request(2), request(1)], at(2));
      expect(await recentRequests.list(ACME)).toEqual([request(2), request(1)]);
    });

    it('are at most a hundred', async () => {
      const { recentRequests } = opened();
      await recentRequests.put(ACME, 'one', requests(0, 100), at(100));
      await recentRequests.put(ACME, 'two', requests(100, 130), at(130));
      expect(await recentRequests.list(ACME)).toEqual(requests(30, 130));
    });

    it('are forgotten if they are old, or of processes that have long ended', async () => {
      const { recentRequests } = opened();
      await recentRequests.put(ACME, 'old', [request(1)], at(1));
      await recentRequests.put(ACME, 'new', [request(2)], at(2));
      await recentRequests.prune(at(2));
      expect(await recentRequests.list(ACME)).toEqual([request(2)]);
      for (let n = 3; n < 30; n++) await recentRequests.put(ACME, `${n}`, [request(n)], at(n));
      await recentRequests.prune(at(0));
      expect(await recentRequests.list(ACME)).toEqual(requests(10, 30));
    });

    it('are forgotten with the integration', async () => {
      const { integrations, recentRequests } = opened();
      await integrations.put(integration({ id: 'okta' }));
      await recentRequests.put(ACME, 'one', [request(1)], at(1));
      await recentRequests.put(ACME_TOO, 'one', [request(1)], at(1));
      await integrations.end('okta', at(2));
      await integrations.purge('okta', at(3));
      expect(await recentRequests.list(ACME)).toEqual([]);
      expect(await recentRequests.list(ACME_TOO)).toHaveLength(1);
    });
  });
}
