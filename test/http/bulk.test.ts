/** Bulk over HTTP (RFC 7644 §3.7). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLogger } from '../../src/logger.ts';
import { connectRaw } from '../support/raw-http.ts';
import {
  type ScimAnswer,
  type ScimClient,
  type ScimServer,
  startScimServer,
} from '../support/scim-server.ts';

const E = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const ERROR = 'urn:ietf:params:scim:api:messages:2.0:Error';

const lines: Record<string, unknown>[] = [];
let server: ScimServer;
let client: ScimClient;
let count = 0;
beforeAll(async () => {
  const log = createLogger('info', { write: (line) => lines.push(JSON.parse(line)) });
  server = await startScimServer({ log });
  client = await server.addIntegration();
});
afterAll(() => server.close());

interface Result {
  readonly location?: string;
  readonly method?: string;
  readonly bulkId?: string;
  readonly version?: string;
  readonly status: string;
  readonly response?: Record<string, unknown>;
}

const newName = (prefix: string) => `${prefix}-${++count}`;
const send = (Operations: readonly object[], more: object = {}): Promise<ScimAnswer> =>
  client.send('POST', '/Bulk', {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'],
    Operations,
    ...more,
  });

async function bulk(Operations: readonly object[], more: object = {}): Promise<readonly Result[]> {
  const { status, body, text } = await send(Operations, more);
  expect(status, text).toBe(200);
  expect(body.schemas).toEqual(['urn:ietf:params:scim:api:messages:2.0:BulkResponse']);
  return body.Operations as unknown as readonly Result[];
}

const statuses = (results: readonly Result[]) => results.map(({ status }) => status).join(' ');
const idOf = (result: Result | undefined) => result?.location?.split('/').at(-1) ?? '';

const user = (bulkId: string, more: object = {}) => ({
  method: 'POST',
  path: '/Users',
  bulkId,
  data: { userName: newName('user'), ...more },
});
const managedBy = (value: string) => ({ [E]: { department: 'D', manager: { value } } });
const group = (bulkId: string, ...members: readonly string[]) => ({
  method: 'POST',
  path: '/Groups',
  bulkId,
  data: { displayName: newName('group'), members: members.map((value) => ({ value })) },
});
const patch = (path: string, ...Operations: readonly object[]) => ({
  method: 'PATCH',
  path,
  data: { Operations },
});
const newUser = async () => (await client.send('POST', '/Users', user('').data)).id;
const newGroup = async (...members: readonly string[]) =>
  (await client.send('POST', '/Groups', group('', ...members).data)).id;

async function membersOf(id: string): Promise<readonly string[]> {
  const { body } = await client.send('GET', `/Groups/${id}`);
  return ((body.members ?? []) as { value: string }[]).map(({ value }) => value).sort();
}

async function managerOf(id: string): Promise<unknown> {
  const { body } = await client.send('GET', `/Users/${id}`);
  return body[E];
}

async function total(filter: string): Promise<unknown> {
  const { body } = await client.send('POST', '/.search', { filter, count: 0 });
  return body.totalResults;
}

describe('the answer to a Bulk', () => {
  it('has location, method, bulkId, version and status of each operation, in the order sent', async () => {
    const [one, two, three] = [await newUser(), await newUser(), await newGroup()];
    const results = await bulk([
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
    expect(await membersOf(three)).toEqual([one]);
  });

  it('names the version that a reader gets, of users in groups, too', async () => {
    const id = await newUser();
    await newGroup(id);
    const [result] = await bulk([patch(`/Users/${id}`, { op: 'add', path: 'title', value: 'x' })]);
    const { body, headers } = await client.send('GET', `/Users/${id}`);
    expect(body.meta).toMatchObject({ version: result?.version });
    expect(headers.get('etag')).toBe(result?.version);
  });

  it('has a SCIM Error for what failed, the rest is done, and what failed changed nothing', async () => {
    const id = await newUser();
    const before = await client.send('GET', `/Users/${id}`);
    const results = await bulk([
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

  it('tells of operations that are none, one by one', async () => {
    const results = await bulk([
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

  it('is empty for no operations, and the schemas may be missing', async () => {
    const { status, body } = await client.send('POST', '/Bulk', { operations: [] });
    expect(status).toBe(200);
    expect(body.Operations).toEqual([]);
  });

  it('comes with one line in the log, and one for members that were skipped', async () => {
    lines.splice(0);
    const id = await newUser();
    lines.splice(0);
    const results = await bulk([group('g', id, 'nobody'), user('u')]);
    expect(statuses(results)).toBe('201 201');
    expect(await membersOf(idOf(results[0]))).toEqual([id]);
    const [skipped, answered, ...more] = lines.filter(({ path }) => !`${path}`.includes('/Groups'));
    expect(skipped).toMatchObject({ msg: 'unknown members were skipped', count: 1 });
    expect(answered).toMatchObject({ method: 'POST', path: `${client.path}/Bulk`, status: 200 });
    expect(skipped?.requestId).toBe(answered?.requestId);
    expect(more).toEqual([]);
  });

  it('hides a defect, which is in the log under the request id', async () => {
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
    const id = await newUser();
    const data =
      method === 'PATCH'
        ? { Operations: [{ op: 'add', path: 'title', value: 'x' }] }
        : { userName: newName('user') };
    const operation = { method, path: `/Users/${id}`, data };
    const results = await bulk([
      { ...operation, version: 'W/"7"' },
      { ...operation, version: 'W/"1"' },
    ]);
    expect(statuses(results)).toBe(method === 'DELETE' ? '412 204' : '412 200');
    expect(results[0]).toMatchObject({ location: `${client.publicBaseUrl}/Users/${id}` });
  });
});

describe('references in a Bulk', () => {
  it('are resolved forward and backward, in paths, $ref, values and filters', async () => {
    const results = await bulk([
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
    expect(await membersOf(team ?? '')).toEqual([b]);
    expect(await membersOf(outer ?? '')).toEqual([team]);
    expect(await managerOf(a ?? '')).toEqual({ department: 'D', manager: { value: b } });
    expect(results[1]?.location).toBe(results[0]?.location);
    expect(results[6]?.location).toBe(results[4]?.location);
  });

  it('to what failed or was never there are 409 with the bulkId, and change nothing', async () => {
    const id = await newGroup();
    const results = await bulk([
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
      ...['bad', 'nobody', 'bad', 'g'].map((name) => expect.stringContaining(`bulkId:${name} `)),
      undefined,
    ]);
    expect(results[1]?.response?.scimType).toBe('invalidValue');
    expect((await client.send('GET', `/Groups/${id}`)).body.meta).toMatchObject({
      version: 'W/"1"',
    });
  });

  it('in a circle of users are resolved: each is the other’s manager', async () => {
    const results = await bulk([
      group('team', 'bulkId:a', 'bulkId:self'),
      user('a', managedBy('bulkId:b')),
      user('b', managedBy('bulkId:a')),
      user('self', managedBy('bulkId:self')),
    ]);
    expect(statuses(results)).toBe('201 201 201 201');
    const [team = '', a = '', b = '', self = ''] = results.map(idOf);
    const managed = (value: string) => ({ department: 'D', manager: { value } });
    expect([await managerOf(a), await managerOf(b), await managerOf(self)]).toEqual(
      [b, a, self].map(managed),
    );
    expect(await membersOf(team)).toEqual([a, self].sort());
    for (const [index, id] of [a, b, self].entries()) {
      const { headers } = await client.send('GET', `/Users/${id}`, undefined, {
        headers: { 'if-none-match': '"0"' },
      });
      const digestless = headers.get('etag')?.replace(/\.\w+/, '');
      expect(digestless).toBe(results[index + 1]?.version);
    }
  });

  it('in a circle that can’t be closed are 409, and no user of it remains', async () => {
    const taken = newName('user');
    await client.send('POST', '/Users', { userName: taken });
    const a = user('a', managedBy('bulkId:b'));
    const results = await bulk([
      a,
      { ...user('b', managedBy('bulkId:a')), data: { userName: taken, ...managedBy('bulkId:a') } },
      group('g', 'bulkId:a'),
      user('fine'),
    ]);
    expect(statuses(results)).toBe('409 409 409 201');
    expect(results[0]?.response?.detail).toContain('bulkId:b ');
    expect(results[0]).not.toHaveProperty('location');
    expect(await total(`userName eq "${a.data.userName}"`)).toBe(0);
  });

  it('of groups that contain each other are 409, as a group can’t contain itself', async () => {
    const [one, two, own] = [
      group('a', 'bulkId:b'),
      group('b', 'bulkId:a'),
      group('c', 'bulkId:c'),
    ];
    const results = await bulk([one, two, own, group('d'), user('u')]);
    expect(statuses(results)).toBe('409 409 409 201 201');
    const names = [one, two, own].map(({ data }) => `displayName eq "${data.displayName}"`);
    expect(await total(names.join(' or '))).toBe(0);
  });

  it('between a group and the groups of its member are resolved', async () => {
    const results = await bulk([
      group('g', 'bulkId:u'),
      user('u', { groups: [{ value: 'bulkId:g' }] }),
    ]);
    expect(statuses(results)).toBe('201 201');
    expect(await membersOf(idOf(results[0]))).toEqual([idOf(results[1])]);
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
    '%s stops after as many errors, and says nothing of the rest',
    async (failOnErrors, expected) => {
      const last = user('three');
      const results = await bulk([user('one'), bad, user('two'), bad, last], { failOnErrors });
      expect(statuses(results)).toBe(expected);
      const done = expected.endsWith('404') ? 0 : 1;
      expect(await total(`userName eq "${last.data.userName}"`)).toBe(done);
    },
  );

  it('leaves no resource half created', async () => {
    const a = user('a', managedBy('bulkId:b'));
    const results = await bulk([a, bad, user('b', managedBy('bulkId:a'))], { failOnErrors: 1 });
    expect(statuses(results)).toBe('409 404');
    expect(await total(`userName eq "${a.data.userName}"`)).toBe(0);
  });
});

describe('the limits of a Bulk', () => {
  it('of 1,000 operations is kept by users and, before them, the group of all', async () => {
    const names = Array.from({ length: 999 }, (_, index) => `u${index}`);
    const [first, ...users] = await bulk([
      group('all', ...names.map((name) => `bulkId:${name}`)),
      ...names.map((name) => user(name)),
    ]);
    expect(new Set(users.map(({ status }) => status))).toEqual(new Set(['201']));
    expect(first?.status).toBe('201');
    expect(await membersOf(idOf(first))).toEqual(users.map(idOf).sort());
  }, 30_000);

  it('with one operation more is 413 that names it, and nothing is done', async () => {
    const one = user('u0');
    const rest = Array.from({ length: 1000 }, (_, index) => user(`u${index + 1}`));
    const { status, body } = await send([one, ...rest]);
    expect(status).toBe(413);
    expect(body).toMatchObject({ schemas: [ERROR], status: '413' });
    expect(body.detail).toContain('1000 operations');
    expect(await total(`userName eq "${one.data.userName}"`)).toBe(0);
  });

  it('of 16 MiB is announced and kept: one byte more is 413 that names it', async () => {
    const text = JSON.stringify({ Operations: [user('q')] });
    const sized = (size: number) => text + ' '.repeat(size - text.length);
    const limit = 16 * 1024 * 1024;
    const { body: config } = await client.send('GET', '/ServiceProviderConfig');
    expect(config.bulk).toEqual({ supported: true, maxOperations: 1000, maxPayloadSize: limit });
    const over = await client.send('POST', '/Bulk', undefined, { raw: sized(limit + 1) });
    expect(over.status).toBe(413);
    expect(over.body.detail).toContain(String(limit));
    const within = await client.send('POST', '/Bulk', undefined, { raw: sized(limit) });
    expect(within.body.Operations).toMatchObject([{ status: '201' }]);
  });

  it('gives a user no more room than a request alone', async () => {
    const emails = Array.from({ length: 900 }, (_, index) => ({
      value: `${index}@${'x'.repeat(1000)}`,
      display: 'y'.repeat(300),
    }));
    const large = user('large', { emails });
    expect((await client.send('POST', '/Users', large.data)).status).toBe(413);
    const results = await bulk([large, user('small')]);
    expect(statuses(results)).toBe('413 201');
  });

  it.each([
    ['no object', '[]'],
    ['no Operations', '{}'],
    ['a key twice', '{"Operations":[],"Operations":[]}'],
    ['a key twice in an operation', '{"Operations":[{"path":"/Users","path":"/Groups"}]}'],
    ['33 levels', `{"Operations":${'['.repeat(32)}${']'.repeat(32)}}`],
    ['invalid UTF-8', new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ['one bulkId twice', JSON.stringify({ Operations: [user('q'), user('q')] })],
    ['failOnErrors that is no number', '{"Operations":[],"failOnErrors":"1"}'],
  ])('refuses a body with %s as a whole: 400 invalidSyntax', async (_, raw) => {
    const answer = await client.send('POST', '/Bulk', undefined, { raw });
    expect(answer.body).toMatchObject({ status: '400', scimType: 'invalidSyntax' });
  });

  it('count for each request, not for each operation, where a rate is limited', async () => {
    const slow = await startScimServer({ rateLimit: 1, now: () => 0 });
    const one = await slow.addIntegration();
    const Operations = Array.from({ length: 10 }, (_, index) => user(`u${index}`));
    for (const expected of [200, 200, 429]) {
      expect((await one.send('POST', '/Bulk', { Operations })).status).toBe(expected);
    }
    await slow.close();
  });
});

describe('while a Bulk of 1,000 operations runs', () => {
  it('others are answered, and see what it has done so far', async () => {
    const Operations = Array.from({ length: 1000 }, (_, index) => user(`u${index}`));
    const first = `userName eq "${Operations[0]?.data.userName}"`;
    const last = `userName eq "${Operations[999]?.data.userName}"`;
    let running = true;
    const done = bulk(Operations).finally(() => {
      running = false;
    });
    let between = 0;
    while (running) {
      const found = `${await total(first)} ${await total(last)}`;
      if (running && found === '1 0') between++;
    }
    expect(between).toBeGreaterThan(5);
    expect(new Set((await done).map(({ status }) => status))).toEqual(new Set(['201']));
  }, 30_000);

  it('it is finished although its client has gone', async () => {
    const Operations = Array.from({ length: 300 }, (_, index) => user(`u${index}`));
    const first = `userName eq "${Operations[0]?.data.userName}"`;
    const last = `userName eq "${Operations[299]?.data.userName}"`;
    const body = JSON.stringify({ Operations });
    const head = [
      `POST ${client.path}/Bulk HTTP/1.1`,
      'Host: x',
      `Authorization: Bearer ${client.token}`,
      `Content-Length: ${body.length}`,
    ];
    const { socket } = await connectRaw(server.port);
    socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
    await expect.poll(() => total(first), { interval: 1 }).toBe(1);
    socket.destroy();
    await expect.poll(() => total(last), { timeout: 10_000 }).toBe(1);
  }, 30_000);
});

describe('a tenant', () => {
  it('is not reached by the Bulk of another', async () => {
    const other = await server.addIntegration({ tenant: 'other' });
    const theirs = (await other.send('POST', '/Users', { userName: newName('user') })).id;
    const results = await bulk([
      { method: 'DELETE', path: `/Users/${theirs}` },
      patch(`/Users/${theirs}`, { op: 'add', path: 'title', value: 'x' }),
      group('g', theirs),
    ]);
    expect(statuses(results)).toBe('404 404 201');
    expect(await membersOf(idOf(results[2]))).toEqual([]);
    expect((await other.send('GET', `/Users/${theirs}`)).body).toMatchObject({
      meta: { version: 'W/"1"' },
    });
  });
});
