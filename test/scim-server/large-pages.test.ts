/** Pages of resources that are large, on both databases. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/directory/ids.ts';
import type { StoredResource } from '../../src/directory/store/resources.ts';
import type { JsonObject } from '../../src/scim/json.ts';
import { MAX_PAGE_BYTES, MAX_RESULTS } from '../../src/scim/limits.ts';
import { inBatches } from '../support/batches.ts';
import { DATABASES } from '../support/directory/databases.ts';
import {
  type ScimClient,
  type ScimServer,
  startScimServer,
} from '../support/scim-server/server.ts';

/** The largest text of an attribute, compressed well and not at all. */
const LENGTH = 60_000;
const texts = [
  () => 'x'.repeat(LENGTH),
  () => Array.from({ length: LENGTH }, () => Math.random().toString(36).at(3) ?? 'x').join(''),
];
const VALUES = ['work', 'home', 'other'];
const MORE_THAN_A_PAGE = 70;

const namesIn = ({ Resources }: JsonObject) =>
  (Resources as JsonObject[]).map(({ userName, displayName }) => String(userName ?? displayName));

describe.each(DATABASES)('large users on %s', (_, open) => {
  let server: ScimServer;
  let client: ScimClient;
  let names: readonly string[];
  beforeAll(async () => {
    server = await startScimServer({ open });
    client = await server.addIntegration();
    const scope = { tenant: client.record.tenant, integrationId: client.record.id };
    const users = await inBatches(MORE_THAN_A_PAGE * 2, async (n) => {
      const isLarge = n % 2 === 0;
      const formatted = texts[(n / 2) % 2]?.() ?? '';
      const attributes = {
        userName: `user-${n}`,
        emails: [{ value: 'shared@example.com' }],
        title: `title ${n % 7}`,
        ...(isLarge ? { addresses: VALUES.map((type) => ({ type, formatted })) } : {}),
      };
      return server.store.users.create(scope, { id: newId(), attributes, at: 0 });
    });
    names = inOrder(users);
    await client.send('POST', '/Groups', { displayName: 'group' });
  }, 60_000);
  afterAll(() => server.close());

  const inOrder = (users: readonly StoredResource[]) =>
    users
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
      .map(({ profile }) => String(profile.attributes.userName));

  /** Each page of the walk is within the bound, but for the resource that reaches it. */
  const page = async (query: string, path: string) => {
    const { status, body } = await client.send('GET', `${path}?${query}`);
    expect(status, JSON.stringify(body).slice(0, 500)).toBe(200);
    const resources = body.Resources as JsonObject[];
    expect(body.itemsPerPage).toBe(resources.length);
    expect(resources.length).toBeGreaterThan(0);
    const sizes = resources.map((each) => JSON.stringify(each).length);
    const before = sizes.slice(0, -1).reduce((sum, each) => sum + each, 0);
    expect(before).toBeLessThan(MAX_PAGE_BYTES + MAX_RESULTS * 500);
    return body;
  };
  const byIndex = async (query: string, path = '/Users') => {
    const found: string[] = [];
    let pages = 0;
    for (let total = 1; found.length < total; pages++) {
      const body = await page(`startIndex=${found.length + 1}&${query}`, path);
      total = Number(body.totalResults);
      found.push(...namesIn(body));
    }
    return { found, pages };
  };
  const byCursor = async (query: string, path = '/Users') => {
    const found: string[] = [];
    let pages = 0;
    for (let cursor: unknown = ''; cursor !== undefined; pages++) {
      const body = await page(`cursor=${encodeURIComponent(String(cursor))}&${query}`, path);
      found.push(...namesIn(body));
      cursor = body.nextCursor;
    }
    return { found, pages };
  };
  const walks = { byIndex, byCursor };

  describe.each(Object.entries(walks))('%s', (_way, walk) => {
    it('are each found once, on pages that are shorter than the count', async () => {
      const { found, pages } = await walk('count=1000');
      expect(found).toEqual(names);
      expect(pages).toBeGreaterThan(1);
    });

    it('are found in any order, with a filter, and by a value that they share', async () => {
      const sorted = await walk('sortBy=title&sortOrder=descending');
      expect(sorted.found.toSorted()).toEqual(names.toSorted());
      expect((await walk('filter=title co "title"')).found).toEqual(names);
      const shared = await walk('filter=emails.value eq "shared@example.com"');
      expect(shared.found).toEqual(names);
      expect(shared.pages).toBeGreaterThan(1);
    });

    it('are followed by the groups in a search at the root', async () => {
      expect((await walk('count=1000', '/')).found).toEqual([...names, 'group']);
      expect((await walk('count=3', '/')).found).toEqual([...names, 'group']);
    });
  });

  it('are complete, alone and among others', async () => {
    const list = (await page('filter=userName eq "user-2"', '/Users')).Resources as JsonObject[];
    const [alone] = list;
    expect(alone?.addresses).toHaveLength(VALUES.length);
    const all = (await page('', '/Users')).Resources as JsonObject[];
    expect(all.find(({ id }) => id === alone?.id)).toEqual(alone);
    expect((await client.send('GET', `/Users/${alone?.id}`)).body).toEqual(alone);
  });
});
