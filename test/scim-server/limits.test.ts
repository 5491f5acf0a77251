/**
 * Input at the limits and beyond them is accepted, or refused with an error that names the limit,
 * and never takes long. The timeout of a test is generous: in more than linear time, input of these
 * sizes would take minutes.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAX_COMPARED, MAX_MEMBER_COMPARISONS } from '../../src/scim/limits.ts';
import { sendRaw } from '../support/scim-server/raw-http.ts';
import {
  type ScimClient,
  type ScimServer,
  startScimServer,
} from '../support/scim-server/server.ts';

let server: ScimServer;
let client: ScimClient;
let user: string;
let group: string;
beforeAll(async () => {
  server = await startScimServer();
  client = await server.addIntegration();
  user = (await client.send('POST', '/Users', { userName: 'alice', emails: EMAILS })).id;
  const members = [{ value: user }];
  group = (await client.send('POST', '/Groups', { displayName: 'crew', members })).id;
});
afterAll(() => server.close());

const EMAILS = Array.from({ length: 1000 }, (_, index) => ({
  value: `${index}@example.com`,
  display: `${'x'.repeat(400)}${index}`,
}));
const many = <T>(count: number, value: T): T[] => Array<T>(count).fill(value);
const search = (filter: string) => client.send('POST', '/.search', { filter, attributes: ['id'] });
const patch = (path: string, Operations: readonly object[]) =>
  client.send('PATCH', path, { Operations });

describe('a filter', () => {
  it.each([
    ['characters', `userName eq "${'x'.repeat(8_192)}"`, '8192'],
    ['levels, of open parentheses', '('.repeat(8_000), '32'],
    ['levels, of not', 'not ('.repeat(1_600), '32'],
    ['levels, of brackets', 'emails['.repeat(1_000), '32'],
    ['comparisons', many(201, 'id pr').join(' or '), '200'],
    ['comparisons of groups', many(60, 'groups.value eq "x"').join(' or '), '50'],
  ])('with too many %s is refused with the limit', async (_, filter, limit) => {
    const { body } = await search(filter);
    expect(body).toMatchObject({ status: '400', scimType: 'invalidFilter' });
    expect(body.detail).toContain(limit);
  });

  it.each([
    ['spaces', `userName${' '.repeat(8_000)}pr`],
    ['escapes', `userName eq "${'\\\\'.repeat(4_080)}"`],
    ['dots', `userName eq ${'.'.repeat(8_100)}`],
    ['digits', `userName eq ${'9'.repeat(8_100)}`],
    ['comparisons', many(200, 'emails.display co "xxxxxy"').join(' or ')],
    [
      'comparisons in parentheses',
      `${'('.repeat(32)}${many(200, 'title pr').join(' and ')}${')'.repeat(32)}`,
    ],
  ])('with the maximum number of %s is accepted', async (_, filter) => {
    expect((await search(filter)).status).toBe(200);
  });

  it.each([
    ['brackets that are never closed', '['.repeat(8_000)],
    ['dots', `a${'.a'.repeat(4_000)}`],
    ['colons', `urn${':a'.repeat(4_000)}`],
    ['quotes', '"'.repeat(8_000)],
    ['backslashes', `a eq "${'\\'.repeat(8_000)}`],
    ['words', 'and '.repeat(2_000)],
    ['nots', 'not '.repeat(2_000)],
  ])('of thousands of %s is refused', async (_, filter) => {
    expect((await search(filter)).body).toMatchObject({ status: '400', scimType: 'invalidFilter' });
  });
});

describe('a PATCH', () => {
  it('may compare a limited amount of text', async () => {
    const terms = many(199, 'display co "xxxxxxxxxy"').join(' or ');
    const operation = { op: 'replace', path: `emails[${terms} or value pr].type`, value: 'work' };
    const answer = await patch(`/Users/${user}`, many(90, operation));
    expect(answer.body).toMatchObject({ status: '400', scimType: 'tooMany' });
    expect(answer.body.detail).toContain(String(MAX_COMPARED));
    const { body } = await client.send('GET', `/Users/${user}`);
    expect(body).toMatchObject({
      emails: EMAILS,
      meta: { version: expect.stringContaining('W/"1') },
    });
  });

  it('may compare members a limited number of times, but may remove a thousand by value', async () => {
    const operation = { op: 'remove', path: 'members[type eq "Group" or value sw "x"]' };
    const answer = await patch(`/Groups/${group}`, many(1000, operation));
    expect(answer.body).toMatchObject({ status: '400', scimType: 'tooMany' });
    expect(answer.body.detail).toContain(String(MAX_MEMBER_COMPARISONS));
    const one = { op: 'remove', path: 'members[value eq "x" and type eq "User"]' };
    expect((await patch(`/Groups/${group}`, many(1000, one))).status).toBe(204);
  });

  it('may add a thousand values in a thousand operations', async () => {
    const { id } = await client.send('POST', '/Users', { userName: 'thousand' });
    const operations = Array.from({ length: 1000 }, (_, index) => ({
      op: 'add',
      path: 'roles',
      value: [{ value: `role-${index}` }],
    }));
    const answer = await patch(`/Users/${id}`, operations);
    expect(answer.status, answer.text).toBe(200);
    expect(answer.body.roles).toHaveLength(1000);
  });
});

describe('text', () => {
  it('with too many combining marks in a row is refused with the limit', async () => {
    const title = `a${'\u0315\u0300'.repeat(16_000)}`;
    const addresses = many(15, { formatted: title, streetAddress: title });
    for (const body of [{ title }, { addresses }, { name: { formatted: title } }]) {
      const answer = await client.send('POST', '/Users', { userName: 'marks', ...body });
      expect([400, 413]).toContain(answer.status);
      if (answer.status === 400) expect(answer.body.detail).toContain('256 combining marks');
    }
    expect((await search(`title eq "${title.slice(0, 8_000)}"`)).body.totalResults).toBe(0);
  });

  it('with the maximum number of combining marks in a row is accepted', async () => {
    const title = `a${'\u0315\u0300'.repeat(128)}`.repeat(100);
    const { status } = await client.send('POST', '/Users', { userName: 'marks', title });
    expect(status).toBe(201);
    const found = await search('title sw "\u00e0" and userName eq marks');
    expect(found.body.totalResults).toBe(1);
  });
});

describe('a body', () => {
  it.each([
    ['escaped quotes', `{"userName":"${'\\"'.repeat(400_000)}"}`],
    ['backslashes', `{"userName":"${'\\\\'.repeat(400_000)}"}`],
    ['backslashes in an unclosed string', `{"userName":"${'\\'.repeat(800_000)}`],
    [
      'unknown keys',
      `{${Array.from({ length: 80_000 }, (_, index) => `"k${index}":1`).join(',')}}`,
    ],
    ['spaces', `{"userName":${' '.repeat(1_000_000)}1}`],
    ['commas', `[${','.repeat(1_000_000)}]`],
    ['lists', '['.repeat(1_000_000)],
  ])('of a megabyte of %s is refused', async (_, raw) => {
    const answer = await client.send('POST', '/Users', undefined, { raw });
    expect(answer.body).toMatchObject({ status: '400' });
  });

  it('nested deeper than 32 levels is refused with the limit, and is harmless within a string', async () => {
    const deep = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
    const answer = await client.send('PUT', `/Users/${user}`, undefined, { raw: deep(33) });
    expect(answer.body).toMatchObject({ scimType: 'invalidSyntax' });
    expect(answer.body.detail).toContain('32');
    const text = await patch(`/Users/${user}`, [{ op: 'add', value: deep(50_000) }]);
    expect(text.status).toBeLessThan(500);
  });
});

describe('a request line', () => {
  it('over the limit of the headers is 431 with the limit', async () => {
    const answer = await sendRaw(
      server.port,
      `GET ${client.path}/Users?filter=${'x'.repeat(70_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1.1 431 /);
    expect(answer).toContain('65536 bytes');
  });
});
