/** The manager of a user, by id, by URL, or by both. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/scim/json.ts';
import { DATABASES } from '../support/directory/databases.ts';
import { idsFoundBy } from '../support/scim-server/found.ts';
import {
  type ScimClient,
  type ScimServer,
  startScimServer,
} from '../support/scim-server/server.ts';

const ENTERPRISE_URN = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const SOME_ID = '01934567-89ab-7cde-8f01-23456789abcd';
const OTHER_SERVER = 'https://scim.other.example/api/v1/acme/integrations/okta/scim/v2';

describe.each(DATABASES)('on %s', (_, open) => {
  let server: ScimServer;
  let client: ScimClient;
  beforeAll(async () => {
    server = await startScimServer({ open });
    client = await server.addIntegration();
  });
  afterAll(() => server.close());

  let count = 0;
  const createUser = async (more: JsonObject = {}) => {
    const created = await client.send('POST', '/Users', { userName: `user-${++count}`, ...more });
    expect(created.status, created.text).toBe(201);
    return created;
  };
  const patch = (path: string, ...Operations: readonly object[]) =>
    client.send('PATCH', path, { Operations });
  const read = async (path: string) => (await client.send('GET', path)).body;
  const managerOf = (body: JsonObject) => (body[ENTERPRISE_URN] as JsonObject | undefined)?.manager;
  const found = (path: string, filter: string) => idsFoundBy(client, path, filter);

  it('the URL of a manager is in every response, and a filter finds it', async () => {
    const boss = await createUser();
    const $ref = (boss.body.meta as JsonObject).location;
    const manager = { value: boss.id, $ref };
    const created = await createUser({ [ENTERPRISE_URN]: { manager: { value: boss.id } } });
    const path = `/Users/${created.id}`;
    const answers = [
      created.body,
      await read(path),
      ((await read(`/Users?filter=id eq "${created.id}"`)).Resources as JsonObject[])[0] ?? {},
      (await patch(path, { op: 'add', path: 'title', value: 'Dr' })).body,
      await read(`${path}?attributes=${ENTERPRISE_URN}`),
      await read(`${path}?attributes=manager`),
    ];
    for (const body of answers) expect(managerOf(body)).toEqual(manager);
    expect(managerOf(await read(`${path}?excludedAttributes=${ENTERPRISE_URN}`))).toBeUndefined();
    const filter = `${ENTERPRISE_URN}:manager.$ref eq "${$ref}"`;
    expect(await found('/Users', filter)).toEqual([created.id]);

    const before = await client.send('GET', path);
    const tag = before.headers.get('etag') ?? '';
    const put = await client.send('PUT', path, before.body, { headers: { 'if-match': tag } });
    expect(put.body).toEqual(before.body);
    const known = { headers: { 'if-none-match': tag } };
    expect((await client.send('GET', path, undefined, known)).status).toBe(304);

    // A reference may lead to 404 (RFC 7643 §2.3.7). What a filter finds doesn't depend on others.
    await client.send('DELETE', `/Users/${boss.id}`);
    expect((await client.send('GET', path, undefined, known)).status).toBe(304);
    expect(await found('/Users', filter)).toEqual([created.id]);
  });

  it.each<[string, JsonObject]>([
    ['that is no id here', { value: 'nobody' }],
    ['that has the form of an id', { value: SOME_ID }],
    ['of another system, with a URL', { value: '7', $ref: `${OTHER_SERVER}/Users/7` }],
    ['that is missing beside a URL of another system', { $ref: `${OTHER_SERVER}/Users/7` }],
  ])(
    'a filter finds a manager by $ref if the response has one, for a value %s',
    async (_value, manager) => {
      const { id, body } = await createUser({ [ENTERPRISE_URN]: { manager } });
      const { $ref } = managerOf(body) as JsonObject;
      const ofUser = (filter: string) =>
        found('/Users', `userName eq "user-${count}" and ${filter}`);
      const shown = $ref === undefined ? [] : [id];
      expect(await ofUser(`${ENTERPRISE_URN}:manager.$ref pr`)).toEqual(shown);
      expect(await ofUser(`${ENTERPRISE_URN}:manager[$ref pr]`)).toEqual(shown);
      expect(await ofUser(`${ENTERPRISE_URN}:manager.$ref eq "${$ref}"`)).toEqual(shown);
      const Operations = [{ op: 'remove', path: `${ENTERPRISE_URN}:manager[$ref pr]` }];
      const { body: after } = await client.send('PATCH', `/Users/${id}`, { Operations });
      expect(managerOf(after)).toEqual($ref === undefined ? manager : undefined);
    },
  );

  it.each<[string, (id: string, url: string) => JsonObject]>([
    ['absolute', (value, $ref) => ({ value, $ref })],
    ['relative', (value) => ({ value, $ref: `../Users/${value}` })],
    ['without a $ref', (value) => ({ value })],
    ['with a $ref that is null', (value) => ({ value, $ref: null })],
  ])('a manager may be sent in any form without a change: %s', async (_form, sent) => {
    const boss = await createUser();
    const url = String((boss.body.meta as JsonObject).location);
    const { id, body } = await createUser({ [ENTERPRISE_URN]: { manager: sent(boss.id, url) } });
    expect(managerOf(body)).toEqual({ value: boss.id, $ref: url });
    const value = sent(boss.id, url);
    const again = await patch(`/Users/${id}`, {
      op: 'replace',
      path: `${ENTERPRISE_URN}:manager`,
      value,
    });
    expect(again.body).toEqual(body);
  });

  describe('the manager whom a request names', () => {
    /** Of another server of the same kind. */
    const ELSEWHERE = `${OTHER_SERVER}/Users/${SOME_ID}`;
    const OF_PATH = `${ENTERPRISE_URN}:manager`;
    interface Parties {
      readonly x: string;
      readonly y: string;
      readonly ofY: string;
    }
    type Write = (ids: Parties) => JsonObject | readonly object[];
    type Expected = (ids: Parties) => JsonObject | undefined;

    /** What a PUT with the manager, or a PATCH with the operations, leaves of the manager. */
    const write = async (before: JsonObject, ids: Parties, how: Write) => {
      const { id, body } = await createUser({ [ENTERPRISE_URN]: { manager: before } });
      const path = `/Users/${id}`;
      const sent = how(ids);
      const once = () =>
        Array.isArray(sent)
          ? patch(path, ...sent)
          : client.send('PUT', path, { ...body, [ENTERPRISE_URN]: { manager: sent } });
      const [first, second] = [await once(), await once()];
      expect(first.status, first.text).toBe(200);
      expect(second.body).toEqual(first.body);
      expect(await read(path)).toEqual(first.body);
      return managerOf(first.body);
    };
    const parties = async () => {
      const [a, b, c] = [await createUser(), await createUser(), await createUser()];
      const urlOf = ({ body }: typeof a) => String((body.meta as JsonObject).location);
      return {
        ids: { x: b.id, y: c.id, ofY: urlOf(c) },
        stored: [
          { value: a.id },
          { value: b.id },
          { value: c.id },
          { value: a.id, $ref: ELSEWHERE },
          { $ref: ELSEWHERE },
        ],
        shown: (manager: JsonObject | undefined) => {
          const known = [a, b, c].find(({ id }) => id === manager?.value);
          if (known === undefined || manager?.$ref !== undefined) return manager;
          return { ...manager, $ref: urlOf(known) };
        },
      };
    };
    const RELATIVE = ['../Users/', 'Users/', '/Users/', '/scim/v2/Users/', './Users/'];
    const named =
      (...subs: readonly (readonly [string, (ids: Parties) => string | null])[]): Write =>
      (ids) =>
        subs.map(([sub, value]) => ({
          op: 'replace',
          path: `${OF_PATH}.${sub}`,
          value: value(ids),
        }));

    it.each<[string, Write, Expected]>([
      ['PUT: value and $ref', ({ x, ofY }) => ({ value: x, $ref: ofY }), ({ x }) => ({ value: x })],
      ['PUT: value', ({ x }) => ({ value: x }), ({ x }) => ({ value: x })],
      ['PUT: $ref', ({ ofY }) => ({ $ref: ofY }), ({ y }) => ({ value: y })],
      ...RELATIVE.map((prefix): [string, Write, Expected] => [
        `PUT: relative $ref, ${prefix}…`,
        ({ y }) => ({ $ref: `${prefix}${y}` }),
        ({ y }) => ({ value: y }),
      ]),
      ...RELATIVE.map((prefix): [string, Write, Expected] => [
        `PATCH: relative $ref, ${prefix}…`,
        named(['$ref', ({ y }) => `${prefix}${y}`]),
        ({ y }) => ({ value: y }),
      ]),
      [
        'PUT: a $ref of a host without a scheme',
        ({ y }) => ({ $ref: `//scim.other.example/scim/v2/Users/${y}` }),
        ({ y }) => ({ $ref: `//scim.other.example/scim/v2/Users/${y}` }),
      ],
      [
        'PUT: the host of the $ref in capitals',
        ({ ofY }) => ({ $ref: ofY.replace('https://scim.', 'HTTPS://SCIM.') }),
        ({ y }) => ({ value: y }),
      ],
      [
        'PATCH: a $ref of another system',
        named(['$ref', () => `${ELSEWHERE}?a`]),
        () => ({ $ref: `${ELSEWHERE}?a` }),
      ],
      [
        'PATCH: the manager by a $ref of another system',
        () => [{ op: 'add', path: OF_PATH, value: { $ref: OTHER_SERVER } }],
        () => ({ $ref: OTHER_SERVER }),
      ],
      [
        'PUT: value and a $ref of another system',
        ({ x }) => ({ value: x, $ref: ELSEWHERE }),
        ({ x }) => ({ value: x, $ref: ELSEWHERE }),
      ],
      ['PUT: a $ref of another system', () => ({ $ref: ELSEWHERE }), () => ({ $ref: ELSEWHERE })],
      [
        'PUT: a $ref with a query',
        ({ y }) => ({ $ref: `../Users/${y}?a=b` }),
        ({ y }) => ({ $ref: `../Users/${y}?a=b` }),
      ],
      ['PUT: null and $ref', ({ ofY }) => ({ value: null, $ref: ofY }), () => undefined],
      ['PUT: "" and $ref', ({ ofY }) => ({ value: '', $ref: ofY }), () => undefined],
      [
        'PATCH: the manager by value and $ref',
        ({ x, ofY }) => [{ op: 'replace', path: OF_PATH, value: { value: x, $ref: ofY } }],
        ({ x }) => ({ value: x }),
      ],
      [
        'PATCH: the manager by $ref',
        ({ ofY }) => [{ op: 'add', path: OF_PATH, value: { $ref: ofY } }],
        ({ y }) => ({ value: y }),
      ],
      [
        'PATCH: [Entra] the manager in a list, by $ref',
        ({ y }) => [{ op: 'Add', path: OF_PATH, value: [{ $ref: `../Users/${y}` }] }],
        ({ y }) => ({ value: y }),
      ],
      [
        'PATCH: [Entra] the manager in a list, by value and $ref',
        ({ x, y }) => [
          { op: 'Add', path: 'manager', value: [{ $ref: `../Users/${y}`, value: x }] },
        ],
        ({ x }) => ({ value: x }),
      ],
      [
        'PATCH without a path: value and $ref',
        ({ x, ofY }) => [
          { op: 'add', value: { [`${OF_PATH}.value`]: x, [`${OF_PATH}.$ref`]: ofY } },
        ],
        ({ x }) => ({ value: x }),
      ],
      [
        'PATCH without a path: $ref',
        ({ ofY }) => [{ op: 'add', value: { [ENTERPRISE_URN]: { manager: { $ref: ofY } } } }],
        ({ y }) => ({ value: y }),
      ],
      ['PATCH: $ref', named(['$ref', ({ ofY }) => ofY]), ({ y }) => ({ value: y })],
      [
        'PATCH: value, then $ref',
        named(['value', ({ x }) => x], ['$ref', ({ ofY }) => ofY]),
        ({ x }) => ({ value: x }),
      ],
      [
        'PATCH: $ref, then value',
        named(['$ref', ({ ofY }) => ofY], ['value', ({ x }) => x]),
        ({ x }) => ({ value: x }),
      ],
      [
        'PATCH: a $ref of another system, then value',
        named(['$ref', () => ELSEWHERE], ['value', ({ x }) => x]),
        ({ x }) => ({ value: x, $ref: ELSEWHERE }),
      ],
      [
        'PATCH: null, then $ref',
        named(['value', () => null], ['$ref', ({ ofY }) => ofY]),
        () => undefined,
      ],
      [
        'PATCH: the manager by null and $ref',
        ({ ofY }) => [{ op: 'replace', path: OF_PATH, value: { value: null, $ref: ofY } }],
        () => undefined,
      ],
      ['PATCH: null', named(['value', () => null]), () => undefined],
      [
        'PATCH: null, then a $ref of another system',
        named(['value', () => null], ['$ref', () => ELSEWHERE]),
        () => undefined,
      ],
      [
        'PATCH: the manager by ""',
        () => [{ op: 'replace', path: OF_PATH, value: { value: '' } }],
        () => undefined,
      ],
      ['PUT: $ref ""', () => ({ $ref: '' }), () => undefined],
      [
        'PATCH: the manager by value and $ref ""',
        ({ x }) => [{ op: 'replace', path: OF_PATH, value: { value: x, $ref: '' } }],
        ({ x }) => ({ value: x }),
      ],
      [
        'PATCH: value removed, then $ref',
        ({ ofY }) => [
          { op: 'remove', path: `${OF_PATH}.value` },
          { op: 'add', path: `${OF_PATH}.$ref`, value: ofY },
        ],
        ({ y }) => ({ value: y }),
      ],
      [
        'PATCH: removed, then $ref',
        ({ x, ofY }) => [
          { op: 'add', path: `${OF_PATH}.value`, value: x },
          { op: 'remove', path: OF_PATH },
          { op: 'add', path: `${OF_PATH}.$ref`, value: ofY },
        ],
        ({ y }) => ({ value: y }),
      ],
    ])('is the same one whatever was stored, however often: %s', async (_form, how, expected) => {
      const { ids, stored, shown } = await parties();
      for (const before of stored) {
        expect(await write(before, ids, how)).toEqual(shown(expected(ids)));
      }
    });

    it('has no $ref of the previous one after a PATCH of the value alone', async () => {
      const { ids, shown } = await parties();
      const elsewhere = { value: 'old', $ref: ELSEWHERE };
      const next = named(['value', ({ x }) => x]);
      for (const before of [elsewhere, { $ref: ELSEWHERE }]) {
        expect(await write(before, ids, next)).toEqual(shown({ value: ids.x }));
      }
      expect(await write(elsewhere, ids, named(['value', () => 'old']))).toEqual(elsewhere);
      expect(await write(elsewhere, ids, named(['$ref', () => '']))).toEqual({ value: 'old' });
      const unmatched = { op: 'remove', path: `${OF_PATH}[value eq "nobody"].$ref` };
      const withRemoval: Write = (all) => [...(next(all) as object[]), unmatched];
      expect(await write(elsewhere, ids, withRemoval)).toEqual(shown({ value: ids.x }));
    });

    it('in the path of a PATCH finds the manager as it was read', async () => {
      const { ids } = await parties();
      const { id } = await createUser({ [ENTERPRISE_URN]: { manager: { value: ids.y } } });
      const selected = (url: string) => `${OF_PATH}[$ref eq "${url}"]`;
      const replace = { op: 'replace', path: `${selected(ids.ofY)}.value`, value: ids.x };
      expect((await patch(`/Users/${id}`, replace)).status).toBe(200);
      expect(managerOf(await read(`/Users/${id}`))).toMatchObject({ value: ids.x });
      const path = selected(`../Users/${ids.x}`);
      expect((await patch(`/Users/${id}`, { op: 'remove', path })).status).toBe(200);
      expect(managerOf(await read(`/Users/${id}`))).toBeUndefined();
    });

    it('finds the user by the manager whom it names', async () => {
      const { ids } = await parties();
      const { id } = await createUser({ [ENTERPRISE_URN]: { manager: { value: ids.x } } });
      await patch(`/Users/${id}`, ...(named(['$ref', ({ ofY }) => ofY])(ids) as object[]));
      expect(await found('/Users', `${OF_PATH}.value eq "${ids.y}"`)).toEqual([id]);
      expect(await found('/Users', `${OF_PATH}.value eq "${ids.x}"`)).toEqual([]);
    });
  });

  it.each<[string, (url: string, id: string) => string]>([
    ['absolute', (url) => url],
    ['relative', (_url, id) => `../Users/${id}`],
  ])('the URL of a manager is enough, %s', async (_form, $ref) => {
    const boss = await createUser();
    const url = String((boss.body.meta as JsonObject).location);
    const manager = { $ref: $ref(url, boss.id) };
    const { body } = await createUser({ [ENTERPRISE_URN]: { manager } });
    expect(managerOf(body)).toEqual({ value: boss.id, $ref: url });
  });

  it('a reference to an unknown manager, or to another system, is kept as sent', async () => {
    const boss = await createUser();
    const elsewhere = { value: boss.id, $ref: 'https://hr.example.com/people/7' };
    const $ref = 'https://idp.other.example/scim/v2/Users/42';
    for (const manager of [{ value: 'nobody' }, elsewhere, { $ref }, { value: '42', $ref }]) {
      const { id, body } = await createUser({ [ENTERPRISE_URN]: { manager } });
      expect(managerOf(body)).toEqual(manager);
      expect(managerOf(await read(`/Users/${id}`))).toEqual(manager);
    }
  });
});
