/** The names of parameters in a URL, and of keys in the body of a `.search`. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/scim/json.ts';
import {
  type ScimClient,
  type ScimServer,
  startScimServer,
} from '../support/scim-server/server.ts';

let server: ScimServer;
let client: ScimClient;
beforeAll(async () => {
  server = await startScimServer();
  client = await server.addIntegration();
  for (const userName of ['ann', 'ben', 'cid']) {
    await client.send('POST', '/Users', { userName, title: 'Dr' });
  }
});
afterAll(() => server.close());

const namesIn = ({ Resources }: JsonObject) =>
  (Resources as { userName?: string }[]).map(({ userName }) => userName);

const SPELLINGS: readonly (readonly [string, string, unknown, readonly string[]])[] = [
  ['Filter', 'userName eq "ben"', 'userName eq "ben"', ['ben']],
  ['FILTER', 'userName eq "ben"', 'userName eq "ben"', ['ben']],
  ['startindex', '3', 3, ['cid']],
  ['StartIndex', '2', 2, ['ben', 'cid']],
  ['Count', '1', 1, ['ann']],
];

describe('a parameter in another case', () => {
  it.each(SPELLINGS)('%s=%s has its meaning in a URL', async (name, value, _, expected) => {
    for (const path of ['/Users', '']) {
      const query = new URLSearchParams({ [name]: value });
      const { body } = await client.send('GET', `${path}?${query}`);
      expect(namesIn(body)).toEqual(expected);
    }
  });

  it.each(SPELLINGS)('%s: %s has its meaning in a search', async (name, _, value, expected) => {
    for (const path of ['/Users', '']) {
      const { body } = await client.send('POST', `${path}/.search`, { [name]: value });
      expect(namesIn(body)).toEqual(expected);
    }
  });

  it('sorts the list', async () => {
    const query = 'sortby=userName&SORTORDER=descending';
    expect(namesIn((await client.send('GET', `/Users?${query}`)).body)).toEqual([
      ...['cid', 'ben', 'ann'],
    ]);
  });

  it('starts paging by cursor', async () => {
    const { body } = await client.send('GET', '/Users?CURSOR&count=2');
    expect(body).toHaveProperty('nextCursor');
  });

  it('selects the attributes of a list, of one resource and of a written resource', async () => {
    const list = await client.send('GET', '/Users?Attributes=userName');
    const [user = {}] = list.body.Resources as JsonObject[];
    expect(Object.keys(user).sort()).toEqual(['id', 'schemas', 'userName']);
    const path = `/Users/${user.id}?excludedattributes=title`;
    expect((await client.send('GET', path)).body).not.toHaveProperty('title');
    const put = await client.send('PUT', path, { userName: 'ann', title: 'Dr' });
    expect(put.body).not.toHaveProperty('title');
  });

  it('makes a PATCH of a group return the group', async () => {
    const { id } = await client.send('POST', '/Groups', { displayName: 'crew' });
    const path = `/Groups/${id}?ATTRIBUTES=displayName`;
    const answer = await client.send('PATCH', path, { Operations: [] });
    expect(answer.body).toMatchObject({ id, displayName: 'crew' });
    await client.send('DELETE', `/Groups/${id}`);
  });

  it('is refused as a filter of schemas and resource types', async () => {
    for (const path of ['/Schemas', '/ResourceTypes']) {
      expect((await client.send('GET', `${path}?Filter=id+pr`)).status).toBe(403);
    }
  });
});

describe('a parameter in two spellings', () => {
  it.each([
    'filter=title+pr&Filter=title+pr',
    'attributes=userName&Attributes=title',
    'count=1&COUNT=1',
    'Cursor=&cursor=',
  ])('is 400 invalidValue in a URL: %s', async (query) => {
    for (const path of ['/Users', '/Groups', '']) {
      const { body } = await client.send('GET', `${path}?${query}`);
      expect(body).toMatchObject({ status: '400', scimType: 'invalidValue' });
    }
  });

  it('is 400 invalidValue in a search', async () => {
    const search = { filter: 'userName eq "ann"', Filter: 'userName eq "nobody"' };
    const { body } = await client.send('POST', '/Users/.search', search);
    expect(body).toMatchObject({
      status: '400',
      scimType: 'invalidValue',
      detail: 'filter is given more than once',
    });
  });

  it('is 400 in a write, which then changes nothing', async () => {
    const query = 'attributes=id&ATTRIBUTES=id';
    const before = await client.send('GET', '/');
    const [{ id } = {}] = before.body.Resources as JsonObject[];
    const Operations = [{ op: 'replace', path: 'title', value: 'changed' }];
    for (const answer of [
      await client.send('POST', `/Users?${query}`, { userName: 'new' }),
      await client.send('PUT', `/Users/${id}?${query}`, { userName: 'changed' }),
      await client.send('PATCH', `/Users/${id}?${query}`, { Operations }),
    ]) {
      expect(answer.body).toMatchObject({ status: '400', scimType: 'invalidValue' });
    }
    expect((await client.send('GET', '/')).text).toBe(before.text);
  });
});

describe('an unknown name', () => {
  it('is ignored in a URL, because identity providers append their own parameters', async () => {
    const { body } = await client.send('GET', '/Users?aadOptscim062020&fliter=x');
    expect(namesIn(body)).toEqual(['ann', 'ben', 'cid']);
  });

  it.each(['fliter', 'filters', '__proto__', 'urn:example:filter'])(
    'is 400 invalidSyntax in a search: %s',
    async (name) => {
      const raw = `{${JSON.stringify(name)}:"userName eq \\"ben\\""}`;
      for (const path of ['/Users', '/Groups', '']) {
        const { body } = await client.send('POST', `${path}/.search`, undefined, { raw });
        expect(body).toMatchObject({ status: '400', scimType: 'invalidSyntax' });
        expect(body.detail).toContain(name);
      }
    },
  );

  it('is ignored in a search if its value is null or empty', async () => {
    const search = { fliter: null, other: '', list: [], Schemas: ['urn:x'] };
    const { body } = await client.send('POST', '/Users/.search', search);
    expect(namesIn(body)).toEqual(['ann', 'ben', 'cid']);
  });
});
