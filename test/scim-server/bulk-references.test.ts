/** Operations of a Bulk that reference each other (RFC 7644 §3.7.1, §3.7.2). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type BulkClient,
  bulkClient,
  group,
  idOf,
  managed,
  managedBy,
  newName,
  patch,
  statuses,
  user,
} from '../support/scim-server/bulk.ts';
import {
  type ScimClient,
  type ScimServer,
  startScimServer,
} from '../support/scim-server/server.ts';

let server: ScimServer;
let client: ScimClient;
let on: BulkClient;
beforeAll(async () => {
  server = await startScimServer();
  client = await server.addIntegration();
  on = bulkClient(client);
});
afterAll(() => server.close());

describe('references in a Bulk', () => {
  it('are resolved forward and backward, in paths, $ref, values and filters', async () => {
    const results = await on.bulk([
      group('team', 'bulkId:a'),
      patch('/Groups/bulkId:team', {
        op: 'add',
        path: 'members',
        value: [{ value: 'bulkId:b', $ref: '../Users/bulkId:b' }, { $ref: 'Users/bulkId:c' }],
      }),
      user('a', managedBy('bulkId:b')),
      user('b'),
      user('c'),
      patch('/Groups/bulkId:team', { op: 'remove', path: 'members[value eq "bulkId:a"]' }),
      { method: 'DELETE', path: '/Users/bulkId:c' },
      { ...group('outer', 'bulkId:team'), method: 'Post' },
    ]);
    expect(statuses(results)).toBe('201 204 201 201 201 204 204 201');
    const [team, , a, b, , , , outer] = results.map(idOf);
    expect(await on.membersOf(team ?? '')).toEqual([b]);
    expect(await on.membersOf(outer ?? '')).toEqual([team]);
    expect(await on.enterpriseOf(a ?? '')).toEqual({
      department: 'D',
      manager: { value: b, $ref: `${client.publicBaseUrl}/Users/${b}` },
    });
    expect(results[1]?.location).toBe(results[0]?.location);
    expect(results[6]?.location).toBe(results[4]?.location);
  });

  it('are resolved in any quotes or none, in any case, in JSON, and in a PATCH whose data is a list', async () => {
    const remove = (path: string) => ({ op: 'remove', path });
    const results = await on.bulk([
      group('team', 'bulkId:a', 'bulkId:b', 'bulkId:c'),
      ...['a', 'b', 'c', 'd'].map((bulkId) => user(bulkId)),
      {
        method: 'PATCH',
        path: '/Groups/bulkId:team',
        data: [
          remove('members[value eq bulkId:a]'),
          { op: 'add', path: 'members', value: '[{"value":"bulkId:d"}]' },
        ],
      },
      patch('/Groups/bulkid:team', remove("members[value eq 'BulkId:b']")),
      patch('/Groups/bulkId:team', remove('members[value eq bulkId:nobody]')),
      { method: 'PATCH', path: '/Groups/bulkId:team', data: [{ active: false }] },
      { method: 'PATCH', path: '/Groups/bulkId:team', data: { op: 'remove', path: 'members' } },
    ]);
    expect(statuses(results)).toBe('201 201 201 201 201 204 204 409 400 400');
    const [team, , , c, d] = results.map(idOf);
    expect(await on.membersOf(team ?? '')).toEqual([c, d].sort());
  });

  it('to a resource that was not created are 409 with the bulkId, and change nothing', async () => {
    const id = await on.newGroup();
    const results = await on.bulk([
      { ...user('bad'), data: {} },
      group('g', 'bulkId:bad'),
      patch(`/Groups/${id}`, { op: 'add', path: 'members', value: [{ value: 'bulkId:nobody' }] }),
      { method: 'DELETE', path: '/Users/bulkId:bad' },
      group('h', 'bulkId:g'),
      user('fine'),
    ]);
    expect(statuses(results)).toBe('400 409 409 409 409 201');
    expect(results.map(({ response }) => response?.detail)).toMatchObject([
      expect.anything(),
      ...['bad', 'nobody', 'bad', 'g'].map((name) => expect.stringContaining(`bulkId "${name}"`)),
      undefined,
    ]);
    expect(results[1]?.response?.scimType).toBe('invalidValue');
    expect((await client.send('GET', `/Groups/${id}`)).body.meta).toMatchObject({
      version: 'W/"1"',
    });
  });

  it('in a circle of users are resolved: each is the other’s manager', async () => {
    const results = await on.bulk([
      group('team', 'bulkId:a', 'bulkId:self'),
      user('a', managedBy('bulkId:b')),
      user('b', managedBy('bulkId:a')),
      user('self', managedBy('bulkId:self')),
    ]);
    expect(statuses(results)).toBe('201 201 201 201');
    const [team = '', a = '', b = '', self = ''] = results.map(idOf);
    expect([
      await on.enterpriseOf(a),
      await on.enterpriseOf(b),
      await on.enterpriseOf(self),
    ]).toEqual([b, a, self].map((id) => managed(id, `${client.publicBaseUrl}/Users/${id}`)));
    expect(await on.membersOf(team)).toEqual([a, self].sort());
    for (const [index, id] of [a, b, self].entries()) {
      const { headers } = await client.send('GET', `/Users/${id}`, undefined, {
        headers: { 'if-none-match': '"0"' },
      });
      const digestless = (tag: unknown) => String(tag).replace(/\.\w+/, '');
      expect(digestless(headers.get('etag'))).toBe(digestless(results[index + 1]?.version));
    }
  });

  it('in a circle that can’t be completed are 409, and none of its users remains', async () => {
    const taken = newName('user');
    await client.send('POST', '/Users', { userName: taken });
    const a = user('a', managedBy('bulkId:b'));
    const results = await on.bulk([
      a,
      { ...user('b', managedBy('bulkId:a')), data: { userName: taken, ...managedBy('bulkId:a') } },
      group('g', 'bulkId:a'),
      user('fine'),
    ]);
    expect(statuses(results)).toBe('409 409 409 201');
    expect(results[0]?.response?.detail).toContain('bulkId "b"');
    expect(results[0]).not.toHaveProperty('location');
    expect(await on.total(`userName eq "${a.data.userName}"`)).toBe(0);
  });

  it('of groups that contain each other are 409, as a group can’t contain itself', async () => {
    const [one, two, own] = [
      group('a', 'bulkId:b'),
      group('b', 'bulkId:a'),
      group('c', 'bulkId:c'),
    ];
    const results = await on.bulk([one, two, own, group('d'), user('u')]);
    expect(statuses(results)).toBe('409 409 409 201 201');
    const names = [one, two, own].map(({ data }) => `displayName eq "${data.displayName}"`);
    expect(await on.total(names.join(' or '))).toBe(0);
  });

  it('between a group and the groups of its member are resolved', async () => {
    const results = await on.bulk([
      group('g', 'bulkId:u'),
      user('u', { groups: [{ value: 'bulkId:g' }] }),
    ]);
    expect(statuses(results)).toBe('201 201');
    expect(await on.membersOf(idOf(results[0]))).toEqual([idOf(results[1])]);
  });
});
