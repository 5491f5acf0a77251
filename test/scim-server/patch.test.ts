/**
 * PATCH: its responses, unknown names, writes without effect, members, and the limit of operations.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/scim/json.ts';
import {
  type ScimClient,
  type ScimServer,
  startScimServer,
} from '../support/scim-server/server.ts';

const ENTERPRISE_URN = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
let server: ScimServer;
let client: ScimClient;
beforeAll(async () => {
  server = await startScimServer();
  client = await server.addIntegration();
});
afterAll(() => server.close());

let count = 0;
const createUser = (more: JsonObject = {}) =>
  client.send('POST', '/Users', { userName: `user-${++count}`, ...more });
const createGroup = (more: JsonObject = {}) =>
  client.send('POST', '/Groups', { displayName: `group-${++count}`, ...more });
const patch = (path: string, ...Operations: readonly object[]) =>
  client.send('PATCH', path, { Operations });

describe('a PATCH', () => {
  it('of a user returns 200 with the user', async () => {
    const { id } = await createUser();
    const answer = await patch(`/Users/${id}`, { op: 'add', path: 'title', value: 'Dr' });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual((await client.send('GET', `/Users/${id}`)).body);
  });

  it.each([true, false])('with an empty string for active is refused: %j', async (active) => {
    const { id } = await createUser({ active });
    for (const operation of [
      { op: 'replace', value: { active: '', 'name.givenName': 'Ada' } },
      { op: 'replace', path: 'active', value: '' },
    ])
      expect((await patch(`/Users/${id}`, operation)).body.scimType).toBe('invalidValue');
    expect((await client.send('GET', `/Users/${id}`)).body).toMatchObject({ active });
  });

  it('has the keys that a POST and a PUT may have', async () => {
    const department = `${ENTERPRISE_URN}:department`;
    const keys = { 'name.givenName': 'Ada', 'emails.value': 'a@x', [department]: 'D' };
    const attributes = {
      name: { givenName: 'Ada' },
      emails: [{ value: 'a@x' }],
      [ENTERPRISE_URN]: { department: 'D' },
    };
    const { id, body } = await createUser(keys);
    expect(body).toMatchObject(attributes);
    const { userName } = body;
    expect((await client.send('PUT', `/Users/${id}`, { userName })).body).not.toHaveProperty(
      'name',
    );
    expect((await patch(`/Users/${id}`, { op: 'add', value: keys })).body).toMatchObject(
      attributes,
    );
    const same = await client.send('PUT', `/Users/${id}`, { userName, ...keys });
    expect(same.body).toMatchObject({ ...attributes, meta: { version: 'W/"3"' } });
  });

  it('of a group returns 204 with a Content-Type, or 200 with the group if attributes is given', async () => {
    const { id } = await createGroup();
    const operation = { op: 'add', path: 'externalId', value: 'e' };
    const bare = await patch(`/Groups/${id}`, operation);
    expect(bare.status).toBe(204);
    expect(bare.text).toBe('');
    expect(bare.headers.get('content-type')).toMatch(/^application\/scim\+json/);
    const full = await patch(`/Groups/${id}?attributes=externalId`, operation);
    expect(full.status).toBe(200);
    expect(full.body).toEqual({ schemas: expect.any(Array), id, externalId: 'e' });
  });

  it.each([
    ['id', 'x'],
    ['schemas', ['urn:x']],
    ['meta', {}],
    ['meta.version', 'x'],
    ['groups', [{ value: 'x' }]],
    ['groups[value eq "x"].display', 'x'],
    [`${ENTERPRISE_URN}:manager.displayName`, 'x'],
  ])(
    'of readOnly %s is 400 mutability with a path, and ignored without one',
    async (path, value) => {
      const created = await createUser();
      for (const op of ['add', 'replace', 'remove']) {
        const pathed = await patch(`/Users/${created.id}`, { op, path, value });
        expect(pathed.body).toMatchObject({ status: '400', scimType: 'mutability' });
      }
      const pathless = await patch(`/Users/${created.id}`, {
        op: 'replace',
        value: { [path]: value },
      });
      expect(pathless.status).toBe(200);
      expect(pathless.body).toEqual(created.body);
    },
  );

  it('of members with a filter in other quotes removes the member or is refused', async () => {
    const { id: member } = await createUser();
    for (const value of [`'${member}'`, `“${member}”`, `‘${member}’`, member]) {
      const { id } = await createGroup({ members: [{ value: member }] });
      for (const wrong of [`${value};`, `'${member}`, `%22${member}%22`]) {
        const refused = await patch(`/Groups/${id}`, {
          op: 'remove',
          path: `members[value eq ${wrong}]`,
        });
        expect(refused.body).toMatchObject({ status: '400', scimType: 'invalidPath' });
      }
      await patch(`/Groups/${id}`, { op: 'remove', path: `members[value eq ${value}]` });
      const { body } = await client.send('GET', `/Groups/${id}`);
      expect(body.members ?? []).toEqual([]);
    }
  });

  it('with "" stores it as sent, not counting as present, but clears the manager', async () => {
    const { id } = await createUser({
      nickName: '',
      [ENTERPRISE_URN]: { manager: { value: 'm' } },
    });
    const read = async () => (await client.send('GET', `/Users/${id}`)).body;
    expect((await read()).nickName).toBe('');
    const cleared = await patch(
      `/Users/${id}`,
      { op: 'replace', path: 'title', value: '' },
      { op: 'replace', path: `${ENTERPRISE_URN}:manager`, value: '' },
    );
    expect(cleared.body.title).toBe('');
    expect(cleared.body).not.toHaveProperty(ENTERPRISE_URN);
    expect(await read()).toEqual(cleared.body);
    for (const [filter, total] of [
      ['title pr', 0],
      ['nickName pr', 0],
      ['title eq ""', 1],
      ['manager pr', 0],
    ] as const) {
      const { body } = await client.send('GET', `/Users?filter=id eq "${id}" and ${filter}`);
      expect(body.totalResults, filter).toBe(total);
    }
  });

  it('with no Operations, or with only schemas, succeeds', async () => {
    const [user, group] = [await createUser(), await createGroup()];
    for (const body of [{ Operations: [] }, { schemas: ['x'] }]) {
      expect((await client.send('PATCH', `/Users/${user.id}`, body)).body).toEqual(user.body);
      expect((await client.send('PATCH', `/Groups/${group.id}`, body)).status).toBe(204);
    }
  });

  it.each([
    { schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'], active: false },
    { Operation: [{ op: 'replace', path: 'active', value: false }] },
    { op: 'replace', path: 'active', value: false },
  ])('with anything else instead of Operations is 400 invalidSyntax: %j', async (body) => {
    for (const { path, created } of [
      { path: '/Users', created: await createUser() },
      { path: '/Groups', created: await createGroup() },
    ]) {
      const answer = await client.send('PATCH', `${path}/${created.id}`, body);
      expect(answer.body).toMatchObject({ status: '400', scimType: 'invalidSyntax' });
      expect((await client.send('GET', `${path}/${created.id}`)).body).toEqual(created.body);
    }
  });

  it('that replaces without a value is 400 and changes nothing', async () => {
    const member = await createUser({ displayName: 'U', [ENTERPRISE_URN]: { department: 'D' } });
    const group = await createGroup({ members: [{ value: member.id }] });
    const of = (path: string, ...paths: readonly string[]) => paths.map((each) => [path, each]);
    for (const [resource = '', path] of [
      ...of(`/Groups/${group.id}`, 'members', 'displayName'),
      ...of(
        `/Users/${member.id}`,
        'active',
        'displayName',
        ENTERPRISE_URN,
        `${ENTERPRISE_URN}:department`,
      ),
    ]) {
      const answer = await patch(resource, { op: 'replace', path });
      expect(answer.body, path).toMatchObject({ status: '400', scimType: 'invalidValue' });
    }
    expect((await client.send('GET', `/Groups/${group.id}`)).body).toEqual(group.body);
    const read = (await client.send('GET', `/Users/${member.id}`)).body;
    expect(read).toMatchObject({
      ...member.body,
      groups: expect.any(Array),
      meta: { version: expect.stringMatching(/^W\/"1\b/) },
    });
  });
});

describe('unknown names', () => {
  it('in a body are ignored', async () => {
    const created = await createUser({ shoeSize: 42, name: { shoeSize: 42, givenName: 'A' } });
    expect(created.status).toBe(201);
    expect(created.text).not.toContain('shoeSize');
    const pathless = { op: 'add', value: { shoeSize: 1, 'name.shoeSize': 1, 'urn:x:y': { z: 1 } } };
    expect((await patch(`/Users/${created.id}`, pathless)).body).toEqual(created.body);
  });

  it.each([
    'shoeSize',
    'name.shoeSize',
    'emails[shoeSize eq 1].value',
    'emails[type eq "work"].shoeSize',
    'urn:x:shoeSize',
  ])('in a PATCH path (%s) are 400 invalidPath with the name', async (path) => {
    const { id } = await createUser();
    for (const op of ['add', 'replace', 'remove']) {
      const answer = await patch(`/Users/${id}`, { op, path, value: 'x' });
      expect(answer.body).toMatchObject({ status: '400', scimType: 'invalidPath' });
      expect(answer.body.detail).toContain('shoeSize');
    }
  });

  it.each([
    'shoeSize eq 1',
    'name.shoeSize pr',
    'emails[shoeSize eq 1]',
    'userName pr or urn:x:shoeSize pr',
  ])('in a filter (%s) are 400 invalidFilter with the name', async (filter) => {
    for (const path of ['/Users', '']) {
      const answer = await client.send('POST', `${path}/.search`, { filter });
      expect(answer.body).toMatchObject({ status: '400', scimType: 'invalidFilter' });
      expect(answer.body.detail).toContain('shoeSize');
    }
  });

  it('in attributes and excludedAttributes are ignored', async () => {
    const { id } = await createUser();
    const bare = await client.send('GET', `/Users/${id}?attributes=shoeSize`);
    expect(bare.body).toEqual({ schemas: expect.any(Array), id });
    const whole = await client.send('GET', `/Users/${id}?excludedAttributes=shoeSize`);
    expect(whole.body).toEqual((await client.send('GET', `/Users/${id}`)).body);
  });

  it('in sortBy are 400 invalidPath', async () => {
    for (const path of ['/Users', '/Groups', '']) {
      const { body } = await client.send('POST', `${path}/.search`, { sortBy: 'shoeSize' });
      expect(body).toMatchObject({ status: '400', scimType: 'invalidPath' });
      expect(body.detail).toContain('shoeSize');
    }
  });

  it('don’t include attributes of the other type in a .search at the root, which match nothing', async () => {
    const user = await createUser();
    const userName = user.body.userName;
    const search = async (filter: string) =>
      (await client.send('POST', '/.search', { filter })).body.totalResults;
    expect(await search(`userName eq "${userName}"`)).toBe(1);
    expect(await search(`userName eq "${userName}" and members pr`)).toBe(0);
    expect(await search('members[type eq "Robot"] or name[givenName eq "nobody"]')).toBe(0);
  });
});

describe('writes without effect', () => {
  it('change neither the version nor lastModified', async () => {
    const user = await createUser({ title: 'Dr', emails: [{ value: 'a@b', type: 'work' }] });
    const group = await createGroup({ members: [{ value: user.id }] });
    const before = (await client.send('GET', `/Users/${user.id}`)).body;
    for (const operation of [
      { op: 'replace', path: 'title', value: 'Dr' },
      { op: 'add', path: 'emails', value: [{ value: 'A@B'.toLowerCase() }] },
      { op: 'remove', path: 'nickName' },
      { op: 'remove', path: 'emails[type eq "home"]' },
      { op: 'replace', path: 'active', value: 'True' },
    ]) {
      expect((await patch(`/Users/${user.id}`, operation)).body).toEqual(before);
    }
    expect((await client.send('PUT', `/Users/${user.id}`, before)).body).toEqual(before);
    for (const operation of [
      { op: 'add', path: 'members', value: [{ value: user.id }] },
      { op: 'remove', path: 'members[value eq "nobody"]' },
      { op: 'replace', path: 'members', value: [{ value: user.id }] },
      { op: 'add', path: 'members', value: [{ value: 'nobody' }] },
    ]) {
      expect((await patch(`/Groups/${group.id}`, operation)).headers.get('etag')).toBe('W/"1"');
    }
    const put = await client.send('PUT', `/Groups/${group.id}`, group.body);
    expect(put.body).toEqual(group.body);
  });
});

describe('members', () => {
  it('have value, type and a URL as $ref, and no display', async () => {
    const [user, group] = [await createUser({ displayName: 'U' }), await createGroup()];
    const answer = await createGroup({
      members: [{ value: user.id, display: 'U' }, { value: group.id }],
    });
    expect(answer.body.members).toEqual([
      { value: user.id, type: 'User', $ref: `${client.publicBaseUrl}/Users/${user.id}` },
      { value: group.id, type: 'Group', $ref: `${client.publicBaseUrl}/Groups/${group.id}` },
    ]);
  });

  it.each(['user', 'Group', 'Robot', ''])('of type %j are accepted and corrected', async (type) => {
    const user = await createUser();
    const { body } = await createGroup({ members: [{ value: user.id, type }] });
    expect(body.members).toEqual([
      { value: user.id, type: 'User', $ref: `${client.publicBaseUrl}/Users/${user.id}` },
    ]);
  });

  it('named by $ref alone are found, relative or absolute', async () => {
    const [a, b] = [await createUser(), await createUser()];
    const members = [
      { $ref: `../Users/${a.id}` },
      { $ref: `${client.publicBaseUrl}/Users/${b.id}` },
    ];
    const { body } = await createGroup({ members });
    expect((body.members as JsonObject[]).map(({ value }) => value)).toEqual([a.id, b.id]);
  });

  it('that are unknown are skipped while the others are added', async () => {
    const user = await createUser();
    const { id } = await createGroup();
    const value = [{ value: 'nobody' }, { value: user.id }];
    expect((await patch(`/Groups/${id}`, { op: 'add', path: 'members', value })).status).toBe(204);
    const { body } = await client.send('GET', `/Groups/${id}`);
    expect(body.members).toMatchObject([{ value: user.id }]);
  });

  it.each([
    ['an unknown id', [{ value: 'nobody' }]],
    ['several unknown ids', [{ value: 'nobody' }, { value: crypto.randomUUID() }]],
    ['a member without an id', [{ display: 'x' }]],
    ['a misspelled key', [{ id: 'x' }]],
    ['an empty object', [{}]],
    ['an id that is null', [{ value: null }]],
    ['JSON without a member', '[{"id":"x"}]'],
  ])('of a group are not replaced by %s, which is 400 and changes nothing', async (_, members) => {
    const user = await createUser();
    const before = await createGroup({ members: [{ value: user.id }] });
    const path = `/Groups/${before.id}`;
    for (const answer of [
      await client.send('PUT', path, { displayName: `renamed-${++count}`, members }),
      await patch(path, { op: 'replace', path: 'members', value: members }),
      await patch(path, { op: 'replace', value: { displayName: `renamed-${++count}`, members } }),
    ]) {
      expect(answer.body).toMatchObject({ status: '400', scimType: 'invalidValue' });
      expect((await client.send('GET', path)).body).toEqual(before.body);
    }
  });

  it('that are all unknown are accepted for an empty group, and [] empties any group', async () => {
    const user = await createUser();
    const { id, body } = await createGroup({ members: [{ value: user.id }] });
    const put = (members: readonly JsonObject[]) =>
      client.send('PUT', `/Groups/${id}`, { displayName: String(body.displayName), members });
    for (const members of [[], [{ value: 'nobody' }]]) {
      expect((await put(members)).status).toBe(200);
      const read = await client.send('GET', `/Groups/${id}?attributes=members`);
      expect(read.body.members ?? []).toEqual([]);
    }
  });

  it.each<[string, (own: string, inner: string) => Promise<{ status: number; body: JsonObject }>]>([
    [
      'PATCH',
      (own, inner) =>
        patch(`/Groups/${inner}`, { op: 'add', path: 'members', value: [{ value: own }] }),
    ],
    [
      'PATCH of itself',
      (own) => patch(`/Groups/${own}`, { op: 'add', path: 'members', value: [{ value: own }] }),
    ],
    [
      'PUT',
      (own, inner) =>
        client.send('PUT', `/Groups/${inner}`, { displayName: 'cycle', members: [{ value: own }] }),
    ],
  ])(
    'that would make a group contain itself are refused in a %s, and nothing changes',
    async (_, close) => {
      const inner = await createGroup();
      const middle = await createGroup({ members: [{ value: inner.id }] });
      const outer = await createGroup({ members: [{ value: middle.id }] });
      const answer = await close(outer.id, inner.id);
      expect(answer.body).toMatchObject({ status: '400', scimType: 'invalidValue' });
      for (const each of [inner, middle, outer]) {
        expect((await client.send('GET', `/Groups/${each.id}`)).body).toEqual(each.body);
      }
    },
  );
});

describe('the announced limits', () => {
  it('include bulk.maxOperations, which also limits the operations of a PATCH', async () => {
    const { body } = await client.send('GET', '/ServiceProviderConfig');
    expect(body).toMatchObject({
      bulk: { maxOperations: 1000, maxPayloadSize: 16 * 1024 * 1024 },
      filter: { maxResults: 1000 },
    });
    const { id } = await createUser();
    const operations = Array.from({ length: 1001 }, (_, index) => ({
      op: 'replace',
      path: 'title',
      value: `${index}`,
    }));
    const over = await patch(`/Users/${id}`, ...operations);
    expect(over.status).toBe(413);
    expect(over.body.detail).toContain('1000');
    const within = await patch(`/Users/${id}`, ...operations.slice(1));
    expect(within.body).toMatchObject({ title: '1000', meta: { version: 'W/"2"' } });
  });
});
