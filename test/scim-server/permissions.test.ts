/** The permissions that each request needs. Without one of them it is 403 and changes nothing. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Permission,
  type Permissions,
  PROVISIONER_PERMISSIONS,
} from '../../src/directory/permissions.ts';
import {
  type ScimClient,
  type ScimServer,
  startScimServer,
} from '../support/scim-server/server.ts';

/** The permissions that are granted at the moment; every request reads them. */
const held = new Set<Permission>();
let server: ScimServer;
let client: ScimClient;
beforeAll(async () => {
  server = await startScimServer({ permissions: held as Permissions });
  client = await server.addIntegration();
});
afterAll(() => server.close());

async function holding<T>(permissions: Iterable<Permission>, run: () => Promise<T>): Promise<T> {
  held.clear();
  for (const each of permissions) held.add(each);
  return await run();
}

const all = [...PROVISIONER_PERMISSIONS];
let count = 0;

const replace = (path: string, value: unknown) => ({
  Operations: [{ op: 'replace', path, value }],
});

/** The needed permissions, and the request on a user or group that was just created. */
type Rule = [string, readonly Permission[], string, string, object?];
const RULES: Rule[] = [
  ['POST user', ['users.create', 'bindings.create'], 'POST', '/Users', { userName: 'new' }],
  ['GET user', ['users.get'], 'GET', '/Users/{user}'],
  ['list users', ['users.list'], 'GET', '/Users'],
  ['search users', ['users.list'], 'POST', '/Users/.search', {}],
  ['PUT user', ['users.patch'], 'PUT', '/Users/{user}', { userName: '{name}', title: 'x' }],
  ['PATCH user', ['users.patch'], 'PATCH', '/Users/{user}', replace('title', 'x')],
  [
    'PATCH active',
    ['users.patch', 'bindings.patch'],
    'PATCH',
    '/Users/{user}',
    replace('active', false),
  ],
  [
    'PUT active',
    ['users.patch', 'bindings.patch'],
    'PUT',
    '/Users/{user}',
    { userName: '{name}', active: false },
  ],
  ['DELETE user', ['bindings.delete'], 'DELETE', '/Users/{user}'],
  [
    'rename',
    ['users.patch', 'users.create'],
    'PATCH',
    '/Users/{user}',
    replace('userName', 'renamed'),
  ],
  ['search users and groups', ['users.list', 'groups.list'], 'POST', '/.search', {}],
  ['POST group', ['groups.create'], 'POST', '/Groups', { displayName: 'new' }],
  ['GET group', ['groups.get'], 'GET', '/Groups/{group}'],
  ['list groups', ['groups.list'], 'GET', '/Groups'],
  [
    'PUT group',
    ['groups.patch'],
    'PUT',
    '/Groups/{group}',
    { displayName: '{name}', externalId: 'x' },
  ],
  ['PATCH members', ['groups.patch'], 'PATCH', '/Groups/{group}', replace('members', [])],
  ['DELETE group', ['groups.delete'], 'DELETE', '/Groups/{group}'],
];

describe('the permissions', () => {
  it.each<Rule>(RULES)('of %s are %j', async (_, needed, method, path, body) => {
    const name = `name-${++count}`;
    const made = await holding(all, async () => ({
      user: (await client.send('POST', '/Users', { userName: name })).id,
      group: (await client.send('POST', '/Groups', { displayName: name })).id,
    }));
    const filled = path.replace('{user}', made.user).replace('{group}', made.group);
    const sent = JSON.parse(JSON.stringify(body ?? null).replace('{name}', name));
    const request = () => client.send(method, filled, sent ?? undefined);
    const state = () => holding(all, async () => (await client.send('GET', '/')).text);
    const before = await state();
    for (const missing of needed) {
      const others = all.filter((each) => each !== missing);
      const refused = await holding(others, request);
      expect(refused.status).toBe(403);
      expect(refused.body.detail).toBe(`the role lacks the permission ${missing}`);
      expect(await state()).toBe(before);
    }
    const answer = await holding(needed, request);
    expect(answer.status, answer.text).toBeLessThan(300);
    await holding(all, async () => {
      for (const id of [made.user, method === 'POST' ? answer.id : '']) {
        await client.send('DELETE', `/Users/${id}`);
      }
      for (const id of [made.group, method === 'POST' ? answer.id : '']) {
        await client.send('DELETE', `/Groups/${id}`);
      }
    });
  });
});
