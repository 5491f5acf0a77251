/** Cursor pagination (RFC 9865) over HTTP, on both databases. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/scim/json.ts';
import { DATABASES } from '../support/directory/databases.ts';
import {
  type ScimClient,
  type ScimServer,
  startScimServer,
} from '../support/scim-server/server.ts';

const HOUR = 3_600_000;

describe.each(DATABASES)('cursors on %s', (_, open) => {
  let server: ScimServer;
  let client: ScimClient;
  let time = Date.now();
  let tenants = 0;
  beforeAll(async () => {
    server = await startScimServer({ open, now: () => time });
  });
  afterAll(() => server.close());
  beforeEach(async () => {
    client = await server.addIntegration({ tenant: `tenant-${++tenants}` });
  });

  const create = async (type: 'Users' | 'Groups', names: readonly string[]) => {
    const key = type === 'Users' ? 'userName' : 'displayName';
    for (const name of names) {
      const { status } = await client.send('POST', `/${type}`, { [key]: name });
      expect(status).toBe(201);
    }
  };
  const page = async (query: string, path = '/Users') => {
    const { status, body } = await client.send('GET', `${path}?${query}`);
    expect(status, JSON.stringify(body)).toBe(200);
    return body;
  };
  const namesIn = ({ Resources }: JsonObject) =>
    (Resources as JsonObject[]).map(({ userName, displayName }) => userName ?? displayName);
  const cursorIn = ({ nextCursor }: JsonObject) => encodeURIComponent(String(nextCursor));
  /** All names, page by page. `between` is called after each page. */
  const walk = async (query: string, path = '/Users', between = async () => {}) => {
    const names: unknown[] = [];
    let answer = await page(`cursor&${query}`, path);
    for (;;) {
      names.push(...namesIn(answer));
      if (answer.nextCursor === undefined) return names;
      await between();
      answer = await page(`cursor=${cursorIn(answer)}&${query}`, path);
    }
  };
  const refusal = async (query: string, path = '/Users') => {
    const { status, body } = await client.send('GET', `${path}?${query}`);
    return [status, body.scimType];
  };

  it('are announced, with their timeout', async () => {
    const { body } = await client.send('GET', '/ServiceProviderConfig');
    expect(body.pagination).toEqual({
      cursor: true,
      index: true,
      defaultPaginationMethod: 'index',
      defaultPageSize: 1000,
      maxPageSize: 1000,
      cursorTimeout: 3600,
    });
  });

  it('lead through a list once, with the total on each page and no cursor on the last', async () => {
    await create('Users', ['a', 'b', 'c', 'd', 'e']);
    const first = await page('cursor=&count=2');
    expect(first).toMatchObject({ totalResults: 5, itemsPerPage: 2 });
    expect(first).not.toHaveProperty('startIndex');
    expect(first.nextCursor).toMatch(/^[\w.-]+$/);
    expect(await walk('count=2')).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(await walk('count=5')).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(await page('cursor&count=0')).toMatchObject({ totalResults: 5, Resources: [] });
    expect(await page('count=2')).not.toHaveProperty('nextCursor');
  });

  it.each([
    ['sortBy=userName&sortOrder=descending', ['d', 'c', 'b', 'a']],
    ['sortBy=title', ['b', 'd', 'a', 'c']],
    ['sortBy=title&sortOrder=descending', ['c', 'a', 'd', 'b']],
    ['sortBy=active', ['a', 'b', 'c', 'd']],
    ['sortBy=meta.created', ['a', 'b', 'c', 'd']],
    ['filter=title%20pr&sortBy=userName', ['b', 'd']],
  ])('respect the query %s', async (query, expected) => {
    await create('Users', ['a', 'b', 'c', 'd']);
    for (const [name, title] of [
      ['b', 'x'],
      ['d', 'X'],
    ]) {
      const found = await page(`filter=userName%20eq%20%22${name}%22`);
      const [{ id } = {}] = found.Resources as JsonObject[];
      await client.send('PATCH', `/Users/${id}`, { Operations: [{ op: 'add', value: { title } }] });
    }
    for (const count of [1, 3]) expect(await walk(`${query}&count=${count}`)).toEqual(expected);
  });

  it('read no user twice and miss none that stays, whatever is written in the meantime', async () => {
    await create('Users', ['b1', 'b2', 'b3', 'b4', 'b5', 'b6']);
    let count = 0;
    const churn = async () => {
      const found = await page('sortBy=userName&count=1&filter=userName%20sw%20%22a%22');
      const [gone] = found.Resources as JsonObject[];
      if (gone !== undefined) await client.send('DELETE', `/Users/${gone.id}`);
      await create('Users', [`a${++count}`, `z${count}`]);
    };
    const names = await walk('sortBy=userName&count=2', '/Users', churn);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => String(name).startsWith('b'))).toEqual([
      'b1',
      'b2',
      'b3',
      'b4',
      'b5',
      'b6',
    ]);
  });

  it('lead from users to groups in a search at the root, also in the body of a .search', async () => {
    await create('Users', ['a', 'b', 'c']);
    await create('Groups', ['g', 'h']);
    for (const count of [1, 2, 3, 4, 5]) {
      expect(await walk(`count=${count}`, '/')).toEqual(['a', 'b', 'c', 'g', 'h']);
    }
    const names: unknown[] = [];
    let cursor: unknown = '';
    while (cursor !== undefined) {
      const { body } = await client.send('POST', '/.search', { cursor, count: 2 });
      names.push(...namesIn(body));
      cursor = body.nextCursor;
    }
    expect(names).toEqual(['a', 'b', 'c', 'g', 'h']);
  });

  it('are refused if altered, or issued for another filter, sort order, type or integration', async () => {
    await create('Users', ['a', 'b', 'c']);
    await create('Groups', ['g', 'h']);
    const cursor = cursorIn(await page('cursor&count=1'));
    const altered = `${cursor.startsWith('x') ? 'y' : 'x'}${cursor.slice(1)}`;
    const invalid = [400, 'invalidCursor'];
    for (const wrong of [altered, cursor.slice(0, -1), cursor.split('.')[0], 'x', '.', '%00']) {
      expect(await refusal(`cursor=${wrong}&count=1`), wrong).toEqual(invalid);
    }
    expect(await refusal(`cursor=${cursor}&filter=userName%20pr`)).toEqual(invalid);
    expect(await refusal(`cursor=${cursor}&sortBy=userName`)).toEqual(invalid);
    expect(await refusal(`cursor=${cursor}`, '/Groups')).toEqual(invalid);
    const other = await server.addIntegration({ tenant: client.record.tenant });
    const { body } = await other.send('GET', `/Users?cursor=${cursor}`);
    expect([Number(body.status), body.scimType]).toEqual(invalid);
    expect(await refusal(`cursor=${cursor}&count=1`)).toEqual([200, undefined]);
  });

  it('expire after an hour', async () => {
    await create('Users', ['a', 'b', 'c']);
    const cursor = cursorIn(await page('cursor&count=1'));
    time += HOUR;
    expect(await refusal(`cursor=${cursor}&count=1`)).toEqual([200, undefined]);
    time += 1;
    expect(await refusal(`cursor=${cursor}&count=1`)).toEqual([400, 'expiredCursor']);
  });

  it.each(['-1', 'many', '1.5'])('require a valid count, not %s', async (count) => {
    expect(await refusal(`cursor&count=${count}`)).toEqual([400, 'invalidCount']);
  });
});
