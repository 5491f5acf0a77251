/** How text is compared and limited, and how lists are sorted and counted. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/directory/ids.ts';
import type { JsonObject } from '../../src/scim/json.ts';
import {
  type ScimClient,
  type ScimServer,
  startScimServer,
} from '../support/scim-server/server.ts';

let server: ScimServer;
beforeAll(async () => {
  server = await startScimServer();
});
afterAll(() => server.close());

let tenants = 0;
/** A tenant with only these users. */
async function tenantWith(...users: readonly JsonObject[]): Promise<ScimClient> {
  const client = await server.addIntegration({ tenant: `tenant-${++tenants}` });
  for (const user of users) {
    const { status, text } = await client.send('POST', '/Users', user);
    expect(status, text).toBe(201);
  }
  return client;
}

async function found(client: ScimClient, search: object): Promise<string[]> {
  const { body, status, text } = await client.send('POST', '/Users/.search', search);
  expect(status, text).toBe(200);
  return (body.Resources as { userName: string }[]).map(({ userName }) => userName);
}

describe('a filter', () => {
  const bodies = [
    'userName eq “ada”',
    "userName eq 'ada'",
    'userName eq ada',
    "id pr and userName sw 'a'",
  ];
  it.each(bodies)('%s finds the user, in a URL and in a search', async (filter) => {
    const client = await tenantWith({ userName: 'ada' }, { userName: 'bob' });
    expect(await found(client, { filter })).toEqual(['ada']);
    const url = await client.send('GET', `/Users?filter=${encodeURIComponent(filter)}`);
    expect(url.body).toMatchObject({ totalResults: 1 });
  });

  it.each(["userName eq 'ada", 'userName eq ada;', 'userName eq "a\tda"', 'userName eq %22ada%22'])(
    '%j is refused, in a URL and in a search',
    async (filter) => {
      const client = await tenantWith({ userName: 'ada' });
      for (const answer of [
        await client.send('POST', '/Users/.search', { filter }),
        await client.send('GET', `/Users?filter=${encodeURIComponent(filter)}`),
        await client.send('POST', '/.search', { filter }),
      ]) {
        expect(answer.body).toMatchObject({ status: '400', scimType: 'invalidFilter' });
      }
    },
  );
});

describe('a filter in a URL', () => {
  const read = async (query: string) => {
    const client = await tenantWith({ userName: 'jürg' }, { userName: '50%' });
    return (await client.send('GET', `/Users?count=5&${query}`)).body;
  };

  it('in another encoding than UTF-8 is refused, because it would match nothing', async () => {
    const refusal = { status: '400', scimType: 'invalidFilter' };
    expect(await read('filter=userName+eq+%22j%C3%BCrg%22')).toMatchObject({ totalResults: 1 });
    expect(await read('filter=userName+eq+%22j%FCrg%22')).toMatchObject(refusal);
    expect(await read('filter=userName+eq+%22j%ED%A0%80rg%22')).toMatchObject(refusal);
  });

  it.each([
    ['sortBy', 'invalidPath'],
    ['sortOrder', 'invalidValue'],
    ['cursor', 'invalidCursor'],
  ])('in another encoding than UTF-8 is refused as %s is: %s', async (name, scimType) => {
    const detail = `${name} is not percent-encoded UTF-8`;
    expect(await read(`${name}=x%FC`)).toMatchObject({ status: '400', scimType, detail });
  });

  it('may contain percent signs that encode nothing, and bytes in unknown parameters', async () => {
    expect(await read('filter=userName+eq+%2250%%22&x=%FC')).toMatchObject({ totalResults: 1 });
  });
});

it.each([
  ['filter', 'userName eq "\ud800"', 'invalidFilter'],
  ['sortBy', '\ud800', 'invalidPath'],
  ['sortOrder', '\ud800', 'invalidValue'],
  ['cursor', '\ud800', 'invalidCursor'],
])('half of a character in the %s of a search is refused', async (name, value, scimType) => {
  const client = await tenantWith();
  const refused = await client.send('POST', '/Users/.search', { [name]: value });
  const detail = `${name} contains an unpaired surrogate`;
  expect(refused).toMatchObject({ status: 400, body: { scimType, detail } });
});

describe('in text that is folded (NFC, lower case)', () => {
  it.each([
    ['GARCÍA', 'garcía', 'GARCI\u0301A'],
    ['straße', 'STRAßE'.replace('ß', 'ẞ'), 'Straße'],
    ['Ünsal', 'U\u0308NSAL'],
    ['😀', '😀'],
    ['ΣΊΣΥΦΟΣ', 'σίσυφος', 'σίσυφοσ'],
    ['İstanbul', 'I\u0307stanbul'],
    ['J\u030C', 'ǰ'],
  ])('%s is the same as %s', async (name, ...same) => {
    const client = await tenantWith({ userName: name, nickName: name });
    for (const each of same) {
      for (const attribute of ['userName', 'nickName']) {
        const filter = `${attribute} eq ${JSON.stringify(each)}`;
        expect(await found(client, { filter }), filter).toEqual([name]);
      }
      const twin = await client.send('POST', '/Users', { userName: each });
      expect(twin.body).toMatchObject({ scimType: 'uniqueness' });
      expect(twin.status).toBe(409);
    }
  });

  it.each([
    ['straße', 'strasse'],
    ['garcía', 'garcia'],
    ['ı', 'i'],
    ['ﬁ', 'fi'],
  ])('%s is not the same as %s', async (one, other) => {
    const client = await tenantWith({ userName: one }, { userName: other });
    expect(
      await found(client, { filter: `userName eq "${one.toUpperCase()}" or userName eq "${one}"` }),
    ).toContain(one);
    expect(await found(client, { filter: `userName eq "${one}"` })).toEqual([one]);
  });

  it('caseExact attributes are not included', async () => {
    const client = await tenantWith({ userName: 'a', externalId: 'Ext' });
    expect(await found(client, { filter: 'externalId eq "Ext"' })).toEqual(['a']);
    expect(await found(client, { filter: 'externalId eq "ext"' })).toEqual([]);
  });

  it('the displayName of a group is included', async () => {
    const client = await tenantWith();
    await client.send('POST', '/Groups', { displayName: 'ÉQUIPE' });
    const twin = await client.send('POST', '/Groups', { displayName: 'e\u0301quipe' });
    expect(twin.status).toBe(409);
    const { body } = await client.send('POST', '/Groups/.search', { filter: 'displayName sw "é"' });
    expect(body.totalResults).toBe(1);
  });
});

describe('text', () => {
  const KEYS: readonly (readonly [string, (text: string) => JsonObject])[] = [
    ['userName', (text) => ({ userName: text })],
    ['displayName', (text) => ({ userName: 'u', displayName: text })],
    ['externalId', (text) => ({ userName: 'u', externalId: text })],
    ['emails.value', (text) => ({ userName: 'u', emails: [{ value: text }] })],
  ];
  it.each(KEYS)(
    'in the key attribute %s may have 1,024 bytes; more is 400 invalidValue',
    async (name, body) => {
      const client = await tenantWith();
      const longest = 'é'.repeat(512);
      const over = await client.send('POST', '/Users', body(`${longest}e`));
      expect(over.body).toMatchObject({ status: '400', scimType: 'invalidValue' });
      expect(over.body.detail).toBe(`${name} is longer than 1024 bytes`);
      const { id, status } = await client.send('POST', '/Users', body(longest));
      expect(status).toBe(201);
      const Operations = [{ op: 'replace', value: body(`${longest}e`) }];
      expect((await client.send('PATCH', `/Users/${id}`, { Operations })).status).toBe(400);
      expect((await client.send('GET', `/Users/${id}`)).body).toMatchObject(body(longest));
    },
  );

  it('in any other attribute may have 64 KiB; more is 400 invalidValue', async () => {
    const client = await tenantWith();
    const title = '€'.repeat(21_845);
    const over = await client.send('POST', '/Users', { userName: 'u', title: `${title}€` });
    expect(over.body).toMatchObject({ scimType: 'invalidValue' });
    expect(over.body.detail).toContain('65536');
    const { body } = await client.send('POST', '/Users', { userName: 'u', title: `${title}e` });
    expect(body.title).toBe(`${title}e`);
  });

  it('may be in 1,000 values of an attribute; more is 400 invalidValue', async () => {
    const client = await tenantWith();
    const roles = Array.from({ length: 1001 }, (_, index) => ({ value: `r${index}` }));
    const over = await client.send('POST', '/Users', { userName: 'u', roles });
    expect(over.body).toMatchObject({ scimType: 'invalidValue' });
    expect(over.body.detail).toContain('1000');
    const { id } = await client.send('POST', '/Users', { userName: 'u', roles: roles.slice(1) });
    const Operations = [{ op: 'add', path: 'roles', value: roles.slice(0, 1) }];
    const added = await client.send('PATCH', `/Users/${id}`, { Operations });
    expect(added.body).toMatchObject({ status: '400', scimType: 'invalidValue' });
    expect((await client.send('GET', `/Users/${id}`)).body.roles).toEqual(roles.slice(1));
  });

  it.each(['\0', 'a\0b', '\ud800', '\udc00\ud800'])(
    'with %j is 400 in a body and matches nothing in a filter',
    async (bad) => {
      const client = await tenantWith({ userName: 'a', title: 'a' });
      for (const body of [
        { userName: bad },
        { userName: 'b', title: bad },
        { userName: 'b', emails: [{ value: `x${bad}` }] },
      ]) {
        const answer = await client.send('POST', '/Users', body);
        expect(answer.body).toMatchObject({ status: '400', scimType: 'invalidValue' });
      }
      for (const operator of ['eq', 'co', 'sw', 'ew', 'gt', 'le']) {
        for (const name of ['userName', 'title', 'id', 'externalId']) {
          const filter = `${name} ${operator} ${JSON.stringify(bad)}`;
          expect(await found(client, { filter }), filter).toEqual([]);
        }
      }
      expect(await found(client, { filter: `title ne ${JSON.stringify(bad)}` })).toEqual(['a']);
    },
  );
});

describe('the order of a list', () => {
  const people = [
    { userName: 'c', title: 'x' },
    { userName: 'a' },
    { userName: 'b', title: 'X' },
    { userName: 'd', title: 'é' },
    { userName: 'e', title: 'Z' },
    { userName: 'f' },
  ];

  it('is that of creation without sortBy', async () => {
    const client = await tenantWith(...people);
    const { body } = await client.send('GET', '/Users');
    const ids = (body.Resources as { id: string }[]).map(({ id }) => id);
    expect(ids).toEqual([...ids].sort());
    expect(await found(client, {})).toEqual(people.map(({ userName }) => userName));
    expect(await found(client, { sortBy: 'id' })).toEqual(await found(client, {}));
  });

  it('puts missing values last (first if descending) and breaks ties by id', async () => {
    const client = await tenantWith(...people);
    const up = ['c', 'b', 'e', 'd', 'a', 'f'];
    expect(await found(client, { sortBy: 'title' })).toEqual(up);
    expect(await found(client, { sortBy: 'title', sortOrder: 'descending' })).toEqual(
      up.toReversed(),
    );
    const pages: string[] = [];
    for (const startIndex of [1, 3, 5]) {
      pages.push(...(await found(client, { sortBy: 'title', startIndex, count: 2 })));
    }
    expect(pages).toEqual(up);
  });
});

describe('count', () => {
  it('is 1,000 by default and at most, as announced, and 0 returns only the total', async () => {
    const client = await tenantWith();
    const names = Array.from({ length: 1001 }, (_, index) => `user-${index}`);
    const { tenant, id: integrationId } = client.record;
    await Promise.all(
      names.map((userName) =>
        server.store.users.create(
          { tenant, integrationId },
          { id: newId(), attributes: { userName }, at: 0 },
        ),
      ),
    );
    const config = await client.send('GET', '/ServiceProviderConfig');
    expect(config.body).toMatchObject({ filter: { maxResults: 1000 } });
    for (const [search, itemsPerPage] of [
      [{}, 1000],
      [{ count: 5000 }, 1000],
      [{ count: 0 }, 0],
      [{ count: -1 }, 0],
      [{ count: 0, filter: 'userName pr' }, 0],
      [{ startIndex: 1001 }, 1],
    ] as const) {
      const { body } = await client.send('POST', '/Users/.search?attributes=id', search);
      expect(body).toMatchObject({ totalResults: 1001, itemsPerPage });
      expect(body.Resources).toHaveLength(itemsPerPage);
    }
  });
});
