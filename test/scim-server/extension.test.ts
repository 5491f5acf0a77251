/**
 * Schemas are data: custom extensions are served like the standard one (RFC 7643 §2.2, §3.3, §7).
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/scim/json.ts';
import { BADGE, BADGE_TYPES, ROOM } from '../support/scim/badge-schema.ts';
import {
  type ScimClient,
  type ScimServer,
  startScimServer,
} from '../support/scim-server/server.ts';

let server: ScimServer;
let client: ScimClient;
beforeAll(async () => {
  server = await startScimServer({ types: BADGE_TYPES });
  client = await server.addIntegration();
});
afterAll(() => server.close());

let count = 0;
const createUser = (badge: JsonObject, more: JsonObject = {}) =>
  client.send('POST', '/Users', { userName: `user-${++count}`, [BADGE]: badge, ...more });
const patch = (id: string, ...Operations: readonly object[]) =>
  client.send('PATCH', `/Users/${id}`, { Operations });
/** The badge as a client reads it. */
const badgeOf = async (id: string) => (await client.send('GET', `/Users/${id}`)).body[BADGE];

const FULL = {
  colour: 'Red',
  code: 'aB',
  level: 7,
  weight: 1.5,
  valid: false,
  issued: '2026-01-31T12:00:00.5+01:00',
  picture: 'https://example.com/Ann.png',
  print: 'AQID',
  tags: ['one', 'Two'],
  levels: [3, 1],
  serial: 's-1',
  holder: { desk: 'D1', floor: -2, origin: 'here', kind: 'k' },
  doors: [
    { value: 'north', rank: 2.5 },
    { value: 'south', primary: true, lock: 'l-1' },
  ],
};
const HIDDEN = { printed: 'x', secret: 'y', hidden: 'z', note: 'n', zone: 'Z' };

describe('a resource with an extension', () => {
  it('is returned as sent, with its URN in schemas and without what is never returned', async () => {
    const holder = { ...FULL.holder, pin: '1234', remark: 'r' };
    const created = await createUser({ ...FULL, ...HIDDEN, holder, unknown: 1 });
    expect(created.status, created.text).toBe(201);
    expect(created.body.schemas).toContain(BADGE);
    expect(created.body[BADGE]).toEqual({ ...FULL, zone: 'Z' });
    expect((await client.send('GET', `/Users/${created.id}`)).body).toEqual(created.body);
    const listed = await client.send('GET', `/Users?filter=id eq "${created.id}"`);
    expect(listed.body.Resources).toEqual([created.body]);
    const put = await client.send('PUT', `/Users/${created.id}`, created.body);
    expect(put.body[BADGE]).toEqual(created.body[BADGE]);
  });

  it('is described by /Schemas and /ResourceTypes', async () => {
    const schemas = await client.send('GET', '/Schemas');
    expect(schemas.body.totalResults).toBe(5);
    const { body } = await client.send('GET', `/Schemas/${BADGE}`);
    const attributes = body.attributes as { name: string }[];
    expect(attributes.find(({ name }) => name === 'holder')).toMatchObject({
      type: 'complex',
      subAttributes: [
        { name: 'desk', required: true },
        {},
        { mutability: 'immutable' },
        {},
        {},
        {},
      ],
    });
    expect((await client.send('GET', '/ResourceTypes/Group')).body.schemaExtensions).toEqual([
      { schema: ROOM, required: true },
    ]);
  });

  it.each<[string, unknown]>([
    ['level', 1.5],
    ['level', '7'],
    ['level', 2 ** 63],
    ['weight', 'heavy'],
    ['valid', 'perhaps'],
    ['issued', 'yesterday'],
    ['issued', '2026-02-30T00:00:00Z'],
    ['picture', 7],
    ['print', true],
    ['tags', [{}]],
    ['holder', 7],
    ['doors', [7]],
  ])('is refused when %s is %j', async (name, value) => {
    const answer = await createUser({ [name]: value } as JsonObject);
    expect(answer.body).toMatchObject({ status: '400', scimType: 'invalidValue' });
    expect(answer.body.detail).toContain(`${BADGE}:${name}`);
  });
});

describe('the characteristic required', () => {
  it('applies to a sub-attribute if its complex attribute has a value', async () => {
    const answer = await createUser({ holder: { floor: 1 } });
    expect(answer.body).toMatchObject({ scimType: 'invalidValue' });
    expect(answer.body.detail).toBe(`${BADGE}:holder.desk is required`);
    const { id } = await createUser({ holder: { desk: 'D', floor: 1 } });
    const emptied = await patch(id, { op: 'replace', path: `${BADGE}:holder.desk`, value: null });
    expect(emptied.body).toMatchObject({ status: '400', scimType: 'invalidValue' });
    const removed = await patch(id, { op: 'remove', path: `${BADGE}:holder.desk` });
    expect(removed.body).toMatchObject({ status: '400', scimType: 'mutability' });
    expect(await badgeOf(id)).toEqual({ holder: { desk: 'D', floor: 1 } });
    expect((await patch(id, { op: 'remove', path: `${BADGE}:holder` })).status).toBe(200);
  });

  it('applies to the attributes of an extension that the resource has, and to a whole extension', async () => {
    const post = (more: object) =>
      client.send('POST', '/Groups', { displayName: `group-${++count}`, ...more });
    expect((await post({})).body).toMatchObject({ detail: `${ROOM} is required` });
    expect((await post({ [ROOM]: {} })).body).toMatchObject({ detail: `${ROOM} is required` });
    const half = await post({ [ROOM]: { members: ['x'] } });
    expect(half.body).toMatchObject({ detail: `${ROOM}:number is required` });
    const members = Array.from({ length: 1001 }, (_, index) => `m${index}`);
    expect((await post({ [ROOM]: { number: 1, members } })).status).toBe(400);
    const group = await post({ [ROOM]: { number: 1, members: ['x'] } });
    expect(group.body).toMatchObject({ [ROOM]: { number: 1, members: ['x'] } });
    for (const path of [ROOM, `${ROOM}:number`]) {
      const Operations = [{ op: 'remove', path }];
      const removed = await client.send('PATCH', `/Groups/${group.id}`, { Operations });
      expect(removed.status, path).toBe(400);
    }
    expect((await client.send('GET', `/Groups/${group.id}`)).body).toEqual(group.body);
  });
});

describe('the characteristic mutability', () => {
  it.each<[string, string, object]>([
    ['a different value', `${BADGE}:serial`, { op: 'replace', value: 's-2' }],
    ['a remove', `${BADGE}:serial`, { op: 'remove' }],
    ['null', `${BADGE}:serial`, { op: 'replace', value: null }],
    [
      'a different sub-attribute of a complex value',
      `${BADGE}:holder`,
      { op: 'add', value: { origin: 'there' } },
    ],
    ['the removal of the complex value', `${BADGE}:holder`, { op: 'remove' }],
    [
      'a different sub-attribute of an element',
      `${BADGE}:doors[value eq "south"].lock`,
      { op: 'add', value: 'l-2' },
    ],
    [
      'the removal of a sub-attribute of an element',
      `${BADGE}:doors[value eq "south"].lock`,
      { op: 'remove' },
    ],
    ['the removal of the extension', BADGE, { op: 'remove' }],
    ['a value without a path', '', { op: 'replace', value: { [BADGE]: { serial: 's-2' } } }],
    ['a readOnly path', `${BADGE}:printed`, { op: 'add', value: 'x' }],
  ])('refuses %s with 400 mutability', async (_, path, operation) => {
    const { id } = await createUser(FULL);
    const answer = await patch(id, { path, ...operation });
    expect(answer.body).toMatchObject({ status: '400', scimType: 'mutability' });
    expect(await badgeOf(id)).toEqual(FULL);
  });

  it('lets an immutable attribute get a first value, and the same value again', async () => {
    const { id } = await createUser({ holder: { desk: 'D' }, doors: [{ value: 'n' }] });
    const operations = [
      { op: 'add', path: `${BADGE}:serial`, value: 's' },
      { op: 'add', path: `${BADGE}:holder.origin`, value: 'o' },
      { op: 'add', path: `${BADGE}:doors[value eq "n"].lock`, value: 'l' },
    ];
    const first = await patch(id, ...operations);
    expect(first.body[BADGE]).toEqual({
      serial: 's',
      holder: { desk: 'D', origin: 'o' },
      doors: [{ value: 'n', lock: 'l' }],
    });
    expect((await patch(id, ...operations)).body).toEqual(first.body);
  });

  it('keeps an immutable value in a PUT without it, and refuses a PUT that changes it', async () => {
    const { id, body } = await createUser(FULL);
    const put = (badge: JsonObject) =>
      client.send('PUT', `/Users/${id}`, { userName: body.userName, [BADGE]: badge });
    const kept = await put({ colour: 'blue' });
    expect(kept.body[BADGE]).toMatchObject({ colour: 'blue', serial: 's-1' });
    const other = await put({ serial: 's-2' });
    expect(other.body).toMatchObject({ status: '400', scimType: 'mutability' });
    expect(other.body.detail).toContain(`${BADGE}:serial`);
    expect(await badgeOf(id)).toEqual(kept.body[BADGE]);
  });
});

describe('the characteristic returned', () => {
  const shown = async (query: string) => {
    const { id } = await createUser({
      ...HIDDEN,
      colour: 'red',
      holder: { desk: 'D', pin: '1', remark: 'r', kind: 'k' },
    });
    const { body } = await client.send('GET', `/Users/${id}?${query}`);
    return body[BADGE];
  };

  it.each<[string, object]>([
    ['', { colour: 'red', zone: 'Z', holder: { desk: 'D', kind: 'k' } }],
    ['attributes=userName', { zone: 'Z', holder: { kind: 'k' } }],
    [`attributes=${BADGE}:note`, { note: 'n', zone: 'Z', holder: { kind: 'k' } }],
    [`attributes=${BADGE}:hidden,${BADGE}:secret`, { zone: 'Z', holder: { kind: 'k' } }],
    [`attributes=${BADGE}`, { colour: 'red', zone: 'Z', holder: { desk: 'D', kind: 'k' } }],
    [`attributes=${BADGE}:holder.remark`, { zone: 'Z', holder: { remark: 'r', kind: 'k' } }],
    [`attributes=${BADGE.toUpperCase()}:HOLDER`, { zone: 'Z', holder: { desk: 'D', kind: 'k' } }],
    [`excludedAttributes=${BADGE}`, { zone: 'Z', holder: { kind: 'k' } }],
    [
      `excludedAttributes=${BADGE}:zone,${BADGE}:holder`,
      { colour: 'red', zone: 'Z', holder: { kind: 'k' } },
    ],
    [
      `excludedAttributes=${BADGE}:holder.kind,${BADGE}:holder.desk`,
      { colour: 'red', zone: 'Z', holder: { kind: 'k' } },
    ],
  ])('is combined with what the client asks for: %s', async (query, expected) => {
    expect(await shown(query)).toEqual(expected);
  });

  it.each([
    `filter=${BADGE}:hidden sw "z"`,
    `filter=${BADGE}:secret pr`,
    `filter=${BADGE}:holder.pin sw "1"`,
    `filter=${BADGE}:holder[pin sw "1"]`,
    `sortBy=${BADGE}:hidden`,
    `sortBy=${BADGE}:holder.pin`,
  ])('hides a value of "never" from %s', async (query) => {
    expect((await client.send('GET', `/Users?${query}`)).status).toBe(400);
  });
});
