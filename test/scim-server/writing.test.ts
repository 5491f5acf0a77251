/**
 * Creating, changing and deleting users and groups over HTTP. The names in brackets are those of
 * the clients that send each case.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inBatches } from '../support/batches.ts';
import {
  type ScimClient,
  type ScimServer,
  startScimServer,
} from '../support/scim-server/server.ts';

const USER_URN = 'urn:ietf:params:scim:schemas:core:2.0:User';
const GROUP_URN = 'urn:ietf:params:scim:schemas:core:2.0:Group';
const ENTERPRISE_URN = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

let server: ScimServer;
let client: ScimClient;
let count = 0;
beforeAll(async () => {
  server = await startScimServer();
  client = await server.addIntegration();
});
afterAll(() => server.close());

const newName = (prefix: string) => `${prefix}-${++count}`;
const createUser = (more: object = {}) =>
  client.send('POST', '/Users', { userName: newName('user'), ...more });
const createGroup = (...members: readonly string[]) =>
  client.send('POST', '/Groups', {
    displayName: newName('group'),
    members: members.map((value) => ({ value })),
  });
const patch = (path: string, ...Operations: readonly object[]) =>
  client.send('PATCH', path, {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
    Operations,
  });

async function membersOf(id: string): Promise<string[]> {
  const { body } = await client.send('GET', `/Groups/${id}`);
  return ((body.members ?? []) as { value: string }[]).map(({ value }) => value).sort();
}

describe('POST /Users', () => {
  it('[all] returns 201 with id, meta, Location, ETag and the values as sent', async () => {
    const answer = await createUser({ displayName: 'Zoë', nickName: '' });
    const location = `${client.publicBaseUrl}/Users/${answer.id}`;
    expect(answer.status).toBe(201);
    expect(answer.headers.get('location')).toBe(location);
    expect(answer.headers.get('etag')).toBe('W/"1"');
    expect(answer.body).toMatchObject({
      schemas: [USER_URN],
      displayName: 'Zoë',
      active: true,
      meta: { resourceType: 'User', location, version: 'W/"1"' },
    });
    expect((await client.send('GET', `/Users/${answer.id}`)).body).toEqual(answer.body);
  });

  it('[RFC 7643 §3.1] returns the URL in Content-Location, like every response with the whole user', async () => {
    const { id, headers, body } = await createUser();
    const path = `/Users/${id}`;
    const answers = [
      { headers, body },
      await client.send('GET', path),
      await client.send('PUT', path, body),
      await patch(path),
    ];
    for (const each of answers) {
      const location = each.headers.get('content-location');
      expect(location).toBe(`${client.publicBaseUrl}${path}`);
      expect(each.body.meta).toMatchObject({ location });
    }
  });

  it.each([
    [
      '[authentik] blank names and no e-mails',
      { name: { formatted: ' ', givenName: '', familyName: ' ' }, emails: [] },
    ],
    [
      '[Keycloak] an id of the client and e-mails without a type',
      { id: 'mine', emails: [{ primary: true, value: 'a@b.c' }] },
    ],
    ['[Okta] groups, password and locale', { groups: [], password: 'secret-1', locale: 'en-US' }],
    [
      '[Entra] two schemas, roles, meta and nulls',
      {
        schemas: [USER_URN, ENTERPRISE_URN],
        roles: [],
        meta: { resourceType: 'User' },
        title: null,
        [ENTERPRISE_URN]: { department: null },
      },
    ],
    ['[OneLogin] unknown schemas', { schemas: ['urn:scim:schemas:core:2.0'] }],
    [
      '[Entra Postman] keys in another case',
      {
        Emails: [{ Value: 'x@y.z', Primary: true }],
        [ENTERPRISE_URN]: { Department: 'D', Manager: { Value: 'm' } },
      },
    ],
    ['[Entra Postman] an unknown attribute', { shoeSize: 42 }],
  ])('accepts %s', async (_, more) => {
    const answer = await createUser(more);
    expect(answer.status, answer.text).toBe(201);
    expect(answer.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(answer.text).not.toMatch(/secret-1|password|shoeSize|"mine"/);
  });

  it('[all] refuses a userName that is taken, in any case: 409 uniqueness', async () => {
    const { body } = await createUser();
    const userName = String(body.userName).toUpperCase();
    const answer = await client.send('POST', '/Users', { userName });
    expect(answer.body).toMatchObject({ status: '409', scimType: 'uniqueness' });
  });
});

describe('PUT /Users', () => {
  it('[Okta] accepts what was read, and changes neither the version nor lastModified', async () => {
    const { id } = await createUser({ emails: [{ value: 'a@b.c', type: 'work' }] });
    const read = await client.send('GET', `/Users/${id}`);
    const put = await client.send('PUT', `/Users/${id}`, read.body);
    expect(put.status).toBe(200);
    expect(put.body).toEqual(read.body);
  });

  it('[authentik] is 404 for a deleted user', async () => {
    const { id, body } = await createUser();
    await client.send('DELETE', `/Users/${id}`);
    expect((await client.send('PUT', `/Users/${id}`, body)).status).toBe(404);
  });

  it('[Entra Postman] without userName is 400 invalidValue', async () => {
    const { id } = await createUser();
    const answer = await client.send('PUT', `/Users/${id}`, { displayName: 'x' });
    expect(answer.body).toMatchObject({ status: '400', scimType: 'invalidValue' });
  });

  it('removes attributes that are missing', async () => {
    const { id, body } = await createUser({ title: 'Dr' });
    const put = await client.send('PUT', `/Users/${id}`, { userName: body.userName });
    expect(put.body).not.toHaveProperty('title');
  });
});

describe('PATCH /Users', () => {
  const cases: readonly (readonly [string, object, readonly object[], object])[] = [
    [
      '[Entra] active as a string',
      {},
      [{ op: 'Replace', path: 'active', value: 'False' }],
      { active: false },
    ],
    [
      '[Okta] active without a path',
      {},
      [{ op: 'replace', value: { active: false } }],
      { active: false },
    ],
    [
      '[little-auth] active in a list',
      {},
      [{ op: 'replace', path: 'active', value: [false] }],
      { active: false },
    ],
    [
      '[Entra flag] dotted and URN keys',
      { name: { familyName: 'F' } },
      [
        {
          op: 'replace',
          value: { 'name.givenName': 'G', [`${ENTERPRISE_URN}:employeeNumber`]: '7' },
        },
      ],
      { name: { familyName: 'F', givenName: 'G' }, [ENTERPRISE_URN]: { employeeNumber: '7' } },
    ],
    [
      '[Entra] an e-mail that doesn’t exist yet',
      {},
      [{ op: 'Replace', path: 'emails[type eq "work"].value', value: 'w@x.y' }],
      { emails: [{ type: 'work', value: 'w@x.y' }] },
    ],
    [
      '[Entra] an existing e-mail',
      { emails: [{ type: 'work', value: 'old' }] },
      [{ op: 'Add', path: 'emails[type eq "work"].value', value: 'new' }],
      { emails: [{ type: 'work', value: 'new' }] },
    ],
    [
      '[Entra] phones and addresses by type',
      {},
      [
        { op: 'Add', path: 'phoneNumbers[type eq "mobile"].value', value: '+1' },
        { op: 'Add', path: 'addresses[type eq "work"].formatted', value: '1 Main St' },
      ],
      {
        phoneNumbers: [{ type: 'mobile', value: '+1' }],
        addresses: [{ type: 'work', formatted: '1 Main St' }],
      },
    ],
    [
      '[Entra] a manager as a bare id',
      {},
      [{ op: 'Add', path: `${ENTERPRISE_URN}:manager`, value: 'm-1' }],
      { [ENTERPRISE_URN]: { manager: { value: 'm-1' } } },
    ],
    [
      '[Entra] a manager in a list',
      {},
      [
        {
          op: 'Add',
          path: `${ENTERPRISE_URN}:manager`,
          value: [{ $ref: '../Users/m', value: 'm-2' }],
        },
      ],
      { [ENTERPRISE_URN]: { manager: { value: 'm-2' } } },
    ],
    [
      '[Entra] roles with primary as a string',
      {},
      [{ op: 'Add', path: 'roles[primary eq "True"].value', value: 'admin' }],
      { roles: [{ primary: true, value: 'admin' }] },
    ],
    [
      '[Entra] roles with JSON in a string',
      {},
      [{ op: 'Add', path: 'roles', value: [{ value: '{"id":"r"}' }] }],
      { roles: [{ value: '{"id":"r"}' }] },
    ],
    [
      '[SailPoint] a part of the name',
      { name: { familyName: 'F', givenName: 'G' } },
      [{ op: 'replace', path: 'name', value: { givenName: 'H' } }],
      { name: { familyName: 'F', givenName: 'H' } },
    ],
    [
      '[Keycloak] a resource as a string',
      {},
      [{ op: 'replace', value: '{"title":"T"}' }],
      { title: 'T' },
    ],
  ];
  it.each(cases)('accepts %s: 200 with the user', async (_, before, operations, expected) => {
    const { id } = await createUser(before);
    const answer = await patch(`/Users/${id}`, ...operations);
    expect(answer.status, answer.text).toBe(200);
    expect(answer.body).toMatchObject({ id, ...expected });
    expect((await client.send('GET', `/Users/${id}`)).body).toEqual(answer.body);
  });

  it.each([
    ['[Entra] no operations', []],
    ['[Entra] a value that already exists', [{ op: 'Replace', path: 'title', value: 'Dr' }]],
    [
      '[Okta] readOnly keys without a path',
      [{ op: 'replace', value: { id: 'x', schemas: [USER_URN], meta: {}, groups: [] } }],
    ],
    ['[Entra] the removal of a missing value', [{ op: 'Replace', path: 'nickName', value: null }]],
  ])('succeeds with %s, and keeps the version', async (_, operations) => {
    const created = await createUser({ title: 'Dr' });
    const answer = await patch(`/Users/${created.id}`, ...operations);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual(created.body);
  });

  it('[ConnId] succeeds without Operations', async () => {
    const created = await createUser();
    const answer = await client.send('PATCH', `/Users/${created.id}`, { schemas: [] });
    expect(answer.body).toEqual(created.body);
  });

  it.each(['', null])('[Entra] clears an optional attribute with %j', async (value) => {
    const { id } = await createUser({ title: 'Dr', [ENTERPRISE_URN]: { manager: { value: 'm' } } });
    const answer = await patch(
      `/Users/${id}`,
      { op: 'Replace', path: 'title', value },
      { op: 'Replace', path: `${ENTERPRISE_URN}:manager`, value },
    );
    expect(answer.status).toBe(200);
    expect(answer.body.title ?? '').toBe('');
    expect(answer.body).not.toHaveProperty(ENTERPRISE_URN);
  });

  it('[Okta, Entra] keeps the id of a user who is deactivated and reactivated', async () => {
    const { id } = await createUser();
    await patch(`/Users/${id}`, { op: 'Replace', path: 'active', value: 'False' });
    const back = await patch(`/Users/${id}`, { op: 'Replace', path: 'active', value: 'True' });
    expect(back.body).toMatchObject({ id, active: true });
  });
});

describe('DELETE /Users', () => {
  it('[authentik] is 204, then 404, removes the user from all groups, and lets a POST assign a new id', async () => {
    const created = await createUser();
    const group = await createGroup(created.id);
    expect((await client.send('DELETE', `/Users/${created.id}`)).status).toBe(204);
    expect((await client.send('DELETE', `/Users/${created.id}`)).status).toBe(404);
    expect((await client.send('GET', `/Users/${created.id}`)).status).toBe(404);
    expect(await membersOf(group.id)).toEqual([]);
    const again = await client.send('POST', '/Users', { userName: created.body.userName });
    expect(again.status).toBe(201);
    expect(again.id).not.toBe(created.id);
  });
});

describe('groups', () => {
  it.each([
    ['[all] without members', {}],
    ['[all] with an empty list of members', { members: [] }],
    [
      '[Entra] with Microsoft’s schema and meta',
      {
        schemas: [
          GROUP_URN,
          'http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group',
        ],
        meta: { resourceType: 'Group' },
        externalId: 'e',
      },
    ],
  ])('are created %s: 201', async (_, more) => {
    const displayName = newName('ops/on call');
    const answer = await client.send('POST', '/Groups', { displayName, ...more });
    expect(answer.status, answer.text).toBe(201);
    expect(answer.headers.get('location')).toBe(`${client.publicBaseUrl}/Groups/${answer.id}`);
    expect(answer.body).toMatchObject({
      schemas: [GROUP_URN],
      displayName,
      meta: { version: 'W/"1"' },
    });
    expect(answer.body.members).toEqual([]);
  });

  it('[all] are created with members, who are named by value, type and URL', async () => {
    const [user, nested] = [await createUser(), await createGroup()];
    const answer = await createGroup(user.id, nested.id);
    expect(answer.body.members).toEqual(
      expect.arrayContaining([
        { value: user.id, type: 'User', $ref: `${client.publicBaseUrl}/Users/${user.id}` },
        { value: nested.id, type: 'Group', $ref: `${client.publicBaseUrl}/Groups/${nested.id}` },
      ]),
    );
  });

  it('[Okta, authentik] are renamed without a path, ignoring id and schemas: 204 with a Content-Type', async () => {
    const { id } = await createGroup();
    const displayName = newName('renamed');
    const answer = await patch(`/Groups/${id}`, {
      op: 'replace',
      value: { id: 'x', schemas: [GROUP_URN], displayName },
    });
    expect(answer.status).toBe(204);
    expect(answer.text).toBe('');
    expect(answer.headers.get('content-type')).toMatch(/^application\/scim\+json/);
    expect((await client.send('GET', `/Groups/${id}`)).body).toMatchObject({ id, displayName });
  });

  it('[Entra] are changed in displayName and externalId by path', async () => {
    const { id } = await createGroup();
    const displayName = newName('by path');
    const answer = await patch(
      `/Groups/${id}`,
      { op: 'Replace', path: 'displayName', value: displayName },
      { op: 'Replace', path: 'externalId', value: 'new' },
    );
    expect(answer.status).toBe(204);
    expect((await client.send('GET', `/Groups/${id}`)).body).toMatchObject({
      displayName,
      externalId: 'new',
    });
  });

  it('[Entra, Okta, authentik] are deleted: 204, then 404', async () => {
    const { id } = await createGroup();
    expect((await client.send('DELETE', `/Groups/${id}`)).status).toBe(204);
    expect((await client.send('GET', `/Groups/${id}`)).status).toBe(404);
  });
});

describe('members', () => {
  type Change = (a: string, b: string) => readonly object[];
  const changes: readonly (readonly [
    string,
    Change,
    (a: string, b: string) => readonly string[],
  ])[] = [
    [
      '[authentik] added one by one',
      (_, b) => [{ op: 'add', path: 'members', value: [{ value: b }] }],
      (a, b) => [a, b],
    ],
    [
      '[webex] added as type "user"',
      (_, b) => [{ op: 'add', path: 'members', value: [{ value: b, type: 'user' }] }],
      (a, b) => [a, b],
    ],
    [
      '[Entra] added with $ref null',
      (_, b) => [{ op: 'Add', path: 'members', value: [{ $ref: null, value: b }] }],
      (a, b) => [a, b],
    ],
    [
      '[Entra Postman] added as a bare id',
      (_, b) => [{ op: 'Add', path: 'members', value: b }],
      (a, b) => [a, b],
    ],
    [
      '[JumpCloud, Entra] added again',
      (a) => [{ op: 'add', path: 'members', value: [{ value: a }] }],
      (a) => [a],
    ],
    [
      '[Okta, Keycloak] removed by a path',
      (a) => [{ op: 'remove', path: `members[value eq "${a}"]` }],
      () => [],
    ],
    [
      'not changed by the removal of an absent one by a path',
      (_, b) => [{ op: 'remove', path: `members[value eq "${b}"]` }],
      (a) => [a],
    ],
    [
      '[Entra, authentik] removed by value',
      (a) => [{ op: 'Remove', path: 'members', value: [{ $ref: null, value: a }] }],
      () => [],
    ],
    [
      '[Entra, authentik] kept when another one is removed by value',
      (_, b) => [{ op: 'Remove', path: 'members', value: [{ value: b }] }],
      (a) => [a],
    ],
    [
      '[Entra Postman] removed without a value',
      () => [{ op: 'remove', path: 'members' }],
      () => [],
    ],
    [
      'not removed by an empty list',
      () => [{ op: 'remove', path: 'members', value: [] }],
      (a) => [a],
    ],
    [
      '[ConnId, Salesforce] added in a value that repeats their name',
      (_, b) => [{ op: 'add', path: 'members', value: { members: [{ value: b }] } }],
      (a, b) => [a, b],
    ],
    [
      '[ConnId, Salesforce] removed in a value that repeats their name',
      (a) => [{ op: 'remove', path: 'members', value: { members: [{ value: a }] } }],
      () => [],
    ],
    [
      '[ConnId, Salesforce] replaced in a value that repeats their name',
      (_, b) => [{ op: 'replace', path: 'members', value: { members: [{ value: b }] } }],
      (_, b) => [b],
    ],
    [
      '[Okta] replaced',
      (_, b) => [{ op: 'replace', path: 'members', value: [{ value: b }] }],
      (_, b) => [b],
    ],
    [
      '[Okta] replaced by an empty list',
      () => [{ op: 'replace', path: 'members', value: [] }],
      () => [],
    ],
    [
      '[Okta] swapped',
      (a, b) => [
        { op: 'remove', path: `members[value eq "${a}"]` },
        { op: 'add', path: 'members', value: [{ value: b }] },
      ],
      (_, b) => [b],
    ],
    [
      '[Okta] added together with an unknown one',
      (_, b) => [{ op: 'add', path: 'members', value: [{ value: 'nobody' }, { value: b }] }],
      (a, b) => [a, b],
    ],
    [
      'replaced without a path',
      (_, b) => [{ op: 'replace', value: { members: [{ value: b }] } }],
      (_, b) => [b],
    ],
  ];
  it.each(changes)('are %s: 204', async (_, operations, expected) => {
    const [a, b] = [(await createUser()).id, (await createUser()).id];
    const { id } = await createGroup(a);
    const answer = await patch(`/Groups/${id}`, ...operations(a, b));
    expect(answer.status, answer.text).toBe(204);
    expect(await membersOf(id)).toEqual([...expected(a, b)].sort());
  });

  it('[authentik, Okta, pelotech] are exactly those of a PUT, and none if it contains none', async () => {
    const [a, b] = [(await createUser()).id, (await createUser()).id];
    const { id, body } = await createGroup(a);
    const { displayName } = body;
    const put = (more: object) => client.send('PUT', `/Groups/${id}`, { displayName, ...more });
    expect((await put({ members: [{ value: b, $ref: `Users/${b}` }] })).status).toBe(200);
    expect(await membersOf(id)).toEqual([b]);
    expect((await put({ members: [] })).body.members).toEqual([]);
    await put({ members: [{ value: a }] });
    expect((await put({})).body.members).toEqual([]);
  });

  it('[Keycloak, Okta] may be added by the thousand in one PATCH', async () => {
    const members = (await inBatches(1000, () => createUser())).map(({ id }) => id);
    const { id } = await createGroup();
    const value = members.map((each) => ({ value: each }));
    expect((await patch(`/Groups/${id}`, { op: 'add', path: 'members', value })).status).toBe(204);
    expect(await membersOf(id)).toEqual(members.sort());
  });

  it('[Entra] may be added in fifty parallel PATCHes, and none is lost', async () => {
    const users = await Promise.all(Array.from({ length: 50 }, () => createUser()));
    const { id } = await createGroup();
    const answers = await Promise.all(
      users.map((user) =>
        patch(`/Groups/${id}`, { op: 'Add', path: 'members', value: [{ value: user.id }] }),
      ),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([204]));
    expect(await membersOf(id)).toEqual(users.map((user) => user.id).sort());
  });
});
