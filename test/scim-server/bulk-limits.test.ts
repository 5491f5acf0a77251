/** The limits of a Bulk, and its effect on other requests (RFC 7644 §3.7.4). */
import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import {
  type BulkClient,
  bulkClient,
  group,
  idOf,
  statuses,
  user,
  users,
} from '../support/scim-server/bulk.ts';
import { connectRaw } from '../support/scim-server/raw-http.ts';
import {
  type ScimClient,
  type ScimServer,
  startScimServer,
} from '../support/scim-server/server.ts';

const ERROR = 'urn:ietf:params:scim:api:messages:2.0:Error';

let server: ScimServer;
let client: ScimClient;
let on: BulkClient;
beforeAll(async () => {
  server = await startScimServer();
  client = await server.addIntegration();
  on = bulkClient(client);
});
afterAll(() => server.close());

describe('a Bulk', () => {
  it('may have 1,000 operations, such as a group before all of its members', async () => {
    const names = Array.from({ length: 999 }, (_, index) => `u${index}`);
    const [first, ...users] = await on.bulk([
      group('all', ...names.map((name) => `bulkId:${name}`)),
      ...names.map((name) => user(name)),
    ]);
    expect(new Set(users.map(({ status }) => status))).toEqual(new Set(['201']));
    expect(first?.status).toBe('201');
    expect(await on.membersOf(idOf(first))).toEqual(users.map(idOf).sort());
  });

  it('with one operation more is 413 with the limit, and nothing is done', async () => {
    const one = user('u0');
    const rest = Array.from({ length: 1000 }, (_, index) => user(`u${index + 1}`));
    const { status, body } = await on.send([one, ...rest]);
    expect(status).toBe(413);
    expect(body).toMatchObject({ schemas: [ERROR], status: '413' });
    expect(body.detail).toContain('1000 operations');
    expect(await on.total(`userName eq "${one.data.userName}"`)).toBe(0);
  });

  it('may have 16 MiB, as announced; one byte more is 413 with the limit', async () => {
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

  it('doesn’t raise the size limit of a user', async () => {
    const emails = Array.from({ length: 900 }, (_, index) => ({
      value: `${index}@${'x'.repeat(1000)}`,
      display: 'y'.repeat(300),
    }));
    const large = user('large', { emails });
    expect((await client.send('POST', '/Users', large.data)).status).toBe(413);
    const results = await on.bulk([large, user('small')]);
    expect(statuses(results)).toBe('413 201');
  });

  it.each([
    ['a list instead of an object', '[]'],
    ['no Operations', '{}'],
    ['a duplicate key', '{"Operations":[],"Operations":[]}'],
    ['a duplicate key in an operation', '{"Operations":[{"path":"/Users","path":"/Groups"}]}'],
    ['33 levels', `{"Operations":${'['.repeat(32)}${']'.repeat(32)}}`],
    ['invalid UTF-8', new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ['a duplicate bulkId', JSON.stringify({ Operations: [user('q'), user('q')] })],
    ['failOnErrors that is not a number', '{"Operations":[],"failOnErrors":"1"}'],
  ])('with %s is refused as a whole: 400 invalidSyntax', async (_, raw) => {
    const answer = await client.send('POST', '/Bulk', undefined, { raw });
    expect(answer.body).toMatchObject({ status: '400', scimType: 'invalidSyntax' });
  });
});

describe('while a Bulk of 1,000 operations runs', () => {
  it('other requests are served, and see what it has done so far', async () => {
    const Operations = users(1000);
    const first = `userName eq "${Operations[0]?.data.userName}"`;
    const last = `userName eq "${Operations[999]?.data.userName}"`;
    let running = true;
    const done = on.bulk(Operations).finally(() => {
      running = false;
    });
    let between = 0;
    while (running) {
      const found = `${await on.total(first)} ${await on.total(last)}`;
      if (running && found === '1 0') between++;
    }
    expect(between).toBeGreaterThan(0);
    expect(new Set((await done).map(({ status }) => status))).toEqual(new Set(['201']));
  });

  it('the event loop runs between operations, even between refused ones', async () => {
    const Operations = Array.from({ length: 1000 }, () => ({ method: 'GET' }));
    let [turns, running] = [0, true];
    const done = on.bulk(Operations).finally(() => {
      running = false;
    });
    while (running) {
      await setImmediate();
      turns++;
    }
    expect(await done).toHaveLength(1000);
    expect(turns).toBeGreaterThan(500);
  });

  it('the next creates are prepared while the directory makes those before them, 100 at most', async () => {
    const next = Promise.withResolvers<void>();
    let [begun, running, most] = [0, 0, 0];
    const watched = await startScimServer({
      wrap: (store) => ({
        ...store,
        users: {
          ...store.users,
          create: async (author, resource) => {
            most = Math.max(most, ++running);
            if (++begun > 50) next.resolve();
            await next.promise;
            return store.users.create(author, resource).finally(() => running--);
          },
        },
      }),
    });
    const results = await bulkClient(await watched.addIntegration()).bulk(users(1000));
    expect(new Set(results.map(({ status }) => status))).toEqual(new Set(['201']));
    expect(most).toBe(100);
    await watched.close();
  });

  it('the first of two creates with one name wins, however far apart they are', async () => {
    const [first = user('first'), ...others] = users(120);
    const again = { ...first, bulkId: 'again' };
    const results = await on.bulk([first, ...others.slice(0, 60), again, ...others.slice(60)]);
    expect(results.map(({ status }) => status).indexOf('409')).toBe(61);
    expect(results.filter(({ status }) => status === '201')).toHaveLength(120);
  });

  it('it completes although its client has disconnected', async () => {
    const Operations = users(300);
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
    await eventually(async () => expect(await on.total(first)).toBe(1), { everyMs: 1 });
    socket.destroy();
    await eventually(async () => expect(await on.total(last)).toBe(1));
  });
});
