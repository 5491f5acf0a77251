/**
 * ETags: `W/"<version>"`, the same as meta.version and compared weakly (RFC 7644 §3.14, RFC 9110
 * §13.1).
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/scim/json.ts';
import {
  type ScimClient,
  type ScimServer,
  startScimServer,
} from '../support/scim-server/server.ts';

let server: ScimServer;
let client: ScimClient;
let alice: string;
let group: string;
beforeAll(async () => {
  server = await startScimServer();
  client = await server.addIntegration();
  alice = (await client.send('POST', '/Users', { userName: 'alice' })).id;
  group = (await client.send('POST', '/Groups', { displayName: 'Crew' })).id;
});
afterAll(() => server.close());

describe('ETags', () => {
  it('[Keycloak] lead to 304 for the current version and to 412 for an old one', async () => {
    const created = await client.send('POST', '/Users', { userName: 'tagged' });
    const path = `/Users/${created.id}`;
    const first = created.headers.get('etag') ?? '';
    expect(created.body.meta).toMatchObject({ version: first });
    const known = (tag: string) =>
      client.send('GET', path, undefined, { headers: { 'if-none-match': tag } });
    const unchanged = await known(first);
    expect(unchanged.status).toBe(304);
    expect(unchanged.text).toBe('');
    expect(unchanged.headers.get('etag')).toBe(first);

    const put = await client.send(
      'PUT',
      path,
      { userName: 'tagged', title: 'x' },
      { headers: { 'if-match': first } },
    );
    expect(put.status).toBe(200);
    expect((await known(first)).status).toBe(200);
    for (const [method, body] of [
      ['PUT', { userName: 'tagged' }],
      ['PATCH', { Operations: [] }],
      ['DELETE', undefined],
    ] as const) {
      const answer = await client.send(method, path, body, { headers: { 'if-match': first } });
      expect(answer.body).toMatchObject({ status: '412' });
    }
    const anything = { headers: { 'if-match': '*' } };
    expect((await client.send('DELETE', path, undefined, anything)).status).toBe(204);
  });

  it('of a user change when the groups change, though the version stays', async () => {
    const { id } = await client.send('POST', '/Users', { userName: 'joiner' });
    const before = await client.send('GET', `/Users/${id}`);
    const tag = before.headers.get('etag') ?? '';
    const member = { Operations: [{ op: 'add', path: 'members', value: [{ value: id }] }] };
    await client.send('PATCH', `/Groups/${group}`, member);
    const after = await client.send('GET', `/Users/${id}`, undefined, {
      headers: { 'if-none-match': tag },
    });
    expect(after.status).toBe(200);
    expect(after.body.groups).toMatchObject([{ value: group, display: 'Crew', type: 'direct' }]);
    expect(after.headers.get('etag')).not.toBe(tag);
    const put = await client.send(
      'PUT',
      `/Users/${id}`,
      { userName: 'joiner' },
      { headers: { 'if-match': tag } },
    );
    expect(put.status).toBe(200);
    expect(put.headers.get('etag')).toBe(after.headers.get('etag'));
    await client.send('DELETE', `/Users/${id}`);
  });

  it('of a group change with its members', async () => {
    const created = await client.send('POST', '/Groups', { displayName: 'moving' });
    const patch = { Operations: [{ op: 'add', path: 'members', value: [{ value: alice }] }] };
    const first = await client.send('PATCH', `/Groups/${created.id}`, patch);
    expect(first.headers.get('etag')).not.toBe(created.headers.get('etag'));
    const again = await client.send('PATCH', `/Groups/${created.id}`, patch);
    expect(again.headers.get('etag')).toBe(first.headers.get('etag'));
    await client.send('DELETE', `/Groups/${created.id}`);
  });

  it('are the same as meta.version, also in lists, with and without groups', async () => {
    const { id } = await client.send('POST', '/Users', { userName: 'same' });
    const members = [{ value: id }];
    const made = await client.send('POST', '/Groups', { displayName: 'same', members });
    for (const [path, query] of [
      [`/Users/${id}`, ''],
      [`/Users/${id}`, '?excludedAttributes=groups'],
      [`/Groups/${made.id}`, ''],
    ] as const) {
      const read = await client.send('GET', `${path}${query}`);
      const { version } = read.body.meta as JsonObject;
      expect(read.headers.get('etag')).toBe(version);
      const bare = query !== '' || path.startsWith('/Groups');
      expect(version).toMatch(bare ? /^W\/"1"$/ : /^W\/"1\.[0-9a-f]{16}"$/);
      const search = { filter: `id eq "${path.split('/')[2]}"` };
      const type = path.slice(0, path.lastIndexOf('/'));
      const list = await client.send('POST', `${type}/.search${query}`, search);
      if (query === '') expect(list.body.Resources).toEqual([read.body]);
    }
    await client.send('DELETE', `/Groups/${made.id}`);
    await client.send('DELETE', `/Users/${id}`);
  });

  const CURRENT = ['W/"1"', '"1"', 'W/"7", W/"1"', '"x","1"', 'W/"1.0123456789abcdef"', '*', ' * '];
  const OTHERS = ['W/"2"', '"2"', '1', '""', 'W/"7", "8"', 'x', 'W/"11"', 'W/"1x"', '"*"'];

  /** Tries each write on a user and a group of version 1. Only DELETE changes them. */
  async function expectEach(header: string, expected: (deletes: boolean) => number) {
    for (const [path, body] of [
      ['/Users', { userName: 'guarded' }],
      ['/Groups', { displayName: 'guarded' }],
    ] as const) {
      const { id } = await client.send('POST', path, body);
      const [name = '', value = ''] = header.split(/: (.*)/);
      const send = (method: string, sent?: object) =>
        client.send(method, `${path}/${id}?attributes=id`, sent, { headers: { [name]: value } });
      expect((await send('PUT', body)).status, `PUT ${header}`).toBe(expected(false));
      expect((await send('PATCH', { Operations: [] })).status).toBe(expected(false));
      expect((await send('DELETE')).status, `DELETE ${header}`).toBe(expected(true));
      await client.send('DELETE', `${path}/${id}`);
    }
  }

  it.each(CURRENT)(
    'that match (%s) let a write pass in If-Match and stop it in If-None-Match',
    async (tags) => {
      await expectEach(`If-Match: ${tags}`, (deletes) => (deletes ? 204 : 200));
      if (!tags.includes('.')) await expectEach(`If-None-Match: ${tags}`, () => 412);
    },
  );

  it.each(OTHERS)(
    'that don’t match (%s) stop a write in If-Match and let it pass in If-None-Match',
    async (tags) => {
      await expectEach(`If-Match: ${tags}`, () => 412);
      await expectEach(`If-None-Match: ${tags}`, (deletes) => (deletes ? 204 : 200));
    },
  );

  it('in If-None-Match are compared weakly, may be a list, and * matches any', async () => {
    const path = `/Groups/${group}`;
    const get = async (tags: string, method = 'GET') =>
      (await client.send(method, path, undefined, { headers: { 'if-none-match': tags } })).status;
    const tag = (await client.send('GET', path)).headers.get('etag') ?? '';
    for (const tags of [tag, tag.slice(2), `W/"x", ${tag}`, '*']) {
      expect(await get(tags), tags).toBe(304);
      expect(await get(tags, 'HEAD'), tags).toBe(304);
    }
    for (const tags of ['W/"x"', tag.slice(3, -1), '""']) expect(await get(tags), tags).toBe(200);
  });

  it('make no difference for a missing resource, which is 404', async () => {
    for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
      const headers = { 'if-match': '*', 'if-none-match': 'W/"1"' };
      const body = { GET: undefined, PUT: { userName: 'x' }, PATCH: { Operations: [] } }[method];
      const answer = await client.send(method, '/Users/nobody', body, { headers });
      expect(answer.status).toBe(404);
    }
  });
});
