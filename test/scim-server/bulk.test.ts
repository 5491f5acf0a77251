/**
 * Bulk over HTTP: its response, and the effect of a failed operation on the others (RFC 7644 §3.7,
 * §3.7.3).
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLogger } from '../../src/logger.ts';
import { STANDARD_RESOURCE_TYPES } from '../../src/scim/resource-types.ts';
import { errorAnswer } from '../../src/scim-server/error.ts';
import { bulkRoutes } from '../../src/scim-server/routes/bulk.ts';
import { createCursors } from '../../src/scim-server/routes/cursor.ts';
import { groupKind } from '../../src/scim-server/routes/groups.ts';
import { resourceRoutes } from '../../src/scim-server/routes/resources.ts';
import { userKind } from '../../src/scim-server/routes/users.ts';
import {
  type BulkClient,
  type BulkResult,
  bulkClient,
  group,
  idOf,
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

const ERROR = 'urn:ietf:params:scim:api:messages:2.0:Error';

const lines: Record<string, unknown>[] = [];
let server: ScimServer;
let client: ScimClient;
let on: BulkClient;
beforeAll(async () => {
  const log = createLogger('info', { write: (line) => lines.push(JSON.parse(line)) });
  server = await startScimServer({ log });
  client = await server.addIntegration();
  on = bulkClient(client);
});
afterAll(() => server.close());

describe('the response to a Bulk', () => {
  it('has location, method, bulkId, version and status of each operation, in the order sent', async () => {
    const [one, two, three] = [await on.newUser(), await on.newUser(), await on.newGroup()];
    const results = await on.bulk([
      user('q'),
      { method: 'put', path: `/Users/${one}`, data: { userName: newName('user'), title: 'x' } },
      patch(`/Users/${two}`, { op: 'add', path: 'title', value: 'x' }),
      patch(`/Groups/${three}`, { op: 'add', path: 'members', value: [{ value: one }] }),
      { method: 'DELETE', path: `/Users/${two}` },
    ]);
    const location = (path: string) => `${client.publicBaseUrl}${path}`;
    expect(results).toEqual([
      {
        location: expect.any(String),
        method: 'POST',
        bulkId: 'q',
        version: 'W/"1"',
        status: '201',
      },
      { location: location(`/Users/${one}`), method: 'PUT', version: 'W/"2"', status: '200' },
      { location: location(`/Users/${two}`), method: 'PATCH', version: 'W/"2"', status: '200' },
      { location: location(`/Groups/${three}`), method: 'PATCH', version: 'W/"2"', status: '204' },
      { location: location(`/Users/${two}`), method: 'DELETE', status: '204' },
    ]);
    const { body } = await client.send('GET', `/Users/${idOf(results[0])}`);
    expect(body.meta).toMatchObject({ location: results[0]?.location, version: 'W/"1"' });
    expect(await on.membersOf(three)).toEqual([one]);
  });

  it('contains the version that a reader gets, also for users in groups', async () => {
    const id = await on.newUser();
    await on.newGroup(id);
    const [result] = await on.bulk([
      patch(`/Users/${id}`, { op: 'add', path: 'title', value: 'x' }),
    ]);
    const { body, headers } = await client.send('GET', `/Users/${id}`);
    expect(body.meta).toMatchObject({ version: result?.version });
    expect(headers.get('etag')).toBe(result?.version);
  });

  it('contains a SCIM Error for each failed operation, which changed nothing, and the others are done', async () => {
    const id = await on.newUser();
    const before = await client.send('GET', `/Users/${id}`);
    const results = await on.bulk([
      { method: 'POST', path: '/Users', bulkId: 'taken', data: { userName: before.body.userName } },
      patch(
        `/Users/${id}`,
        { op: 'add', path: 'title', value: 'x' },
        { op: 'add', path: 'shoeSize', value: 42 },
      ),
      { method: 'DELETE', path: '/Groups/nothing' },
      { method: 'DELETE', path: '/Users/a b' },
      user('fine'),
    ]);
    const location = `${client.publicBaseUrl}/Users/${id}`;
    const error = (status: string, more: object = {}) => ({
      schemas: [ERROR],
      status,
      detail: expect.any(String),
      ...more,
    });
    const uniqueness = error('409', { scimType: 'uniqueness' });
    expect(results).toEqual([
      { method: 'POST', bulkId: 'taken', status: '409', response: uniqueness },
      {
        location,
        method: 'PATCH',
        status: '400',
        response: error('400', { scimType: 'invalidPath' }),
      },
      {
        location: `${client.publicBaseUrl}/Groups/nothing`,
        method: 'DELETE',
        status: '404',
        response: error('404'),
      },
      { method: 'DELETE', status: '404', response: error('404') },
      expect.objectContaining({ bulkId: 'fine', status: '201' }),
    ]);
    expect((await client.send('GET', `/Users/${id}`)).body).toEqual(before.body);
  });

  it('contains an error for each invalid operation', async () => {
    const results = await on.bulk([
      { method: 'GET', path: '/Users' },
      { ...user('me'), path: '/Me' },
      { ...user('bulk'), path: '/Bulk' },
      { ...user('search'), path: '/Users/.search' },
      patch('/Users/.search'),
      { method: 'POST', path: '/Users', data: { userName: newName('user') } },
      { method: 'POST', path: '/Users', bulkId: 'empty' },
      { ...user('list'), data: [] },
      {},
      user('fine'),
    ]);
    expect(statuses(results)).toBe('400 400 400 400 404 400 400 400 400 201');
    expect(results.map(({ response }) => response?.scimType)).toEqual([
      ...['invalidValue', 'invalidPath', 'invalidPath', 'invalidPath', undefined],
      ...['invalidValue', 'invalidValue', 'invalidValue', 'invalidValue', undefined],
    ]);
  });

  it('is empty for no operations, and needs no schemas', async () => {
    const { status, body } = await client.send('POST', '/Bulk', { operations: [] });
    expect(status).toBe(200);
    expect(body).toEqual({
      schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkResponse'],
      Operations: [],
    });
  });

  it('is logged in one line, with another one for skipped members', async () => {
    lines.splice(0);
    const id = await on.newUser();
    lines.splice(0);
    const results = await on.bulk([group('g', id, 'nobody'), user('u')]);
    expect(statuses(results)).toBe('201 201');
    expect(await on.membersOf(idOf(results[0]))).toEqual([id]);
    const [skipped, answered, ...more] = lines.filter(({ path }) => !`${path}`.includes('/Groups'));
    expect(skipped).toMatchObject({ msg: 'unknown members were skipped', count: 1 });
    expect(answered).toMatchObject({ method: 'POST', path: `${client.path}/Bulk`, status: 200 });
    expect(skipped?.requestId).toBe(answered?.requestId);
    expect(more).toEqual([]);
  });

  it('hides a defect, which is logged with the request id', async () => {
    const broken = await startScimServer({
      log: createLogger('error', { write: (line) => lines.push(JSON.parse(line)) }),
      wrap: (store) => ({
        ...store,
        users: { ...store.users, delete: () => Promise.reject(new Error('row of mallory')) },
      }),
    });
    const one = await broken.addIntegration();
    lines.splice(0);
    const Operations = [{ method: 'DELETE', path: '/Users/x' }, user('q')];
    const headers = { 'x-request-id': 'r-1' };
    const answer = await one.send('POST', '/Bulk', { Operations }, { headers });
    expect(answer.body.Operations).toMatchObject([{ status: '500' }, { status: '201' }]);
    expect(answer.text).not.toContain('mallory');
    expect(lines).toMatchObject([{ requestId: 'r-1', err: { message: 'row of mallory' } }]);
    await broken.close();
  });
});

describe('a version in an operation', () => {
  it.each(['PUT', 'PATCH', 'DELETE'])('guards a %s as If-Match does', async (method) => {
    const id = await on.newUser();
    const data =
      method === 'PATCH'
        ? { Operations: [{ op: 'add', path: 'title', value: 'x' }] }
        : { userName: newName('user') };
    const operation = { method, path: `/Users/${id}`, data };
    const results = await on.bulk([
      { ...operation, version: 'W/"7"' },
      { ...operation, version: 'W/"1"' },
    ]);
    expect(statuses(results)).toBe(method === 'DELETE' ? '412 204' : '412 200');
    expect(results[0]).toMatchObject({ location: `${client.publicBaseUrl}/Users/${id}` });
  });
});

describe('permissions', () => {
  it('are checked for each operation', async () => {
    const directory = { store: server.store, now: Date.now };
    const types = STANDARD_RESOURCE_TYPES;
    const cursors = createCursors('key', Date.now);
    const resources = {
      ...resourceRoutes(userKind(directory), cursors),
      ...resourceRoutes(groupKind(directory), cursors),
    };
    const id = await on.newUser();
    const Operations = [
      user('u'),
      patch(`/Users/${id}`, { op: 'replace', path: 'active', value: false }),
      patch(`/Users/${id}`, { op: 'replace', path: 'title', value: 'x' }),
      { method: 'DELETE', path: `/Users/${id}` },
      group('g'),
    ];
    const nothing = () => undefined;
    const answer = await bulkRoutes(resources, types)['/Bulk']?.POST?.({
      request: { id: undefined, queries: () => new Map(), header: nothing },
      caller: {
        scope: { tenant: client.record.tenant, integrationId: client.record.id },
        permissions: new Set(['users.create', 'users.patch', 'groups.create'] as const),
        baseUrl: client.publicBaseUrl,
      },
      body: async () => ({ Operations }),
      log: nothing,
      refuse: errorAnswer,
      expectLong: nothing,
      countRequests: nothing,
      countOperation: nothing,
    });
    const { Operations: results } = JSON.parse(answer?.body ?? '') as { Operations: BulkResult[] };
    expect(statuses(results)).toBe('403 403 200 403 201');
  });
});

describe('failOnErrors', () => {
  const bad = { method: 'DELETE', path: '/Users/nobody' };

  it.each([
    [1, '201 404'],
    [2, '201 404 201 404'],
    [3, '201 404 201 404 201'],
    [undefined, '201 404 201 404 201'],
  ])(
    '%s stops after that many errors, and leaves the rest out of the response',
    async (failOnErrors, expected) => {
      const last = user('three');
      const results = await on.bulk([user('one'), bad, user('two'), bad, last], { failOnErrors });
      expect(statuses(results)).toBe(expected);
      const done = expected.endsWith('404') ? 0 : 1;
      expect(await on.total(`userName eq "${last.data.userName}"`)).toBe(done);
    },
  );

  it('stops as exactly among creates, which share commits', async () => {
    const [taken, first, last] = [user('taken'), user('first'), user('last')];
    await on.bulk([taken]);
    const again = (bulkId: string) => ({ ...taken, bulkId });
    const creates = [first, again('2'), again('3'), user('4'), again('5'), last];
    const results = await on.bulk(creates, { failOnErrors: 3 });
    expect(statuses(results)).toBe('201 409 409 201 409');
    expect(await on.total(`userName eq "${last.data.userName}"`)).toBe(0);
  });

  it('leaves no resource half created', async () => {
    const a = user('a', managedBy('bulkId:b'));
    const results = await on.bulk([a, bad, user('b', managedBy('bulkId:a'))], { failOnErrors: 1 });
    expect(statuses(results)).toBe('409 404');
    expect(await on.total(`userName eq "${a.data.userName}"`)).toBe(0);
  });
});

describe('a tenant', () => {
  it('can’t be reached by a Bulk of another', async () => {
    const other = await server.addIntegration({ tenant: 'other' });
    const theirs = (await other.send('POST', '/Users', { userName: newName('user') })).id;
    const results = await on.bulk([
      { method: 'DELETE', path: `/Users/${theirs}` },
      patch(`/Users/${theirs}`, { op: 'add', path: 'title', value: 'x' }),
      group('g', theirs),
    ]);
    expect(statuses(results)).toBe('404 404 201');
    expect(await on.membersOf(idOf(results[2]))).toEqual([]);
    expect((await other.send('GET', `/Users/${theirs}`)).body).toMatchObject({
      meta: { version: 'W/"1"' },
    });
  });
});
