/** Malformed and hostile requests get a SCIM Error 4xx, never a 500, and change nothing. */
import { hash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createLogger } from '../../src/logger.ts';
import { connectRaw, sendRaw } from '../support/scim-server/raw-http.ts';
import {
  type ScimAnswer,
  type ScimClient,
  type ScimServer,
  startScimServer,
} from '../support/scim-server/server.ts';

const lines: string[] = [];
let server: ScimServer;
let client: ScimClient;
let user: string;
let before: string;

beforeAll(async () => {
  const log = createLogger('error', { write: (line) => lines.push(line) });
  server = await startScimServer({ log });
  client = await server.addIntegration();
  user = (await client.send('POST', '/Users', { userName: 'alice', title: 'Dr' })).id;
  await client.send('POST', '/Groups', { displayName: 'g', members: [{ value: user }] });
});
afterAll(() => server.close());
beforeEach(async () => {
  lines.splice(0);
  before = await state();
});

async function state(): Promise<string> {
  const { text, body } = await client.send('GET', '/');
  return `${body.totalResults} resources, ${hash('sha256', text)}`;
}

async function expectRefused(answer: ScimAnswer, ...statuses: readonly number[]): Promise<void> {
  expect(statuses, answer.text).toContain(answer.status);
  expect(answer.headers.get('content-type')).toMatch(/^application\/scim\+json/);
  expect(answer.body).toMatchObject({
    schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
    status: String(answer.status),
    detail: expect.any(String),
  });
  expect(await state()).toBe(before);
  expect(lines).toEqual([]);
}

const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const bytes = (...values: readonly number[]) => new Uint8Array(values);
const deep = (open: string, close: string, levels = 100_000) =>
  `{"userName":"deep","name":${open.repeat(levels)}1${close.repeat(levels)}}`;

const BODIES: readonly (readonly [string, string | Uint8Array<ArrayBuffer>])[] = [
  ['empty', ''],
  ['blank', '   '],
  ['truncated', '{"userName":"mallory"'],
  ['not JSON', 'userName=mallory'],
  ['followed by more text', '{"userName":"mallory"}{}'],
  ['a string', '"mallory"'],
  ['a number', '1'],
  ['null', 'null'],
  ['a list', '[{"userName":"mallory"}]'],
  [
    'with invalid UTF-8',
    Buffer.concat([Buffer.from('{"userName":"'), bytes(0xff, 0xfe), Buffer.from('"}')]),
  ],
  [
    'with an overlong encoding',
    Buffer.concat([Buffer.from('{"userName":"'), bytes(0xc0, 0xaf), Buffer.from('"}')]),
  ],
  ['in UTF-16', Buffer.from('{"userName":"mallory"}', 'utf16le')],
  ['with a NUL', '{"userName":"mal\\u0000lory"}'],
  ['with an unpaired surrogate', '{"userName":"mal\\ud800lory"}'],
  ['nested in lists', deep('[', ']')],
  ['nested in objects', deep('{"a":', '}')],
  ['with a duplicate key', '{"userName":"mallory","userName":"alice2"}'],
  ['with a duplicate key in another case', '{"userName":"mallory","USERNAME":"alice2"}'],
  ['with a userName that is a number', '{"userName":1e999}'],
  ['with a userName that is an object', '{"userName":{"__proto__":"x"}}'],
  ['with a blank userName', '{"userName":"  "}'],
  ['with a userName that is too long', `{"userName":"${'x'.repeat(2000)}"}`],
  ['with an attribute that is too long', `{"userName":"mallory","title":"${'x'.repeat(70_000)}"}`],
  [
    'with too many values',
    `{"userName":"mallory","emails":[${'{"value":"a"},'.repeat(1001)}{"value":"b"}]}`,
  ],
  ['with an infinite number', '{"userName":"mallory","title":1e400}'],
  ['with an infinite number as a name', '{"userName":"mallory","name":{"givenName":-1e999}}'],
  ['with a lone surrogate in an element', '{"userName":"mallory","roles":[{"value":"\\udc00"}]}'],
  ['with a NUL in an extension', `{"userName":"mallory","${ENTERPRISE}":{"department":"\\u0000"}}`],
  ['with an extension that is a string', `{"userName":"mallory","${ENTERPRISE}":"x"}`],
  [
    'with an extension in two spellings',
    `{"userName":"m","${ENTERPRISE}":{"department":"a"},"${ENTERPRISE.toUpperCase()}":{"department":"b"}}`,
  ],
  ['with a duplicate key deep inside', '{"userName":"mallory","unknown":[{"a":{"b":1,"b":2}}]}'],
  ['with a duplicate key, escaped once', '{"userName":"mallory","userN\\u0061me":"alice2"}'],
  ['with two byte order marks', '\ufeff\ufeff{"userName":"mallory"}'],
  ['with active as a word', '{"userName":"mallory","active":"perhaps"}'],
];

describe('a body', () => {
  it.each(BODIES)('creates and replaces no user: %s', async (_, raw) => {
    await expectRefused(await client.send('POST', '/Users', undefined, { raw }), 400);
    await expectRefused(await client.send('PUT', `/Users/${user}`, undefined, { raw }), 400);
  });

  it.each([
    ['an unknown op', [{ op: 'destroy', path: 'title' }]],
    ['no op', [{ path: 'title', value: 'x' }]],
    ['an operation that is a string', ['remove']],
    ['operations that are not a list', { op: 'remove', path: 'title' }],
    ['a remove without a path', [{ op: 'remove' }]],
    ['an unknown path', [{ op: 'replace', path: '__ENABLE__', value: true }]],
    ['a path into a prototype', [{ op: 'add', path: '__proto__.admin', value: true }]],
    ['a path to a constructor', [{ op: 'add', path: 'constructor.prototype', value: 'x' }]],
    ['a malformed path', [{ op: 'replace', path: 'emails[type eq', value: 'x' }]],
    ['a path full of brackets', [{ op: 'remove', path: `emails[${'('.repeat(10_000)}` }]],
    ['a path that is a number', [{ op: 'remove', path: 1 }]],
    ['a readOnly path', [{ op: 'replace', path: 'id', value: 'x' }]],
    ['the groups of a user', [{ op: 'add', path: 'groups', value: [{ value: 'x' }] }]],
    ['the removal of a required attribute', [{ op: 'remove', path: 'userName' }]],
    ['a value of another type', [{ op: 'replace', path: 'name', value: [1, 2] }]],
    [
      'a valid operation before an invalid one',
      [{ op: 'replace', path: 'title', value: 'Prof' }, { op: 'remove' }],
    ],
    [
      'a filter that matches nothing',
      [{ op: 'replace', path: 'emails[value co "zzz"].type', value: 'x' }],
    ],
  ])('of a PATCH with %s changes nothing', async (_, Operations) => {
    await expectRefused(await client.send('PATCH', `/Users/${user}`, { Operations }), 400);
  });

  it.each([
    ['a member without an id', { displayName: 'x', members: [{ type: 'User' }] }],
    ['members that are numbers', { displayName: 'x', members: [1] }],
    ['no displayName', { members: [] }],
    ['a displayName that is taken, in another case', { displayName: 'G' }],
  ])('of a group with %s is refused', async (_, body) => {
    await expectRefused(await client.send('POST', '/Groups', body), 400, 409);
  });

  it('with keys of a prototype is accepted, and pollutes nothing', async () => {
    const raw =
      '{"userName":"proto","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"name":{"__proto__":{"polluted":1},"givenName":"P"}}';
    const answer = await client.send('POST', '/Users', undefined, { raw });
    expect(answer.status).toBe(201);
    expect(answer.body.name).toEqual({ givenName: 'P' });
    expect(answer.text).not.toContain('polluted');
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
    expect((await client.send('DELETE', `/Users/${answer.id}`)).status).toBe(204);
  });

  /** Every request that has a body, with these headers. */
  const writes = async (headers: Readonly<Record<string, string>>) =>
    await Promise.all([
      client.send('POST', '/Users', { userName: 'm' }, { headers }),
      client.send('PUT', `/Users/${user}`, { userName: 'm' }, { headers }),
      client.send('PATCH', `/Users/${user}`, { Operations: [] }, { headers }),
      client.send('POST', '/Users/.search', {}, { headers }),
      client.send('POST', '/.search', {}, { headers }),
    ]);

  it.each([
    'application/x-www-form-urlencoded',
    'text/xml',
    'multipart/form-data; boundary=x',
    'application/octet-stream',
    'application/jsonp',
    'json',
    'text/plain; x=application/json',
  ])('with the Content-Type %s is 415', async (type) => {
    for (const answer of await writes({ 'content-type': type })) await expectRefused(answer, 415);
  });

  it.each(['gzip', 'br', 'deflate', 'zstd', 'identity, gzip', 'GZIP', 'x'])(
    'with the Content-Encoding %s is 415',
    async (encoding) => {
      const answers = await writes({ 'content-encoding': encoding });
      for (const answer of answers) await expectRefused(answer, 415);
    },
  );

  it.each([
    '',
    ';',
    'APPLICATION/JSON',
    'text/json',
    'application/scim+json; charset=utf-8; x="y"',
  ])('with the Content-Type %j is accepted', async (type) => {
    const body = { userName: 'alice', title: 'Dr' };
    const headers = { 'content-type': type, 'content-encoding': 'Identity' };
    expect((await client.send('PUT', `/Users/${user}`, body, { headers })).status).toBe(200);
    expect(await state()).toBe(before);
  });

  it('that ends early changes nothing', async () => {
    const connection = await connectRaw(server.port);
    connection.socket.write(
      `POST ${client.path}/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${client.token}\r\nContent-Length: 100\r\n\r\n{"userName":"mallory"}`,
    );
    connection.socket.end();
    await connection.ended();
    expect(await state()).toBe(before);
    expect(lines).toEqual([]);
  });

  it('in chunks, without a length, is accepted', async () => {
    const text = '{"userName":"chunky"}';
    const answer = await sendRaw(
      server.port,
      `POST ${client.path}/Users HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${client.token}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n${text.slice(0, 5)}\r\n10\r\n${text.slice(5)}\r\n0\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1.1 201 /);
    const { body } = await client.send('GET', '/Users?filter=userName eq chunky');
    expect(body.totalResults).toBe(1);
    const [found] = body.Resources as { id: string }[];
    await client.send('DELETE', `/Users/${found?.id}`);
  });
});

describe('a query', () => {
  it.each([
    ['a malformed filter', 'filter=userName+eq'],
    ['a filter on an unknown attribute', 'filter=shoeSize+eq+1'],
    ['a filter on a prototype', 'filter=__proto__+pr'],
    ['a filter on a constructor', 'filter=constructor.name+eq+%22x%22'],
    ['a filter on the password', 'filter=password+sw+%22a%22'],
    ['a filter with an unknown operator', 'filter=userName+like+%22x%22'],
    ['a filter that compares a boolean by size', 'filter=active+gt+true'],
    [
      'a filter nested in 10,000 parentheses',
      `filter=${'('.repeat(10_000)}userName+pr${')'.repeat(10_000)}`,
    ],
    [
      'an SQL injection',
      `filter=${encodeURIComponent(`userName eq "x" or 1=1; DROP TABLE users --`)}`,
    ],
    ['a NUL in a literal', 'filter=userName+eq+%22a%00b%22'],
    ['invalid UTF-8', 'filter=userName+eq+%22%ff%fe%22'],
    ['a startIndex that is a word', 'startIndex=first'],
    ['a count that is a fraction', 'count=1.5'],
    ['an unknown sortBy', 'sortBy=shoeSize'],
  ])('with %s is refused', async (_, query) => {
    await expectRefused(await client.send('GET', `/Users?${query}`), 400);
  });

  it.each([
    ['huge numbers', 'startIndex=99999999999999999999999&count=99999999999999999999'],
    ['negative numbers', 'startIndex=-5&count=-1'],
    ['an escaped NUL in a literal', 'filter=userName+eq+%22a%5Cu0000b%22'],
    ['a broken escape', 'filter=userName+eq+%22%zz%22'],
    ['an SQL wildcard', 'filter=userName+co+%22%25%22'],
    ['quotes in a literal', `filter=${encodeURIComponent("userName eq \"a' OR '1'='1\"")}`],
    ['unknown attributes', 'attributes=__proto__,shoeSize&filter=userName+eq+%22zz%22'],
  ])('with %s finds nothing', async (_, query) => {
    const answer = await client.send('GET', `/Users?${query}`);
    expect(answer.status, answer.text).toBe(200);
    expect(answer.body.Resources).toEqual([]);
    expect(lines).toEqual([]);
  });

  it('in the body of a .search is checked like one in the URL', async () => {
    for (const body of [
      [],
      { filter: 1 },
      { startIndex: 'x' },
      { attributes: 1 },
      { filter: 'x' },
    ]) {
      await expectRefused(await client.send('POST', '/Users/.search', body), 400);
    }
  });
});

describe('a path', () => {
  it.each([
    '/Nothing',
    '/users',
    '/Users/a/b',
    '/Users/%2e%2e/x/y',
    '/Users/x%0d%0aSet-Cookie:a=b',
    '/Users/x%00',
    '/Users/%E2%82%AC',
    '/Users/.hidden',
    `/Users/${'x'.repeat(5000)}`,
    '/Groups/nobody',
    '/Schemas/urn:nothing',
    '/ResourceTypes/Nothing',
    '/../../../..',
  ])('%s is 404', async (path) => {
    await expectRefused(await client.send('GET', path), 404, 401);
  });

  it.each([
    ['PATCH', '/Users', 'GET, HEAD, POST'],
    ['POST', '/Users/x', 'GET, HEAD, PUT, PATCH, DELETE'],
    ['OPTIONS', '/Users', 'GET, HEAD, POST'],
    ['DELETE', '/ServiceProviderConfig', 'GET, HEAD'],
    ['POST', '/Schemas', 'GET, HEAD'],
    ['GET', '/Users/.search', 'POST'],
    ['GET', '/Bulk', 'POST'],
  ])('refuses %s %s with 405 and lists the allowed methods', async (method, path, allowed) => {
    const answer = await client.send(method, path);
    await expectRefused(answer, 405);
    expect(answer.headers.get('allow')).toBe(allowed);
  });

  it('outside every endpoint is 404, even without a token', async () => {
    for (const path of [
      '/',
      '/api/v1',
      '/favicon.ico',
      '/api/v1/acme/integrations/x/scim/v1/Users',
    ]) {
      const response = await fetch(`http://127.0.0.1:${server.port}${path}`);
      expect(response.status).toBe(404);
      expect(response.headers.get('content-type')).toMatch(/^application\/scim\+json/);
    }
  });

  it('of /Me is 501, because a token does not identify a user', async () => {
    await expectRefused(await client.send('GET', '/Me'), 501);
  });
});

describe('a defect', () => {
  it('is a bare 500 for the client, and is logged with its cause and the request id', async () => {
    const broken = await startScimServer({
      log: createLogger('error', { write: (line) => lines.push(line) }),
      wrap: (store) => ({
        ...store,
        users: { ...store.users, get: () => Promise.reject(new Error('row of mallory@secret')) },
      }),
    });
    const one = await broken.addIntegration();
    const answer = await one.send('GET', '/Users/x', undefined, {
      headers: { 'x-request-id': 'r-1' },
    });
    expect(answer.status).toBe(500);
    expect(answer.text).not.toContain('secret');
    expect(lines.join('')).toContain('row of mallory@secret');
    expect(lines.join('')).toContain('"requestId":"r-1"');
    await broken.close();
  });
});
