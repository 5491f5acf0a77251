/**
 * Lists, searches, projections and ETags over HTTP. The names in brackets are those of the clients
 * that send each case.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Query, Scope } from '../../src/directory/store/resources.ts';
import type { Eventual } from '../../src/eventual.ts';
import type { JsonObject } from '../../src/scim/json.ts';
import {
  type ScimClient,
  type ScimServer,
  startScimServer,
} from '../support/scim-server/server.ts';

let server: ScimServer;
let client: ScimClient;
const ids: Record<string, string> = {};

beforeAll(async () => {
  server = await startScimServer();
  client = await server.addIntegration();
  for (const [index, name] of [
    'alice',
    'bob',
    'carol',
    'dave',
    'erin',
    'frank',
    'grace',
  ].entries()) {
    const { id } = await client.send('POST', '/Users', {
      userName: `${name}@example.com`,
      externalId: `ext-${name}`,
      name: { familyName: index % 2 === 0 ? 'Employee' : 'Other', givenName: name },
      emails: [{ type: 'work', value: `${name}@work.example.com`, primary: true }],
      active: name !== 'dave',
    });
    ids[name] = id;
  }
  const group = await client.send('POST', '/Groups', {
    displayName: 'Crew',
    members: [{ value: ids.alice }, { value: ids.bob }],
  });
  ids.group = group.id;
});
afterAll(() => server.close());

const names = ({ Resources }: JsonObject) =>
  (Resources as { userName?: string; displayName?: string }[]).map(
    ({ userName, displayName }) => userName?.split('@')[0] ?? displayName,
  );
const fill = (query: string) => query.replace(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? '');

describe('GET /Users finds', () => {
  it.each([
    [
      '[Entra] nobody for a random id',
      'filter=userName+eq+%225f0f2a3e-6a2b-4f5e-8f5b-0d9f1c6a7b8c%22',
      [],
    ],
    [
      '[Okta, authentik] a userName, percent-encoded',
      'filter=userName%20eq%20%22alice%40example.com%22',
      ['alice'],
    ],
    [
      '[Okta, Entra] a userName in another case',
      'filter=userName eq "ALICE@Example.com"',
      ['alice'],
    ],
    [
      '[OneLogin] a userName, plus-encoded, with a stray &',
      'filter=userName+eq+%22bob%40example.com%22&',
      ['bob'],
    ],
    [
      '[Keycloak] a userName with an upper-case operator',
      'filter=userName EQ "bob@example.com"',
      ['bob'],
    ],
    ['[ConnId] an attribute name in another case', 'filter=username eq "bob@example.com"', ['bob']],
    ['[authentik, Entra] an unquoted userName', 'filter=userName eq carol@example.com', ['carol']],
    ['[Entra] an unquoted externalId', 'filter=externalId eq ext-carol', ['carol']],
    ['[Entra] an externalId', 'filter=externalId eq "ext-bob"', ['bob']],
    ['[Entra] no externalId in another case', 'filter=externalId eq "EXT-BOB"', []],
    [
      '[Entra] a work e-mail',
      'filter=emails[type eq "work"].value eq "bob@work.example.com"',
      ['bob'],
    ],
    [
      '[Entra] nobody by id and another manager',
      'filter=id eq "{alice}" and manager eq "{bob}"',
      [],
    ],
    [
      '[Entra Postman] a user by names in odd case and unquoted words',
      'filter=name.FamilyName eq Employee and (emails.Value co alice or emails.Value co bob)',
      ['alice'],
    ],
    ['[Entra Postman] userName sw, in another case', 'filter=userName sw A', ['alice']],
    [
      '[Entra Postman] meta.Created gt, unquoted',
      'filter=meta.Created gt 2020-01-01T00:00:00Z and userName sw b',
      ['bob'],
    ],
    ['[Entra] inactive users', 'filter=active eq false', ['dave']],
    [
      'a user by sub-attributes of meta in brackets',
      'filter=userName sw a and meta[resourceType eq "User" and created gt "2020-01-01T00:00:00Z"]',
      ['alice'],
    ],
    [
      'nobody by sub-attributes of meta that don’t match',
      'filter=meta[version eq "x" or not (created pr)]',
      [],
    ],
    [
      'users by a schema in brackets',
      'filter=userName sw b and schemas[value ew "2.0:User" and value co "core"]',
      ['bob'],
    ],
    ['members of a group', 'filter=groups.value eq "{group}"', ['alice', 'bob']],
  ])('%s', async (_, query, expected) => {
    const { status, body, text } = await client.send('GET', `/Users?${fill(query)}`);
    expect(status, text).toBe(200);
    expect(names(body)).toEqual(expected);
    expect(body.totalResults).toBe(expected.length);
    expect(body.itemsPerPage).toBe(expected.length);
  });

  it('[Okta] a deactivated user by id', async () => {
    const { status, body } = await client.send('GET', `/Users/${ids.dave}`);
    expect(status).toBe(200);
    expect(body.active).toBe(false);
  });

  it('[Entra, Okta] nothing for an unknown id, which is 404 with an Error', async () => {
    const { body } = await client.send('GET', '/Users/5f0f2a3e-6a2b-4f5e-8f5b-0d9f1c6a7b8c');
    expect(body).toMatchObject({
      schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
      status: '404',
      detail: 'User 5f0f2a3e-6a2b-4f5e-8f5b-0d9f1c6a7b8c not found',
    });
  });
});

describe('GET /Groups finds', () => {
  it.each([
    ['[Okta, Entra, authentik] a displayName', 'filter=displayName eq "crew"', ['Crew']],
    [
      '[Keycloak] a displayName with an upper-case operator',
      'filter=displayName EQ "Crew"',
      ['Crew'],
    ],
    [
      '[Entra] a group by its id and a member',
      'filter=id eq "{group}" and members eq "{alice}"',
      ['Crew'],
    ],
    [
      '[Entra] no group for a user who is not a member',
      'filter=id eq "{group}" and members eq "{carol}"',
      [],
    ],
    ['a group by its member', 'filter=members[value eq "{bob}"]', ['Crew']],
    ['nothing by an unknown name', 'filter=displayName eq "Nobody"', []],
  ])('%s', async (_, query, expected) => {
    const { status, body, text } = await client.send('GET', `/Groups?${fill(query)}`);
    expect(status, text).toBe(200);
    expect(names(body)).toEqual(expected);
  });

  it('[Entra] groups without their members, in lists and alone', async () => {
    for (const query of [
      'excludedAttributes=members',
      'attributes=displayName',
      'excludedAttributes=Members',
    ]) {
      const list = await client.send('GET', `/Groups?${query}&filter=displayName+eq+%22Crew%22`);
      const alone = await client.send('GET', `/Groups/${ids.group}?${query}`);
      expect(list.text).not.toContain('members');
      expect(alone.text).not.toContain('members');
      expect(alone.body).toMatchObject({ id: ids.group, displayName: 'Crew' });
    }
  });
});

describe('pages', () => {
  it('[Okta, authentik] show every user once, in a stable order, and none is empty before the end', async () => {
    const seen: unknown[] = [];
    let total = 1;
    while (seen.length < total) {
      const { body } = await client.send('GET', `/Users?startIndex=${seen.length + 1}&count=3`);
      expect(names(body)).not.toHaveLength(0);
      expect(body.startIndex).toBe(seen.length + 1);
      total = Number(body.totalResults);
      seen.push(...names(body));
    }
    expect(seen).toEqual(['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace']);
  });

  it.each([
    ['[Okta] count=1', 'startIndex=1&count=1', { startIndex: 1, itemsPerPage: 1, totalResults: 7 }],
    [
      '[Entra] startIndex=6',
      'startIndex=6&count=5',
      { startIndex: 6, itemsPerPage: 2, totalResults: 7 },
    ],
    [
      '[Okta] a startIndex after the end',
      'startIndex=100&count=5',
      { startIndex: 100, itemsPerPage: 0, totalResults: 7 },
    ],
    ['count=0, the total only', 'count=0', { startIndex: 1, itemsPerPage: 0, totalResults: 7 }],
    ['a negative count, as 0', 'count=-3', { itemsPerPage: 0, totalResults: 7 }],
    ['a startIndex below 1, as 1', 'startIndex=0', { startIndex: 1, itemsPerPage: 7 }],
    ['a count over the maximum', 'count=100000', { itemsPerPage: 7 }],
    ['empty parameters, as none', 'startIndex=&count=&filter=&attributes=', { itemsPerPage: 7 }],
  ])('are returned for %s', async (_, query, expected) => {
    const { body } = await client.send('GET', `/Users?${query}`);
    expect(body).toMatchObject(expected);
    expect(body.Resources).toHaveLength(Number(body.itemsPerPage));
  });

  it('are sorted in both directions', async () => {
    const up = await client.send('GET', '/Users?sortBy=name.givenName&count=2');
    expect(names(up.body)).toEqual(['alice', 'bob']);
    const down = await client.send('GET', '/Users?sortBy=userName&sortOrder=descending&count=2');
    expect(names(down.body)).toEqual(['grace', 'frank']);
  });
});

describe('attributes', () => {
  it('[Entra] select what is returned, besides what is always returned', async () => {
    const { body } = await client.send(
      'GET',
      `/Users/${ids.alice}?attributes=userName,emails.value,shoeSize`,
    );
    expect(body).toEqual({
      schemas: expect.any(Array),
      id: ids.alice,
      userName: 'alice@example.com',
      emails: [{ value: 'alice@work.example.com' }],
    });
  });

  it('[Entra Postman] may contain filters', async () => {
    const path = `/Users/${ids.alice}?attributes=emails[type eq "work"].value`;
    expect((await client.send('GET', path)).body.emails).toEqual([
      { value: 'alice@work.example.com' },
    ]);
  });

  it('are honoured by writes', async () => {
    const created = await client.send('POST', '/Users?attributes=userName', {
      userName: 'short',
      title: 'x',
    });
    expect(created.body).toEqual({ schemas: expect.any(Array), id: created.id, userName: 'short' });
    const patch = { Operations: [{ op: 'add', path: 'title', value: 'y' }] };
    const patched = await client.send('PATCH', `/Users/${created.id}?attributes=title`, patch);
    expect(patched.body).toEqual({ schemas: expect.any(Array), id: created.id, title: 'y' });
    await client.send('DELETE', `/Users/${created.id}`);
  });
});

describe('.search', () => {
  it('[Keycloak] on users accepts upper-case operators and parentheses', async () => {
    const { status, body } = await client.send('POST', '/Users/.search', {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:SearchRequest'],
      filter: '(userName EQ "alice@example.com") OR (userName EQ "bob@example.com")',
      attributes: ['userName'],
      sortBy: 'userName',
      sortOrder: 'descending',
      startIndex: 1,
      count: 10,
    });
    expect(status).toBe(200);
    expect(names(body)).toEqual(['bob', 'alice']);
    expect(JSON.stringify(body)).not.toContain('emails');
  });

  it('accepts empty and huge values like the URL', async () => {
    const empty = { filter: '', sortBy: '', count: '', startIndex: '', attributes: [] };
    const all = await client.send('POST', '/Users/.search', { ...empty, excludedAttributes: '' });
    expect(all.body).toMatchObject({ totalResults: 7, itemsPerPage: 7 });
    expect(names(all.body)).toContain('alice');
    const endless = await client.send('POST', '/Users/.search', { count: 1e21 });
    expect(endless.body).toMatchObject({ itemsPerPage: 7 });
  });

  it('on groups finds groups', async () => {
    const { body } = await client.send('POST', '/Groups/.search', { filter: 'displayName sw "c"' });
    expect(names(body)).toEqual(['Crew']);
  });

  it('at the root searches users, then groups, with pages that span both', async () => {
    const all = await client.send('POST', '/.search', {});
    expect(all.body).toMatchObject({ totalResults: 8, itemsPerPage: 8 });
    const border = await client.send('POST', '/.search', { startIndex: 7, count: 2 });
    expect(names(border.body)).toEqual(['grace', 'Crew']);
    const behind = await client.send('GET', '/?startIndex=8&count=5');
    expect(names(behind.body)).toEqual(['Crew']);
    expect(behind.body).toMatchObject({ startIndex: 8, totalResults: 8 });
  });

  it('at the root accepts attributes of either type, and no others', async () => {
    const filter = 'userName eq "alice@example.com" or members.value eq "{alice}"';
    const found = await client.send('POST', '/.search', { filter: fill(filter) });
    expect(names(found.body)).toEqual(['alice', 'Crew']);
    const sorted = await client.send('POST', '/.search', {
      sortBy: 'userName',
      sortOrder: 'descending',
      count: 1,
    });
    expect(names(sorted.body)).toEqual(['grace']);
    expect((await client.send('POST', '/.search', { filter: 'shoeSize pr' })).status).toBe(400);
    expect((await client.send('POST', '/.search', { sortBy: 'shoeSize' })).status).toBe(400);
  });
});

describe('members and groups', () => {
  it('are read from the directory only if the response contains them', async () => {
    const asked: unknown[] = [];
    const watched = await startScimServer({
      wrap: (store) => ({
        ...store,
        users: watch(store.users, asked),
        groups: watch(store.groups, asked),
      }),
    });
    const one = await watched.addIntegration();
    const user = await one.send('POST', '/Users', { userName: 'watched' });
    const group = await one.send('POST', '/Groups', { displayName: 'watched' });
    asked.splice(0);
    for (const path of ['/Users', `/Users/${user.id}`]) {
      for (const query of ['excludedAttributes=groups', 'attributes=userName']) {
        await one.send('GET', `${path}?${query}`);
      }
    }
    for (const path of ['/Groups', `/Groups/${group.id}`]) {
      for (const query of ['excludedAttributes=members', 'attributes=displayName']) {
        await one.send('GET', `${path}?${query}`);
      }
    }
    await one.send('POST', '/.search', { attributes: ['displayName'] });
    await one.send('PATCH', `/Groups/${group.id}`, { Operations: [] });
    expect(asked).toEqual(Array.from({ length: 10 }, () => false));
    await one.send('GET', `/Groups/${group.id}`);
    expect(asked.at(-1)).toBe(true);
    await watched.close();
  });
});

/** Records for each read whether it asked for related resources. */
function watch<S extends Reads<unknown>>(store: S, asked: unknown[]): S {
  return {
    ...store,
    get: (scope: Scope, id: string, related: boolean) => {
      asked.push(related);
      return store.get(scope, id, related);
    },
    list: (scope: Scope, query: Query) => {
      asked.push(query.related);
      return store.list(scope, query);
    },
  };
}

interface Reads<R> {
  get(scope: Scope, id: string, related: boolean): Eventual<R>;
  list(scope: Scope, query: Query): Eventual<unknown>;
}
