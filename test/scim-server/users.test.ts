/** Users: active, password, a DELETE followed by a POST, and groups. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLogger } from '../../src/logger.ts';
import type { JsonObject } from '../../src/scim/json.ts';
import {
  type ScimClient,
  type ScimServer,
  startScimServer,
} from '../support/scim-server/server.ts';

const lines: string[] = [];
let server: ScimServer;
let client: ScimClient;
beforeAll(async () => {
  server = await startScimServer({
    log: createLogger('debug', { write: (line) => lines.push(line) }),
  });
  client = await server.addIntegration();
});
afterAll(() => server.close());

let count = 0;
const createUser = (more: JsonObject = {}) =>
  client.send('POST', '/Users', { userName: `user-${++count}`, ...more });
const createGroup = (...members: readonly string[]) =>
  client.send('POST', '/Groups', {
    displayName: `group-${++count}`,
    members: members.map((value) => ({ value })),
  });
const patch = (path: string, ...Operations: readonly object[]) =>
  client.send('PATCH', path, { Operations });
const read = async (id: string) => (await client.send('GET', `/Users/${id}`)).body;
const finds = async (filter: string, id: string) => {
  const { body } = await client.send('GET', `/Users?filter=${filter} and id eq "${id}"`);
  return body.totalResults === 1;
};

describe('active', () => {
  it('is true by default in a POST', async () => {
    const { body, id } = await createUser();
    expect(body.active).toBe(true);
    expect((await read(id)).active).toBe(true);
  });

  it.each([true, false])('keeps its value (%j) in a PUT without it', async (active) => {
    const { id, body } = await createUser({ active });
    const put = await client.send('PUT', `/Users/${id}`, { userName: body.userName, title: 'x' });
    expect(put.body).toMatchObject({ active, title: 'x' });
    const explicit = { userName: body.userName, active: !active };
    expect((await client.send('PUT', `/Users/${id}`, explicit)).body.active).toBe(!active);
  });

  it('is absent after a PATCH removed it, and counts as inactive', async () => {
    const { id, body } = await createUser();
    const removed = await patch(`/Users/${id}`, { op: 'remove', path: 'active' });
    expect(removed.status).toBe(200);
    expect(removed.body).not.toHaveProperty('active');
    expect(await read(id)).not.toHaveProperty('active');
    expect(await finds('active eq true', id)).toBe(false);
    expect(await finds('not (active pr)', id)).toBe(true);
    const put = await client.send('PUT', `/Users/${id}`, { userName: body.userName });
    expect(put.body).not.toHaveProperty('active');
  });
});

describe('password', () => {
  const PASSWORD = 'correct-horse-battery';

  it('is accepted and dropped by every write, and never logged', async () => {
    lines.splice(0);
    const { id, status, text, body } = await createUser({ password: PASSWORD });
    expect(status).toBe(201);
    const answers = [
      await client.send('PUT', `/Users/${id}`, { userName: body.userName, password: PASSWORD }),
      await patch(`/Users/${id}`, { op: 'replace', path: 'password', value: PASSWORD }),
      await patch(`/Users/${id}`, { op: 'add', value: { password: PASSWORD } }),
      await client.send('GET', `/Users/${id}?attributes=password,userName`),
    ];
    for (const each of answers) expect(each.status, each.text).toBe(200);
    const told = [text, ...answers.map((each) => each.text), ...lines].join('');
    expect(told).not.toContain(PASSWORD);
    expect(told).not.toContain('"password"');
    expect((await read(id)).meta).toMatchObject({ version: 'W/"1"' });
  });

  it('can’t be filtered or sorted by', async () => {
    const filter = encodeURIComponent(`password eq "${PASSWORD}"`);
    const filtered = await client.send('GET', `/Users?filter=${filter}`);
    expect(filtered.body).toMatchObject({ status: '400', scimType: 'invalidFilter' });
    expect((await client.send('GET', '/Users?sortBy=password')).status).toBe(400);
    const pathed = { op: 'remove', path: 'emails[password pr]' };
    expect((await patch(`/Users/${(await createUser()).id}`, pathed)).status).toBe(400);
  });

  it('is announced as not changeable: changePassword is false', async () => {
    const { body } = await client.send('GET', '/ServiceProviderConfig');
    expect(body.changePassword).toEqual({ supported: false });
  });
});

describe('a DELETE followed by a POST', () => {
  it('always assigns a new id, to users and to groups', async () => {
    for (const [path, body] of [
      ['/Users', { userName: 'comes back', externalId: 'e' }],
      ['/Groups', { displayName: 'comes back', externalId: 'e' }],
    ] as const) {
      const ids = new Set<string>();
      for (let round = 0; round < 3; round++) {
        const { id, status } = await client.send('POST', path, body);
        expect(status).toBe(201);
        ids.add(id);
        expect((await client.send('DELETE', `${path}/${id}`)).status).toBe(204);
      }
      expect(ids.size).toBe(3);
      for (const id of ids) expect((await client.send('GET', `${path}/${id}`)).status).toBe(404);
    }
  });
});

describe('the groups of a user', () => {
  const groupsOf = async (id: string) =>
    ((await read(id)).groups ?? []) as { value: string; type: string }[];

  it('are computed at any depth, with the type direct or indirect', async () => {
    const user = await createUser({ groups: [{ value: 'sent' }] });
    expect(user.body).not.toHaveProperty('groups');
    const inner = await createGroup(user.id);
    const middle = await createGroup(inner.id);
    const outer = await createGroup(middle.id, user.id);
    const types = new Map((await groupsOf(user.id)).map((each) => [each.value, each.type]));
    expect(types).toEqual(
      new Map([
        [inner.id, 'direct'],
        [middle.id, 'indirect'],
        [outer.id, 'direct'],
      ]),
    );
    expect(await groupsOf(user.id)).toContainEqual({
      value: middle.id,
      $ref: `${client.publicBaseUrl}/Groups/${middle.id}`,
      display: middle.body.displayName,
      type: 'indirect',
    });
    const listed = await client.send('GET', `/Users?filter=groups.value eq "${outer.id}"`);
    expect(listed.body.Resources).toEqual([await read(user.id)]);
    expect(await finds('groups[type eq "indirect"]', user.id)).toBe(true);

    await client.send('DELETE', `/Groups/${middle.id}`);
    expect((await groupsOf(user.id)).map(({ type }) => type)).toEqual(['direct', 'direct']);
  });

  it('are read in one query for a whole page', async () => {
    const reads: number[] = [];
    const counted = await startScimServer({
      wrap: (store) => ({
        ...store,
        users: {
          ...store.users,
          list: async (scope, query) => {
            const page = await store.users.list(scope, query);
            reads.push(page.records.length);
            return page;
          },
          get: () => Promise.reject(new Error('read one by one')),
        },
      }),
    });
    const one = await counted.addIntegration();
    const ids: string[] = [];
    for (const userName of ['a', 'b', 'c']) {
      ids.push((await one.send('POST', '/Users?attributes=id', { userName })).id);
    }
    await one.send('POST', '/Groups', {
      displayName: 'g',
      members: ids.map((value) => ({ value })),
    });
    const { body } = await one.send('GET', '/Users');
    expect((body.Resources as JsonObject[]).map(({ groups }) => groups)).toEqual(
      Array(3).fill([expect.objectContaining({ type: 'direct', display: 'g' })]),
    );
    expect(reads).toEqual([3]);
    await counted.close();
  });
});
