/**
 * A client can filter by, follow and send back what it reads: versions, references, empty lists and
 * qualified names.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Store } from '../../src/directory/store/store.ts';
import type { JsonObject } from '../../src/scim/json.ts';
import { DATABASES } from '../support/directory/databases.ts';
import { idsFoundBy } from '../support/scim-server/found.ts';
import {
  type ScimAnswer,
  type ScimClient,
  type ScimServer,
  startScimServer,
} from '../support/scim-server/server.ts';

const USER_URN = 'urn:ietf:params:scim:schemas:core:2.0:User';
const GROUP_URN = 'urn:ietf:params:scim:schemas:core:2.0:Group';
const ENTERPRISE_URN = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

describe.each(DATABASES)('on %s', (_, open) => {
  let server: ScimServer;
  let client: ScimClient;
  beforeAll(async () => {
    const wrap = (store: Store) => {
      const get: Store['users']['get'] = async (...of) => {
        await beforeRead();
        return store.users.get(...of);
      };
      return { ...store, users: { ...store.users, get } };
    };
    server = await startScimServer({ open, wrap });
    client = await server.addIntegration();
  });
  afterAll(() => server.close());

  let beforeRead = async (): Promise<void> => undefined;
  let count = 0;
  const createUser = async (more: JsonObject = {}) => {
    const created = await client.send('POST', '/Users', { userName: `user-${++count}`, ...more });
    expect(created.status, created.text).toBe(201);
    return created;
  };
  const createGroup = (more: JsonObject = {}) =>
    client.send('POST', '/Groups', { displayName: `group-${++count}`, ...more });
  const patch = (path: string, ...Operations: readonly object[]) =>
    client.send('PATCH', path, { Operations });
  const read = async (path: string) => (await client.send('GET', path)).body;
  const found = (path: string, filter: string) => idsFoundBy(client, path, filter);

  describe('a version', () => {
    it('finds the resource when it is sent back as read, with or without a digest', async () => {
      const alone = await createUser();
      const member = await createUser();
      const group = await createGroup({ members: [{ value: member.id }] });
      await patch(`/Users/${member.id}`, { op: 'add', path: 'title', value: 'Dr' });
      const { version } = (await read(`/Users/${member.id}`)).meta as { version: string };
      expect(version).toMatch(/^W\/"2\.\w+"$/);
      const has = (tag: string, operator = 'eq') =>
        found('/Users', `meta.version ${operator} ${JSON.stringify(tag)}`);
      for (const tag of [version, 'W/"2"', '"2"', 'W/"2.another"']) {
        expect([tag, await has(tag)]).toEqual([tag, [member.id]]);
        const inBrackets = `meta[version eq ${JSON.stringify(tag)}] and id eq "${member.id}"`;
        expect(await found('/Users', inBrackets)).toEqual([member.id]);
        const others = await has(tag, 'ne');
        expect(others).toContain(alone.id);
        expect(others).not.toContain(member.id);
      }
      expect(await found('/Users', `meta.version pr and id eq "${member.id}"`)).toHaveLength(1);
      expect(await has('W/"3"')).toEqual([]);
      expect(await has('2')).toEqual([]);
      const ofGroup = (group.body.meta as JsonObject).version;
      const filter = `meta.version eq ${JSON.stringify(ofGroup)} and id eq "${group.id}"`;
      expect(await found('/Groups', filter)).toEqual([group.id]);
    });
  });

  describe('a user after a write', () => {
    const QUERIES = [
      '',
      '?attributes=userName,meta',
      '?attributes=groups.value,meta',
      '?attributes=manager,meta',
      '?excludedAttributes=groups',
      '?excludedAttributes=userName',
    ];
    /** The response is the same as that of a read, which its ETag makes needless. */
    const expectAsRead = async ({ status, body, headers }: ScimAnswer, path: string) => {
      expect(status).toBeLessThan(300);
      const tag = headers.get('etag') ?? '';
      const known = { headers: { 'if-none-match': tag } };
      const again = await client.send('GET', path);
      expect([path, body, tag]).toEqual([path, again.body, again.headers.get('etag')]);
      expect((await client.send('GET', path, undefined, known)).status).toBe(304);
    };

    it.each(QUERIES)('who is created is as in a read: %s', async (query) => {
      const manager = { value: (await createUser()).id };
      const sent = { userName: `user-${++count}`, [ENTERPRISE_URN]: { manager } };
      const answer = await client.send('POST', `/Users${query}`, sent);
      await expectAsRead(answer, `/Users/${answer.id}${query}`);
    });

    it.each(QUERIES)('who is changed is as in a read, whatever the groups: %s', async (query) => {
      const manager = { value: (await createUser()).id };
      const { id, body } = await createUser({ [ENTERPRISE_URN]: { manager } });
      const path = `/Users/${id}${query}`;
      const expectChangesAsRead = async () => {
        const put = { ...body, title: `title ${++count}` };
        for (const _ of ['changed', 'the same'])
          await expectAsRead(await client.send('PUT', path, put), path);
        const operation = { op: 'add', path: 'title', value: `title ${++count}` };
        for (const _ of ['changed', 'the same'])
          await expectAsRead(await patch(path, operation), path);
      };
      const groups: string[] = [];
      const join = async (many: number) => {
        const members = [{ value: id }];
        for (let n = 0; n < many; n++) groups.push((await createGroup({ members })).id);
      };
      await expectChangesAsRead();
      await join(2);
      await expectChangesAsRead();
      const above = await createGroup({ members: [{ value: groups[0] ?? '' }] });
      await expectChangesAsRead();
      await client.send('DELETE', `/Groups/${above.id}`);
      await join(60);
      await expectChangesAsRead();
    });

    it('is as the request has written it, although somebody else writes right after it', async () => {
      const { id } = await createUser();
      const path = `/Users/${id}`;
      const members = [{ value: id }];
      for (let groups = 0; groups < 30; groups++) await createGroup({ members });
      const others = ['PATCH', 'PUT'].map((method) => ({ method, title: `${method} of others` }));
      for (const { method, title } of others) {
        const own = { op: 'replace', path: 'title', value: `own ${method}` };
        beforeRead = async () => {
          beforeRead = async () => undefined;
          await patch(path, { op: 'replace', path: 'title', value: title });
        };
        const body =
          method === 'PATCH'
            ? { Operations: [own] }
            : { userName: `user-${count}-put`, title: own.value };
        const answer = await client.send(method, path, body);
        expect(answer.body).toMatchObject({ title: own.value });
        expect(answer.body.groups).toHaveLength(30);
        expect(await read(path)).toMatchObject({ title });
        // A client that goes on from its own response doesn't overwrite what it hasn't seen.
        const headers = { 'if-match': answer.headers.get('etag') ?? '' };
        expect((await client.send(method, path, body, { headers })).status).toBe(412);
      }
    });
  });

  describe('a reference', () => {
    it('is the URL of the resource, and a filter accepts each of its forms', async () => {
      const user = await createUser();
      const inner = await createGroup({ members: [{ value: user.id }] });
      const outer = await createGroup({ members: [{ value: inner.id }] });
      const [innerUrl, outerUrl] = [inner, outer].map(({ body }) => body.meta as JsonObject);
      expect((await read(`/Users/${user.id}`)).groups).toMatchObject(
        [innerUrl, outerUrl].map((meta) => ({ $ref: meta?.location })),
      );
      const userUrl = (user.body.meta as JsonObject).location;
      expect(inner.body.members).toEqual([{ value: user.id, type: 'User', $ref: userUrl }]);
      expect((await read(`/Groups?filter=id eq "${inner.id}"`)).Resources).toEqual([inner.body]);
      for (const url of [userUrl, `../Users/${user.id}`, `Users/${user.id}`]) {
        for (const operator of ['eq', 'ew']) {
          const filter = `members.$ref ${operator} "${url}"`;
          expect([filter, await found('/Groups', filter)]).toEqual([filter, [inner.id]]);
        }
        expect(await found('/Groups', `members[$ref eq "${url}"]`)).toEqual([inner.id]);
      }
      expect(await found('/Users', `groups.$ref eq "${outerUrl?.location}"`)).toEqual([user.id]);
      for (const operator of ['sw', 'co', 'gt']) {
        const filter = encodeURIComponent(`members.$ref ${operator} "https://scim"`);
        expect(await read(`/Groups?filter=${filter}`)).toMatchObject({
          status: '400',
          scimType: 'invalidFilter',
        });
      }
      const answer = await patch(`/Groups/${inner.id}`, {
        op: 'remove',
        path: `members[$ref eq "${userUrl}"]`,
      });
      expect(answer.status).toBe(204);
      expect((await read(`/Groups/${inner.id}`)).members).toEqual([]);
    });
  });

  describe('an empty group', () => {
    it('has an empty list of members, unless members are excluded', async () => {
      const { id, body } = await createGroup();
      const path = `/Groups/${id}`;
      const whole = [
        body,
        await read(path),
        ((await read(`/Groups?filter=id eq "${id}"`)).Resources as JsonObject[])[0] ?? {},
        (await client.send('PUT', path, body)).body,
        await read(`${path}?attributes=members`),
        await read(`${path}?attributes=members.value`),
        await read(`${path}?attributes=${GROUP_URN}`),
        await read(`${path}?excludedAttributes=displayName`),
        (
          await client.send('PATCH', `${path}?attributes=members`, {
            Operations: [{ op: 'remove', path: 'members' }],
          })
        ).body,
      ];
      for (const each of whole) expect(each.members).toEqual([]);
      for (const query of [
        'excludedAttributes=members',
        'attributes=displayName',
        'attributes=id',
      ]) {
        expect(await read(`${path}?${query}`)).not.toHaveProperty('members');
        const [listed] = (await read(`/Groups?filter=id eq "${id}"&${query}`))
          .Resources as JsonObject[];
        expect(listed).not.toHaveProperty('members');
      }
      expect((await read(path)).meta).toMatchObject({ version: 'W/"1"' });
    });
  });

  describe('a name', () => {
    it('of a schema stands for its attributes, and repeated lists are merged', async () => {
      const { id } = await createUser({ title: 'Dr', [ENTERPRISE_URN]: { department: 'Maths' } });
      const keysOf = async (query: string) =>
        Object.keys(await read(`/Users/${id}?${query}`)).sort();
      const always = ['id', 'schemas'];
      const core = [...always, 'active', 'meta', 'title', 'userName'];
      expect(await keysOf(`attributes=${USER_URN}`)).toEqual(core.sort());
      expect(await keysOf(`attributes=${USER_URN},${ENTERPRISE_URN}`)).toEqual(
        [...core, ENTERPRISE_URN].sort(),
      );
      expect(await keysOf(`excludedAttributes=${USER_URN}`)).toEqual(
        [...always, ENTERPRISE_URN].sort(),
      );
      expect(await keysOf('attributes=title&attributes=userName')).toEqual(
        [...always, 'title', 'userName'].sort(),
      );
      expect(await keysOf('excludedAttributes=title&excludedAttributes=meta,userName')).toEqual(
        [...always, 'active', ENTERPRISE_URN].sort(),
      );
      const filter = `id eq "${id}"`;
      for (const attributes of [['title,userName'], ['title', ' userName'], 'title,userName']) {
        const { body } = await client.send('POST', '/Users/.search', { filter, attributes });
        const [user = {}] = body.Resources as JsonObject[];
        expect(Object.keys(user).sort()).toEqual([...always, 'title', 'userName'].sort());
      }
    });

    it.each(['filter', 'sortBy', 'count', 'startIndex', 'cursor'])(
      'of a parameter is refused if it occurs twice with two values: %s',
      async (name) => {
        const value = { filter: 'title pr', sortBy: 'title' }[name] ?? '1';
        const other = { filter: 'active eq true', sortBy: 'id' }[name] ?? '2';
        expect(await read(`/Users?${name}=${value}&${name}=${other}`)).toMatchObject({
          status: '400',
          scimType: 'invalidValue',
          detail: `${name} is given more than once`,
        });
        if (name === 'cursor') return;
        expect(await read(`/Users?${name}=${value}&${name}=${value}`)).toHaveProperty('Resources');
      },
    );

    it('[ConnId] may follow its URN after a dot wherever a path is accepted', async () => {
      const department = `department-${++count}`;
      const created = await createUser({ [`${ENTERPRISE_URN}.department`]: department });
      const path = `/Users/${created.id}`;
      expect(created.body[ENTERPRISE_URN]).toEqual({ department });
      expect(created.body.schemas).toEqual([USER_URN, ENTERPRISE_URN]);
      expect(await found('/Users', `${ENTERPRISE_URN}.department eq "${department}"`)).toEqual([
        created.id,
      ]);
      const only = await read(
        `${path}?attributes=${ENTERPRISE_URN}.department,${USER_URN}.userName`,
      );
      expect(Object.keys(only).sort()).toEqual(
        ['id', 'schemas', ENTERPRISE_URN, 'userName'].sort(),
      );
      expect(await read(`/Users?sortBy=${ENTERPRISE_URN}.department`)).toHaveProperty('Resources');
      for (const [operation, expected] of [
        [{ op: 'replace', path: `${ENTERPRISE_URN}.department`, value: 'b' }, { department: 'b' }],
        [{ op: 'replace', value: { [`${ENTERPRISE_URN}.department`]: 'c' } }, { department: 'c' }],
        [
          { op: 'add', path: `${ENTERPRISE_URN}.manager.value`, value: 'm' },
          { department: 'c', manager: { value: 'm' } },
        ],
        [{ op: 'remove', path: `${ENTERPRISE_URN}.manager` }, { department: 'c' }],
      ] as const) {
        expect((await patch(path, operation)).body[ENTERPRISE_URN]).toEqual(expected);
      }
      const put = { userName: created.body.userName ?? null, [`${ENTERPRISE_URN}.division`]: 'd' };
      expect((await client.send('PUT', path, put)).body[ENTERPRISE_URN]).toEqual({ division: 'd' });
    });
  });

  describe('a value that is sent twice', () => {
    const twice = [
      { value: 'a@example.com', type: 'work', primary: true },
      { value: 'b@example.com', type: 'work' },
      { value: 'A@example.com', type: 'WORK', display: 'Ada' },
      { value: 'a@example.com', type: 'home', primary: true },
    ];
    const once = [
      { value: 'A@example.com', type: 'WORK', display: 'Ada', primary: false },
      { value: 'b@example.com', type: 'work' },
      { value: 'a@example.com', type: 'home', primary: true },
    ];

    it('is kept once, as sent last, in every kind of write', async () => {
      const created = await createUser({ emails: twice });
      expect(created.body.emails).toEqual(once);
      const path = `/Users/${created.id}`;
      const writes = [
        () => client.send('PUT', path, { ...created.body, emails: twice }),
        () => patch(path, { op: 'replace', path: 'emails', value: twice }),
        () => patch(path, { op: 'replace', value: { emails: twice } }),
      ];
      for (const write of writes) expect((await write()).body).toEqual(created.body);
      const bare = await createUser();
      const added = await patch(`/Users/${bare.id}`, { op: 'add', path: 'emails', value: twice });
      expect(added.body.emails).toEqual(once);
      const [roles] = [['admin', { value: 'ADMIN' }, { value: 'admin', type: 'x' }]];
      const other = await createUser({ roles });
      expect(other.body.roles).toEqual([{ value: 'ADMIN' }, { value: 'admin', type: 'x' }]);
    });

    it('is kept once if a path sets it in two elements', async () => {
      const emails = [
        { value: 'a@example.com', type: 'work', primary: true },
        { value: 'b@example.com', type: 'work' },
        { value: 'c@example.com', type: 'home' },
      ];
      const { id } = await createUser({ emails });
      const operation = { op: 'replace', path: 'emails[type eq "work"].value', value: 'x@y.z' };
      const changed = await patch(`/Users/${id}`, operation);
      const [, , home] = emails;
      expect(changed.body.emails).toEqual([{ value: 'x@y.z', type: 'work', primary: true }, home]);
      expect((await patch(`/Users/${id}`, operation)).body).toEqual(changed.body);
      const typed = { op: 'replace', path: 'emails.type', value: 'work' };
      const same = { op: 'replace', path: 'emails.value', value: 'x@y.z' };
      expect((await patch(`/Users/${id}`, typed, same)).body.emails).toEqual([
        { value: 'x@y.z', type: 'work', primary: true },
      ]);
    });
  });
});
