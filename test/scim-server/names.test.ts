/**
 * Names with a meaning in prototypes, SQL or JSON paths have none here: they are refused or ignored
 * everywhere.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLogger } from '../../src/logger.ts';
import { STANDARD_RESOURCE_TYPES } from '../../src/scim/resource-types.ts';
import { BADGE, BADGE_TYPES } from '../support/scim/badge-schema.ts';
import {
  type ScimClient,
  type ScimServer,
  startScimServer,
} from '../support/scim-server/server.ts';

const lines: string[] = [];
let server: ScimServer;
let client: ScimClient;
let user: string;
let group: string;
let state: string;
beforeAll(async () => {
  server = await startScimServer({
    types: { ...STANDARD_RESOURCE_TYPES, user: BADGE_TYPES.user },
    log: createLogger('error', { write: (line) => lines.push(line) }),
  });
  client = await server.addIntegration();
  user = (await client.send('POST', '/Users', { userName: 'alice', emails: [{ value: 'a' }] })).id;
  const members = [{ value: user }];
  group = (await client.send('POST', '/Groups', { displayName: 'crew', members })).id;
  state = await read();
});
afterAll(() => server.close());
const read = async () => (await client.send('GET', '/')).text;

const PROTOTYPE = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype', 'length'];
const SQL = ['rowid', 'tenant', 'last_modified', 'r.id', 'user_name_key', 'document', 'NULL', '$'];

describe.each([...PROTOTYPE, ...SQL])('the name %s', (name) => {
  it.each<[string, number, () => Promise<{ status: number; text: string }>]>([
    ['a filter', 400, () => search({ filter: `${name} eq "x"` })],
    ['a filter’s sub-attribute', 400, () => search({ filter: `name.${name} pr` })],
    ['a filter’s brackets', 400, () => search({ filter: `emails[${name} eq "x"]` })],
    ['a filter’s URN', 400, () => search({ filter: `${BADGE}:${name} pr` })],
    ['sortBy', 400, () => search({ sortBy: name })],
    ['sortBy’s sub-attribute', 400, () => search({ sortBy: `name.${name}` })],
    ['attributes', 200, () => search({ attributes: [name, `name.${name}`, `${BADGE}:${name}`] })],
    ['excludedAttributes', 200, () => search({ excludedAttributes: [name, `emails.${name}`] })],
    ['a parameter', 200, () => client.send('GET', `/Users?${name}=x`)],
    ['a search', 400, () => client.send('POST', '/.search', own(name, 'x'))],
    ['a path', 400, () => patch({ op: 'add', path: name, value: 'x' })],
    [
      'a path’s sub-attribute',
      400,
      () => patch({ op: 'replace', path: `name.${name}`, value: 'x' }),
    ],
    ['a path’s brackets', 400, () => patch({ op: 'remove', path: `emails[${name} pr]` })],
    [
      'what follows brackets',
      400,
      () => patch({ op: 'add', path: `emails[value eq "a"].${name}`, value: 'x' }),
    ],
    ['a path’s URN', 400, () => patch({ op: 'add', path: `${BADGE}:${name}`, value: 'x' })],
    ['op', 400, () => patch({ op: name, path: 'title', value: 'x' })],
    ['a pathless value', 200, () => patch({ op: 'add', value: own(name, { x: 1 }) })],
    ['an object of a value', 400, () => patch({ op: 'add', value: { name: own(name, 'x') } })],
    ['text that is a value', 200, () => patch({ op: 'add', value: `{"${name}":{"x":1}}` })],
    ['an operation', 200, () => patch({ ...own(name, { x: 1 }), op: 'remove', path: 'title' })],
    ['a body', 200, () => put({ ...own(name, { x: 1 }) })],
    ['an extension of a body', 200, () => put({ [BADGE]: own(name, { x: 1 }) })],
    ['an element', 200, () => put({ emails: [{ ...own(name, 'x'), value: 'a' }] })],
    ['a member', 204, () => members([{ ...own(name, 'x'), value: user }])],
    ['the value of a member', 204, () => members([{ value: name }])],
    ['a resource’s id', 404, () => client.send('GET', `/Users/${encodeURIComponent(name)}`)],
    ['a schema’s id', 404, () => client.send('GET', `/Schemas/${encodeURIComponent(name)}`)],
    [
      'a resource type',
      404,
      () => client.send('GET', `/ResourceTypes/${encodeURIComponent(name)}`),
    ],
    ['a URL', 404, () => client.send('GET', `/${encodeURIComponent(name)}`)],
  ])('in %s gets %i and changes nothing', async (_, status, send) => {
    const answer = await send();
    expect(answer.status, answer.text).toBe(status);
    expect(await read()).toBe(state);
    expect(lines).toEqual([]);
    expect(Reflect.get({}, 'x')).toBeUndefined();
  });
});

/** An object with its own key of this name, even `__proto__`. */
const own = (name: string, value: unknown): object =>
  Object.defineProperty({}, name, { value, enumerable: true });
const search = (body: object) => client.send('POST', '/Users/.search', body);
const patch = (operation: object) =>
  client.send('PATCH', `/Users/${user}`, { Operations: [operation] });
const put = (body: object) =>
  client.send('PUT', `/Users/${user}`, { emails: [{ value: 'a' }], ...body, userName: 'alice' });
const members = (value: object) =>
  client.send('PATCH', `/Groups/${group}`, { Operations: [{ op: 'add', path: 'members', value }] });
